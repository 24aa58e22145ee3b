// Code with coloured syntax. Prism only cuts the text into tokens; the elements are made here.

import { make } from "./dom.js";
import { insertMarkers, withoutMarkers } from "./markers.js";

const ALIASES = {
  sh: "bash", shell: "bash", console: "bash", zsh: "bash", "c++": "cpp", py: "python",
  python3: "python", pycon: "python", yml: "yaml", xml: "markup", html: "markup", urdf: "markup",
  xacro: "markup", sdf: "markup", launch: "markup",
};

/** Render a block of code; markers in it end up in front of the characters they were at. */
export function codeElement(text, info, markers) {
  const language = (info ?? "").trim().split(/[\s{]/)[0].toLowerCase();
  const grammar = globalThis.Prism.languages[ALIASES[language] ?? language];
  const plain = withoutMarkers(text, markers);
  const code = make("code");
  append(code, typeof grammar === "object" ? globalThis.Prism.tokenize(plain, grammar) : [plain]);
  insertMarkers(code, text, markers);
  return make("pre", { tabindex: "0" }, code);
}

function append(parent, tokens) {
  for (const token of [tokens].flat()) {
    if (typeof token === "string") parent.append(token);
    else append(parent.appendChild(make("span", { class: `tok-${token.type}` })), token.content);
  }
}
