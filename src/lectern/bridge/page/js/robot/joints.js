// A slider for each joint, in degrees: the ghost follows it at once, the arm once it is let go.

import { isOff, make, switchOff } from "../dom.js";
import { degrees } from "./words.js";

const DEGREES = 180 / Math.PI;
const STEP_DEG = 0.5;
// Limits that are whole degrees stay so in spite of rounding.
const ROUNDING_DEG = 1e-6;
const SETTLE_MS = 450;

export class Joints {
  #rows = [];
  #held = false;

  /**
   * @param {HTMLElement} place
   * @param {{name: string, lower: number, upper: number}[]} joints limits in rad
   * @param {{onTry: (positions: number[]) => void, onWish: (positions: number[]) => void}} listeners positions in rad
   */
  constructor(place, joints, listeners) {
    this.listeners = listeners;
    this.#rows = joints.map((joint) => this.#row(joint));
    place.replaceChildren(...this.#rows.map((row) => row.element));
  }

  /** Show where the joints are, in rad, unless a hand is on a slider. */
  show(names, positions) {
    if (this.#held) return;
    for (const row of this.#rows) {
      const position = positions[names.indexOf(row.name)];
      if (position !== undefined && !(Math.abs(position - row.position) < 5e-4)) this.#set(row, position);
    }
  }

  /** Follow the robot again. */
  release() {
    clearTimeout(this.timer);
    this.#held = false;
  }

  disable(disabled) {
    for (const { slider } of this.#rows) switchOff(slider, disabled);
  }

  #row({ name, lower, upper }) {
    const label = name.replace("_", " ").replace(/^j/, "J");
    const row = { name, lower, upper, position: NaN };
    row.value = make("output", {});
    const [min, max] = [Math.ceil(lower * DEGREES - ROUNDING_DEG), Math.floor(upper * DEGREES + ROUNDING_DEG)];
    row.slider = make("input", { type: "range", min, max, step: STEP_DEG, "aria-label": label });
    row.slider.addEventListener("input", () => this.#drag(row));
    row.slider.addEventListener("change", () => this.#settle(row));
    row.element = make(
      "label",
      { class: "joint" },
      make("span", { class: "joint-name" }, label),
      make("span", { class: "joint-limit" }, degrees(lower, 0)),
      row.slider,
      make("span", { class: "joint-limit" }, degrees(upper, 0)),
      row.value,
    );
    return row;
  }

  #set(row, position) {
    row.position = position;
    row.slider.value = String(position * DEGREES);
    row.value.textContent = degrees(position);
    row.slider.setAttribute("aria-valuetext", degrees(position));
  }

  #drag(row) {
    if (isOff(row.slider)) return this.#set(row, row.position);
    this.#held = true;
    clearTimeout(this.timer);
    this.#set(row, Math.min(Math.max(Number(row.slider.value) / DEGREES, row.lower), row.upper));
    return this.listeners.onTry(this.#positions());
  }

  // With the keyboard every step is a change: wait until the steps end.
  #settle({ slider }) {
    if (isOff(slider)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.listeners.onWish(this.#positions()), SETTLE_MS);
  }

  // The other joints stay exactly where they are, whatever their sliders round to.
  #positions() {
    return this.#rows.map(({ position }) => position);
  }
}
