// A passage with its quoted part marked.

import { make } from "./dom.js";
import { render } from "./markdown.js";
import { chooseMarkers } from "./markers.js";

const PLAIN_KINDS = new Set(["pdf", "rst"]);
const CODE_FENCE = /^[ \t]*(?:`{3,}|~{3,})[^\n]*\n/;
const BLOCK_START = [
  /^[ \t]*\n/, // empty line
  CODE_FENCE,
  /^[ \t]*(?:\$\$|\\\[)[ \t]*\n?/, // formula
  /^[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+|#{1,6}[ \t]+|\|[ \t]*)/, // quote, list, heading, table
];
const BLOCK_END = [/\s+$/, /(?:^|\n)[ \t]*(?:`{3,}|~{3,})$/, /(?:\$\$|\\\])$/, /\|$/];

/**
 * Render a passage.
 * @param {{text: string, kind: string, start: number, end: number}} passage
 * @param {{start: number, end: number, quote: string} | null} quote offsets in characters of the
 *   document, as the bridge gives them
 * @returns {DocumentFragment} the quoted part is in `mark` elements
 */
export function renderPassage(passage, quote) {
  const range = quote && rangeInPassage(passage, quote);
  if (PLAIN_KINDS.has(passage.kind)) return renderPlain(passage.text, range);
  const text = passage.text.replaceAll("\r\n", "\n");
  if (!range) return render(text);
  return renderMarked(passage.text, range) ?? renderByLines(passage.text, range);
}

// The bridge counts characters (code points); strings here count UTF-16 units.
function rangeInPassage(passage, quote) {
  const start = unitsBefore(passage.text, quote.start - passage.start);
  const range = { start, end: start + quote.quote.length };
  if (passage.text.slice(range.start, range.end) === quote.quote) return range;
  const found = passage.text.indexOf(quote.quote);
  return found < 0 ? null : { start: found, end: found + quote.quote.length };
}

function unitsBefore(text, characters) {
  return [...text].slice(0, Math.max(characters, 0)).join("").length;
}

function renderPlain(text, range) {
  const fragment = document.createDocumentFragment();
  const { start, end } = range ?? { start: 0, end: 0 };
  const plain = make("div", { class: "plain" }, text.slice(0, start));
  if (end > start) plain.append(make("mark", {}, text.slice(start, end)));
  plain.append(text.slice(end));
  fragment.append(plain);
  return fragment;
}

function renderMarked(text, range) {
  const markers = chooseMarkers(text);
  if (!markers) return null;
  const start = skipForward(text, range);
  const end = skipBackward(text, start, range.end);
  if (end <= start) return null;
  const marked =
    text.slice(0, start) + markers.open + text.slice(start, end) + markers.close + text.slice(end);
  const fragment = render(marked.replaceAll("\r\n", "\n"), { markers });
  return markBetween(fragment, markers) ? fragment : null;
}

// A marker must not stand in front of what makes a line a list item, a fence, and so on.
function skipForward(text, { start, end }) {
  if (start > 0 && text[start - 1] !== "\n") return start;
  let at = start;
  for (;;) {
    const match = firstMatch(BLOCK_START, text.slice(at, end));
    if (!match) return at;
    at += match[0].length;
    if (CODE_FENCE.test(match[0])) return at; // below it, `#` and `-` are code
  }
}

function skipBackward(text, start, end) {
  let at = end;
  for (;;) {
    const match = firstMatch(BLOCK_END, text.slice(start, at));
    if (!match?.[0]) return at;
    at -= match[0].length;
  }
}

function firstMatch(patterns, text) {
  for (const pattern of patterns) {
    const match = pattern.exec(text);
    if (match) return match;
  }
  return null;
}

function markBetween(fragment, { open, close }) {
  const nodes = textNodes(fragment);
  const first = nodes.findIndex((node) => node.data.includes(open));
  const last = nodes.findIndex((node) => node.data.includes(close));
  if (first < 0 || last < first) return false;
  // The closing one first: cutting keeps the front of a node in place, and both may be in one node.
  cut(nodes[last], close);
  const opened = cut(nodes[first], open);
  const rest = first === last ? [] : nodes.slice(first + 1, last + 1);
  for (const node of [opened, ...rest]) wrap(node);
  return true;
}

/** Split a text node at a character, drop the character, and return what followed it. */
function cut(node, character) {
  const after = node.splitText(node.data.indexOf(character));
  after.deleteData(0, character.length);
  return after;
}

function wrap(node) {
  const formula = node.parentElement?.closest(".formula");
  if (formula) {
    formula.classList.add("quoted");
    return;
  }
  if (!node.data.trim()) return;
  const mark = make("mark");
  node.replaceWith(mark);
  mark.append(node);
}

function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) nodes.push(node);
  return nodes;
}

// Where the exact range cannot be found again, the blocks that it touches are marked.
function renderByLines(text, range) {
  const firstLine = lineAt(text, range.start);
  const lastLine = lineAt(text, range.end - 1);
  const fragment = render(text.replaceAll("\r\n", "\n"));
  for (const element of fragment.querySelectorAll("p, pre, td, th, li, .formula, h3, h4, h5, h6")) {
    const lines = (element.closest("[data-lines]")?.dataset.lines ?? "").split(",").map(Number);
    if (lines.length === 2 && lines[0] <= lastLine && lines[1] > firstLine) textNodes(element).forEach(wrap);
  }
  return fragment;
}

function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length - 1;
}
