// Markdown to elements. The parser's tokens are turned into elements one by one, from a short list
// of tags; markup inside the text stays text.

import { codeElement } from "./code.js";
import { make } from "./dom.js";
import { mathElement, mathSyntax } from "./math.js";
import { NO_MARKERS, withoutMarkers } from "./markers.js";

const parser = globalThis.markdownit({ html: false }).use(mathSyntax);

const PLAIN_TAGS = new Set(
  "p ul ol li blockquote table thead tbody tr th td em strong s hr br".split(" "),
);
const CITATION = /\[(\d{1,3})\]/g;

/**
 * Render Markdown.
 * @param {string} text
 * @param {object} options
 * @param {(number: number) => (Node | null)} [options.citation] element for `[number]`, or null
 *   where it is ordinary text
 * @param {import("./markers.js").Markers} [options.markers] characters that mark a quote
 * @returns {DocumentFragment} every block has `data-lines="first,after"`
 */
export function render(text, { citation = () => null, markers = NO_MARKERS } = {}) {
  const fragment = document.createDocumentFragment();
  renderTokens(parser.parse(text, {}), fragment, { citation, markers });
  return fragment;
}

function renderTokens(tokens, root, context) {
  const open = [root];
  for (const token of tokens) {
    const parent = open[open.length - 1];
    if (token.nesting > 0) open.push(openElement(token, parent));
    else if (token.nesting < 0) open.pop();
    else renderLeaf(token, parent, context);
  }
}

function openElement(token, parent) {
  if (token.hidden) return parent; // the paragraph of a tight list item
  const element = elementFor(token);
  noteLines(element, token);
  parent.append(token.tag === "table" ? make("div", { class: "wide", tabindex: "0" }, element) : element);
  return element;
}

function elementFor(token) {
  const heading = /^h([1-6])$/.exec(token.tag);
  // The page itself uses the upper levels.
  if (heading) return make(`h${Math.min(Number(heading[1]) + 2, 6)}`);
  if (token.tag === "a") return linkElement(token.attrGet("href") ?? "");
  const element = make(PLAIN_TAGS.has(token.tag) ? token.tag : "span");
  if (token.tag === "ol" && token.attrGet("start")) element.start = Number(token.attrGet("start"));
  const align = /text-align:(\w+)/.exec(token.attrGet("style") ?? "");
  if (align) element.classList.add(`align-${align[1]}`);
  return element;
}

function linkElement(href) {
  // Relative targets belong to the book's own site, which is not served here.
  if (!/^https?:\/\//i.test(href)) return make("span", { class: "reference" });
  return make("a", { href, target: "_blank", rel: "noopener noreferrer" });
}

const LEAVES = {
  inline: (token, parent, context) => renderTokens(token.children, parent, context),
  text: (token, parent, context) => parent.append(...withCitations(token.content, context)),
  text_special: (token, parent) => parent.append(token.content),
  softbreak: (token, parent) => parent.append("\n"),
  hardbreak: (token, parent) => parent.append(make("br")),
  hr: (token, parent) => parent.append(make("hr")),
  code_inline: (token, parent) => parent.append(make("code", {}, token.content)),
  image: (token, parent, { markers }) =>
    parent.append(make("span", { class: "figure" }, `Figure: ${withoutMarkers(token.content, markers)}`)),
  fence: (token, parent, { markers }) => appendCode(token, parent, markers),
  code_block: (token, parent, { markers }) => appendCode(token, parent, markers),
  math_inline: (token, parent, { markers }) => appendMath(token, parent, markers, false),
  math_block: (token, parent, { markers }) => appendMath(token, parent, markers, true),
};

function renderLeaf(token, parent, context) {
  const append = LEAVES[token.type];
  if (append) append(token, parent, context);
  else parent.append(token.content);
}

function appendCode(token, parent, markers) {
  const element = codeElement(token.content.replace(/\n$/, ""), token.info, markers);
  noteLines(element, token);
  parent.append(element);
}

function appendMath(token, parent, markers, display) {
  // A formula is marked as a whole: there is no place inside its source that can be shown.
  const element = mathElement(withoutMarkers(token.content, markers), display);
  noteLines(element, token);
  if (token.content.includes(markers.open)) parent.append(markers.open);
  parent.append(element);
  if (token.content.includes(markers.close)) parent.append(markers.close);
}

function noteLines(element, token) {
  if (token.map) element.dataset.lines = token.map.join(",");
}

function* withCitations(text, { citation }) {
  let from = 0;
  for (const match of text.matchAll(CITATION)) {
    const element = citation(Number(match[1]));
    if (!element) continue;
    yield text.slice(from, match.index).replace(/ $/, "");
    yield element;
    from = match.index + match[0].length;
  }
  yield text.slice(from);
}
