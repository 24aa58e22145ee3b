// Colours of the 3D view for the light and the dark page.

const LIGHT = { key: 2.05, rim: 0.55, fill: 0.35, sky: 0xf2f6fa, ground: 0xcdc5b8, ambient: 1.45, exposure: 1, shadow: 0.5, grid: "#8d8a80", gridOpacity: 0.5, accent: 0x0f6e66 };
const DARK = { key: 1.55, rim: 0.8, fill: 0.25, sky: 0xaebccb, ground: 0x2b3036, ambient: 0.75, exposure: 0.95, shadow: 0.8, grid: "#8b949e", gridOpacity: 0.36, accent: 0x66c7b9 };

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The present theme. */
export function theme() {
  return dark.matches ? DARK : LIGHT;
}

/** Call back when the reader's scheme changes. */
export function onThemeChange(callback) {
  dark.addEventListener("change", callback);
}

/** Whether the reader asked for less motion. */
export function lessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
