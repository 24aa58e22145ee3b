// A slider for each joint: the ghost follows it at once, the arm once it is let go.

import { make } from "../dom.js";

const DEGREES = 180 / Math.PI;
const SETTLE_MS = 450;

export class Joints {
  #rows = [];
  #held = false;

  /**
   * @param {HTMLElement} place
   * @param {{name: string, lower: number, upper: number}[]} joints positions in rad
   * @param {{onTry: (positions: number[]) => void, onWish: (positions: number[]) => void}} listeners
   */
  constructor(place, joints, listeners) {
    this.listeners = listeners;
    this.#rows = joints.map((joint) => this.#row(joint));
    place.replaceChildren(...this.#rows.map((row) => row.element));
  }

  /** Show where the joints are, unless a hand is on a slider. */
  show(names, positions) {
    if (this.#held) return;
    for (const row of this.#rows) {
      const position = positions[names.indexOf(row.name)];
      if (position !== undefined && !(Math.abs(position - row.shown) < 5e-4)) this.#set(row, position);
    }
  }

  /** Follow the robot again. */
  release() {
    clearTimeout(this.timer);
    this.#held = false;
  }

  disable(disabled) {
    for (const { slider } of this.#rows) slider.disabled = disabled;
  }

  #row({ name, lower, upper }) {
    const label = name.replace("_", " ").replace(/^j/, "J");
    const row = { name, shown: NaN };
    row.value = make("output", {});
    row.slider = make("input", { type: "range", min: lower, max: upper, step: 0.001, "aria-label": label });
    row.slider.addEventListener("input", () => this.#drag(row));
    row.slider.addEventListener("change", () => this.#settle());
    row.element = make(
      "label",
      { class: "joint" },
      make("span", { class: "joint-name" }, label),
      make("span", { class: "joint-limit" }, degrees(lower)),
      row.slider,
      make("span", { class: "joint-limit" }, degrees(upper)),
      row.value,
    );
    return row;
  }

  #set(row, position) {
    row.shown = position;
    row.slider.value = String(position);
    this.#describe(row, position);
  }

  #describe(row, position) {
    row.value.textContent = `${position.toFixed(2).replace("-", "\u2212")} rad`;
    row.slider.setAttribute("aria-valuetext", `${position.toFixed(2)} rad, ${Math.round(position * DEGREES)} degrees`);
  }

  #drag(row) {
    this.#held = true;
    clearTimeout(this.timer);
    row.shown = Number(row.slider.value);
    this.#describe(row, row.shown);
    this.listeners.onTry(this.#positions());
  }

  // With the keyboard every step is a change: wait until the steps end.
  #settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.listeners.onWish(this.#positions()), SETTLE_MS);
  }

  #positions() {
    return this.#rows.map(({ slider }) => Number(slider.value));
  }
}

function degrees(radians) {
  return `${Math.round(radians * DEGREES)}°`.replace("-", "\u2212");
}
