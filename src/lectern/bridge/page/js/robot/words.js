// Names from the interface as people read them.

const UNITS = {
  m: "m", mm: "mm", cm: "cm", s: "s", s2: "s²", ms: "ms", rad: "rad", deg: "°", n: "N", nm: "N m", kg: "kg", hz: "Hz", percent: "%",
};

/** A text with its first letter large. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `max_error_rad` becomes `{ label: "Max error", unit: "rad" }`. */
export function readable(name) {
  const words = name.split("_");
  let first = words.length;
  while (first > 1 && (words[first - 1] in UNITS || words[first - 1] === "per")) first -= 1;
  const label = words.slice(0, first).join(" ");
  return { label: capital(label), unit: unitOf(words.slice(first)) };
}

// `nm per rad s` is N m/(rad s); a length or angle and a time without `per` is a speed.
function unitOf(words) {
  const per = words.indexOf("per");
  const names = (part) => part.map((word) => UNITS[word]).join(" ");
  if (per < 0) return words.length === 2 && /^s2?$/.test(words[1]) ? names(words.slice(0, 1)) + "/" + names(words.slice(1)) : names(words);
  const below = words.slice(per + 1);
  return `${names(words.slice(0, per))}/${below.length > 1 ? `(${names(below)})` : names(below)}`;
}

/** A number with as many digits as one can read. */
export function shown(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en").replaceAll(",", "\u202f").replace("-", "\u2212");
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(2).replace("e", " × 10^").replace("+", "").replace("-", "\u2212");
  return String(Number(value.toPrecision(4))).replace("-", "\u2212");
}

/** An angle in rad as people read it: `−12.5°`, never `−0.0°`. */
export function degrees(angle_rad, digits = 1) {
  const rounded = Number(((angle_rad * 180) / Math.PI).toFixed(digits)) || 0;
  return `${rounded.toFixed(digits).replace("-", "\u2212")}°`;
}

const TOOLS = {
  move_joints: "Move the joints",
  move_named: "Move to a named pose",
  move_pose: "Move the tool to a pose",
  move_line: "Move the tool along a line",
  follow_trajectory: "Follow a given trajectory",
  grip: "Move the gripper",
  run_demo: "Run a demo",
  change_scene: "Change the scene",
  reset: "Reset the simulation",
};

/** What a proposal would do, in one line. */
export function purpose({ tool, arguments: given = {} }) {
  const what = TOOLS[tool] ?? readable(tool).label;
  if (given.name) return `${what}: ${readable(given.name).label.toLowerCase()}`;
  if (given.width_m !== undefined) return `${what} to ${shown(given.width_m * 1000)} mm`;
  if (tool === "move_joints") return `${what} to ${given.positions_rad.map((angle) => degrees(angle)).join(", ")}`;
  if (given.position_m) return `${what} to ${shown(given.position_m)} m`;
  return what;
}
