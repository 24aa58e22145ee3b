// Formulas: their syntax for the Markdown parser, and their rendering.

import { make } from "./dom.js";

const KATEX_OPTIONS = { throwOnError: true, strict: "ignore", trust: false, maxExpand: 500, maxSize: 40 };

/** Render TeX; what cannot be read is shown as it is written. */
export function mathElement(tex, display) {
  const element = make(display ? "div" : "span", { class: display ? "formula wide" : "formula" });
  if (display) element.tabIndex = 0;
  try {
    globalThis.katex.render(tex, element, { ...KATEX_OPTIONS, displayMode: display });
  } catch {
    element.replaceChildren(make("code", {}, tex));
  }
  return element;
}

/** Parser plug-in for `$...$`, `$$...$$`, `\(...\)` and `\[...\]`. */
export function mathSyntax(parser) {
  parser.inline.ruler.before("escape", "math_inline", inlineRule);
  parser.block.ruler.before("fence", "math_block", blockRule, {
    alt: ["paragraph", "reference", "blockquote", "list"],
  });
}

const INLINE_FORMS = [
  { open: "$$", close: "$$", strict: false },
  { open: "$", close: "$", strict: true },
  { open: "\\(", close: "\\)", strict: false },
  { open: "\\[", close: "\\]", strict: false },
];

function inlineRule(state, silent) {
  const form = INLINE_FORMS.find(({ open }) => state.src.startsWith(open, state.pos));
  if (!form) return false;
  const start = state.pos + form.open.length;
  const end = closing(state.src, start, state.posMax, form);
  if (end < 0) return false;
  if (!silent) state.push("math_inline", "math", 0).content = state.src.slice(start, end).trim();
  state.pos = end + form.close.length;
  return true;
}

function closing(text, start, limit, { close, strict }) {
  if (strict && /\s/.test(text[start] ?? " ")) return -1;
  let end = text.indexOf(close, start);
  while (end >= 0 && text[end - 1] === "\\" && close[0] === "$") end = text.indexOf(close, end + 1);
  if (end <= start || end + close.length > limit) return -1;
  // "$5 and $6" is money, not a formula.
  if (strict && (/\s/.test(text[end - 1]) || /\d/.test(text[end + 1] ?? ""))) return -1;
  return end;
}

const BLOCK_FORMS = { $$: "$$", "\\[": "\\]" };

function blockRule(state, startLine, endLine, silent) {
  const first = lineOf(state, startLine);
  const open = first.slice(0, 2);
  const close = BLOCK_FORMS[open];
  if (!close) return false;
  const content = [first.slice(2)];
  let line = startLine;
  while (!content[content.length - 1].trimEnd().endsWith(close)) {
    line += 1;
    if (line >= endLine) return false;
    content.push(lineOf(state, line));
  }
  if (silent) return true;
  const token = state.push("math_block", "math", 0);
  token.block = true;
  token.content = content.join("\n").trimEnd().slice(0, -close.length).trim();
  token.map = [startLine, line + 1];
  state.line = line + 1;
  return true;
}

function lineOf(state, line) {
  return state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]);
}
