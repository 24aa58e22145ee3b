// One question and its answer on the page.

import { joinTrail, make } from "./dom.js";
import { render } from "./markdown.js";
import { copyText } from "./clipboard.js";
import { problemElement } from "./problem.js";

const ANSWERERS = { extractive: "quoted from the book", generative: "written by a model, checked against the book" };

const NOT_ANSWERED = "The book does not answer this question.";

export class Exchange {
  #text = "";
  #citations = [];
  #frame = 0;

  /**
   * @param {string} question
   * @param {(place: object) => void} onOpen called with a citation or a near section
   */
  constructor(question, onOpen) {
    this.onOpen = onOpen;
    this.question = question;
    this.body = make("div", { class: "answer prose", "aria-busy": "true" });
    this.status = make("p", { class: "working" }, "Looking in the book");
    this.after = make("div", { class: "after" });
    this.element = make(
      "article",
      { class: "exchange", "aria-label": `Question: ${question}` },
      make("h2", { class: "asked" }, question),
      this.status,
      this.body,
      this.after,
    );
  }

  /** Take in one event of the stream. */
  take(name, data) {
    if (name === "token") this.#text += data.text;
    else if (name === "citation") this.#citations[data.number - 1] = data.citation;
    else if (name === "done") return this.#finish(data);
    else return undefined;
    this.status.remove();
    // Many tokens may arrive within one frame of the screen.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#renderAnswer();
    });
    return undefined;
  }

  /** Show that the reader stopped the answer. */
  stopped() {
    this.#settle();
    this.#renderAnswer();
    this.after.replaceChildren(make("p", { class: "remark" }, "Stopped."));
  }

  /** Show what went wrong instead of an answer. */
  failed(problem, onRetry) {
    this.#settle();
    const again = make("button", { type: "button", class: "quiet", onclick: onRetry }, "Try again");
    this.after.replaceChildren(problemElement(problem, again));
  }

  #finish(answer) {
    // Its text repeats the nearest sections for those who see no cards.
    this.#text = answer.near.length ? NOT_ANSWERED : answer.answer;
    this.#citations = answer.citations;
    this.#settle();
    this.#renderAnswer();
    this.element.classList.toggle("unanswered", !answer.grounded);
    const parts = [];
    if (answer.notice) parts.push(noticeElement(answer));
    if (answer.citations.length) parts.push(this.#cards(answer.citations));
    if (answer.near.length) parts.push(this.#nearCards(answer.near));
    parts.push(this.#foot(answer));
    this.after.replaceChildren(...parts);
  }

  #settle() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.status.remove();
    this.body.setAttribute("aria-busy", "false");
  }

  #renderAnswer() {
    const rendered = render(this.#text, { citation: (number) => this.#citationMark(number) });
    for (const paragraph of rendered.querySelectorAll("p")) {
      paragraph.classList.toggle("only-refs", isOnlyReferences(paragraph));
    }
    this.body.replaceChildren(rendered);
  }

  #citationMark(number) {
    const citation = this.#citations[number - 1];
    if (!citation) return null;
    const label = `Source ${number}: ${joinTrail(citation.heading)}`;
    const button = make(
      "button",
      { type: "button", class: "ref", "aria-label": label, title: joinTrail(citation.heading), onclick: () => this.onOpen(citation) },
      String(number),
    );
    return make("sup", {}, button);
  }

  #cards(citations) {
    const cards = citations.map((citation, index) =>
      make(
        "li",
        { class: "card" },
        cardHead(citation, () => this.onOpen(citation), make("span", { class: "number", "aria-hidden": "true" }, String(index + 1))),
        make("blockquote", { class: "prose" }, render(citation.quote)),
      ),
    );
    return make("section", { class: "sources", "aria-label": "Sources" }, make("h3", {}, citations.length > 1 ? "Sources" : "Source"), make("ol", {}, ...cards));
  }

  #nearCards(near) {
    const cards = near.map((section) => make("li", { class: "card" }, cardHead(section, () => this.onOpen(section))));
    return make("section", { class: "sources", "aria-label": "Nearest sections" }, make("h3", {}, "Nearest sections"), make("ul", {}, ...cards));
  }

  #foot(answer) {
    const copy = make("button", { type: "button", class: "quiet" }, "Copy");
    copy.addEventListener("click", async () => {
      copy.textContent = (await copyText(asText(answer))) ? "Copied" : "Not copied";
    });
    const took = `${Math.round(answer.timings_ms.total ?? 0)} ms`;
    const how = answer.grounded ? `${ANSWERERS[answer.answerer]}, ${took}` : took;
    return make("p", { class: "foot" }, copy, make("span", {}, how));
  }
}

// The reference of a formula or a block of code stands in a paragraph of its own.
function isOnlyReferences(paragraph) {
  return [...paragraph.childNodes].every((node) => node.nodeName === "SUP" || !node.textContent.trim());
}

function cardHead(place, onOpen, ...before) {
  const [title, ...trail] = place.heading.length ? place.heading : [place.title];
  const label = `Relevance ${Math.round(place.score * 100)} %`;
  const relevance = make("span", { class: "relevance", role: "img", "aria-label": label, title: label });
  relevance.style.setProperty("--share", String(place.score));
  const above = trail.length ? [make("span", { class: "place-trail" }, joinTrail([title, ...trail.slice(0, -1)]))] : [];
  return make(
    "button",
    { type: "button", class: "card-head", onclick: onOpen },
    ...before,
    make("span", { class: "place" }, make("span", { class: "place-title" }, trail.at(-1) ?? title), ...above),
    relevance,
  );
}

function noticeElement({ notice, notice_code: code }) {
  return make("p", { class: "notice" }, notice, ...(code ? [" ", make("code", {}, code)] : []));
}

function asText({ question, answer, citations }) {
  const sources = citations.map((c, index) => `[${index + 1}] ${joinTrail(c.heading)} (${c.source}${c.anchor ? `#${c.anchor}` : ""})`);
  return [question, "", answer, "", ...sources].join("\n").trim();
}
