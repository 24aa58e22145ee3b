// The panel that shows a passage with its quoted part marked.

import { readPassage } from "./api.js";
import { joinTrail, make } from "./dom.js";
import { renderPassage } from "./quote.js";

const byId = (id) => document.getElementById(id);

export class PassagePanel {
  #dialog = byId("passage");
  #body = byId("passage-body");
  #loading = new AbortController();

  constructor() {
    byId("passage-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#loading.abort());
    // A click beside the panel lands on the dialog itself, which has no padding of its own.
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /** Show the passage of a citation (quote marked) or of a near section. */
  async open(place) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#describe(place);
    this.#body.replaceChildren(make("p", { class: "working" }, "Opening the passage"));
    if (!this.#dialog.open) this.#dialog.showModal();
    byId("passage-title").focus();
    try {
      const passage = await readPassage(place.passage_id, signal);
      this.#body.replaceChildren(renderPassage(passage, place.quote ? place : null));
      this.#showQuote();
    } catch (problem) {
      if (signal.aborted) return;
      this.#body.replaceChildren(
        make("div", { class: "problem", role: "alert" }, make("p", {}, problem.message), make("p", { class: "problem-ids" }, make("code", {}, problem.code ?? "")),
          make("button", { type: "button", class: "quiet", onclick: () => this.open(place) }, "Try again")),
      );
    }
  }

  #describe({ heading, title, source, anchor }) {
    byId("passage-title").textContent = heading.at(-1) ?? title;
    byId("passage-trail").textContent = joinTrail(heading.slice(0, -1));
    byId("passage-source").textContent = anchor ? `${source}#${anchor}` : source;
  }

  #showQuote() {
    const quoted = this.#body.querySelector("mark, .quoted");
    this.#body.scrollTop = 0;
    if (!quoted) return;
    const offset = quoted.getBoundingClientRect().top - this.#body.getBoundingClientRect().top;
    this.#body.scrollTop = Math.max(0, offset - this.#body.clientHeight / 3);
  }
}
