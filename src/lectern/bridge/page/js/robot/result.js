// What a demo found out: pictures, numbers in a table, and the series as a file to copy.

import { copyText } from "../clipboard.js";
import { make } from "../dom.js";
import { readable, shown } from "./words.js";

// A plot that is shrunk further than this opens in full size, to be scrolled.
const LEGIBLE_SHRINKING = 1.6;

/**
 * @param {object} run answer of `POST /demos/{name}`, and the seed that was sent
 * @param {{onPlay?: (playback: object) => void}} listeners
 */
export function resultElement({ demo, result, pictures, seed }, { onPlay }) {
  const parts = [
    ...(result.playback ? [make("p", { class: "row" }, make("button", { type: "button", class: "primary", onclick: () => onPlay(result.playback) }, "Play it in the view"))] : []),
    ...(pictures?.length ? [gallery(demo, pictures)] : []),
    ...(Object.keys(result.numbers ?? {}).length ? [table(result.numbers)] : []),
    ...(Object.keys(result.series ?? {}).length ? [series(result.series)] : []),
  ];
  return make("section", { class: "result", "aria-label": "Result" }, make("h4", {}, `Result with seed ${seed}`), ...parts);
}

function gallery(demo, pictures) {
  return make("div", { class: "gallery" }, ...pictures.map((picture) => figure(demo, picture)));
}

function figure(demo, { name, url }) {
  const title = readable(name).label;
  const image = make("img", { src: url.replace(/^\//, ""), alt: `${title}: plot of the demo ${readable(demo).label.toLowerCase()}`, decoding: "async" });
  const open = make("button", { type: "button", class: "picture", "aria-label": `Enlarge the picture: ${title}`, onclick: () => enlarge(image, title) }, image);
  return make("figure", {}, make("div", { class: "picture-frame" }, open), make("figcaption", {}, title));
}

function enlarge(image, title) {
  const close = make("button", { type: "button", class: "quiet" }, "Close");
  const stop = make("button", { type: "button", class: "halt-small", "data-stop": true, "aria-label": "Stop the robot" }, "Stop");
  const full = make("button", { type: "button", class: "quiet" }, "Full size");
  const frame = make("div", { class: "enlarged-picture", tabindex: "0", role: "region", "aria-label": title }, image.cloneNode());
  const dialog = make("dialog", { class: "enlarged", "aria-label": title }, frame, make("p", { class: "row" }, make("span", {}, title), stop, full, close));
  const grow = (grown) => {
    dialog.classList.toggle("full", grown);
    full.setAttribute("aria-pressed", String(grown));
  };
  grow(innerWidth < image.naturalWidth / LEGIBLE_SHRINKING);
  full.addEventListener("click", () => grow(!dialog.classList.contains("full")));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function table(numbers) {
  const rows = Object.entries(numbers).map(([name, value]) => {
    const { label, unit } = readable(name);
    return make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, quantity(value)), make("td", { class: "unit" }, unit));
  });
  return make("div", { class: "numbers" }, make("table", {}, make("caption", { class: "visually-hidden" }, "Numbers"), make("tbody", {}, ...rows)));
}

// Powers of ten are set as such.
function quantity(value) {
  const [mantissa, power] = shown(value).split("10^");
  return power === undefined ? mantissa : make("span", {}, `${mantissa}10`, make("sup", {}, power));
}

function series(all) {
  const names = Object.keys(all).map((name) => readable(name).label.toLowerCase());
  const button = make("button", { type: "button", class: "quiet" }, "Copy as JSON");
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(JSON.stringify(all))) ? "Copied" : "Not copied";
  });
  return make("p", { class: "series" }, make("span", {}, `Series: ${names.join(", ")}.`), button);
}
