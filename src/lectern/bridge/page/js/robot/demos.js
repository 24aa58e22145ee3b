// The demos: a list to choose from, then one with its form and its result.

import { make, switchOff } from "../dom.js";
import { described, problemElement } from "../problem.js";
import { schemaForm } from "./form.js";
import { seedField } from "./seed.js";
import { resultElement } from "./result.js";
import { readDemos, runDemo } from "./robot-api.js";
import { findSection } from "./sections.js";
import { capital } from "./words.js";

export class Demos {
  #demos = [];
  #running = false;

  /**
   * @param {HTMLElement} place
   * @param {{passages: PassagePanel, status: Status, onRun: (running: boolean) => void, onPlay: (playback: object) => void}} parts
   */
  constructor(place, parts) {
    this.place = place;
    Object.assign(this, parts);
  }

  /** Read the list and show it. */
  async open() {
    try {
      this.#demos = (await readDemos()).demos;
      this.#list();
    } catch (error) {
      const again = make("button", { type: "button", class: "quiet", onclick: () => this.open() }, "Try again");
      this.place.replaceChildren(problemElement(described(error), again));
    }
  }

  /** Take up what the lost connection broke. */
  reconnected() {
    if (!this.#demos.length) this.open();
  }

  #list(focus = "") {
    const items = this.#demos.map((demo) => {
      const [title, ...rest] = demo.title.split(": ");
      const words = [make("span", { class: "demo-title" }, title), ...(rest.length ? [make("span", { class: "demo-more" }, capital(rest.join(": ")))] : [])];
      return make("li", {}, make("button", { type: "button", class: "demo", "data-demo": demo.name, onclick: () => this.#choose(demo) }, ...words));
    });
    this.place.replaceChildren(make("ul", { class: "demos", "aria-label": "Demos" }, ...items));
    this.place.querySelector(`[data-demo="${focus}"]`)?.focus();
  }

  #choose(demo) {
    const form = schemaForm(demo.parameters);
    const seed = seedField();
    form.element.append(seed.element);
    const run = make("button", { type: "submit", class: "primary" }, "Run");
    const after = make("div", { class: "after-run" });
    const back = make("button", { type: "button", class: "link back", onclick: () => !this.#running && this.#list(demo.name) }, "All demos");
    const heading = make("h3", { class: "demo-heading", tabindex: "-1" }, demo.title);
    const head = make("div", { class: "chosen-head" }, make("div", {}, heading, this.#section(demo)), run);
    const element = make("form", { class: "chosen", "data-demo": demo.name, novalidate: true }, back, head, form.element, after);
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run(demo, { parameters: form.values(), seed: seed.value() }, run, after);
    });
    this.place.replaceChildren(element);
    heading.focus({ preventScroll: true });
    this.#toTop();
  }

  #section({ section, section_title: title }) {
    const problem = make("span", { class: "field-hint", role: "status" });
    const open = async () => {
      try {
        const place = await findSection(section);
        problem.textContent = place ? "" : " This section is not in the index.";
        if (place) this.passages.open(place);
      } catch (error) {
        problem.textContent = ` ${described(error).message}`;
      }
    };
    const link = make("button", { type: "button", class: "link", onclick: open }, title);
    return make("p", { class: "demo-section" }, "In the book: ", link, problem);
  }

  async #run(demo, { parameters, seed }, button, after) {
    if (this.#running) return;
    this.#busy(button, true);
    after.replaceChildren(make("p", { class: "working", role: "status" }, "Running"));
    try {
      const run = await runDemo(demo.name, parameters, seed);
      const result = resultElement({ ...run, seed }, { onPlay: this.onPlay });
      after.replaceChildren(result);
      this.#reveal(result);
      this.status.say("Demo finished", true);
    } catch (error) {
      after.replaceChildren(problemElement(described(error)));
      this.#reveal(after);
      this.status.say("");
    } finally {
      this.#busy(button, false);
    }
  }

  #busy(button, busy) {
    this.#running = busy;
    switchOff(button, busy);
    button.textContent = busy ? "Running" : "Run";
    this.onRun(busy);
    if (busy) this.status.say("Running the demo");
  }

  #toTop() {
    if (scrolls(this.#panel)) this.#panel.scrollTop = 0;
    else scrollTo(0, 0);
  }

  get #panel() {
    return this.place.closest(".controls");
  }

  #reveal(element) {
    const panel = this.#panel;
    const scroll = () => {
      if (scrolls(panel)) panel.scrollTop += element.getBoundingClientRect().top - panel.getBoundingClientRect().top;
      else element.scrollIntoView({ block: "start" });
    };
    for (const image of element.querySelectorAll("img")) image.addEventListener("load", scroll, { once: true });
    scroll();
  }
}

// The panel scrolls by itself beside the chat, and with the window below it.
function scrolls(panel) {
  return getComputedStyle(panel).overflowY === "auto";
}
