// What went wrong, for people: a title, a sentence, what to do about it, and how to name it.

import { Problem } from "./api.js";
import { make } from "./dom.js";

/** Any error as a `Problem`. */
export function described(error) {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem({ title: "The page made a mistake", detail: error?.message || String(error), code: "page_error" });
}

/**
 * A problem as an element that is read out at once.
 * @param {Problem} problem
 * @param {...Node} actions buttons
 */
export function problemElement(problem, ...actions) {
  const known = [["code", problem.code], ["request", problem.requestId]].filter(([, value]) => value);
  return make(
    "div",
    { class: "problem", role: "alert" },
    make("p", { class: "problem-title" }, problem.title ?? "Something went wrong"),
    make("p", {}, [problem.message, problem.remedy].filter(Boolean).join(" ")),
    make("p", { class: "problem-ids" }, ...known.map(([name, value]) => make("span", {}, `${name} `, make("code", {}, value)))),
    ...actions,
  );
}
