// The seed of a demo: everything that happens by chance in it follows from this number.

import { make } from "../dom.js";

const DEFAULT = 0;
const LARGEST = 2 ** 31 - 1;
const DRAWN_BELOW = 10_000;

/** @returns {{element: HTMLElement, value: () => number}} a field, with a button that draws another seed */
export function seedField() {
  const input = make("input", { type: "number", id: "seed", inputmode: "numeric", min: 0, max: LARGEST, step: 1, value: DEFAULT, "aria-describedby": "seed-hint" });
  const draw = make("button", { type: "button", class: "quiet" }, "New seed");
  draw.addEventListener("click", () => {
    input.value = String(1 + Math.floor(Math.random() * (DRAWN_BELOW - 1)));
  });
  const hint = make("span", { class: "field-hint", id: "seed-hint" }, "The same seed repeats the same run.");
  const element = make("div", { class: "parameter" }, make("label", { for: "seed" }, "Seed"), make("div", { class: "seed" }, input, draw), hint);
  return { element, value: () => (input.value === "" ? DEFAULT : Number(input.value)) };
}
