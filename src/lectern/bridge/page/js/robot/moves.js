// Buttons that move the robot: named poses, the gripper, reset.

import { isOff, make } from "../dom.js";
import { readScene, readState } from "./robot-api.js";
import { readable } from "./words.js";

const CLOSED_M = 0;
// What has its middle this near to the tool's point is between the fingers.
const WITHIN_REACH_M = 0.04;

/**
 * @param {HTMLElement} place
 * @param {object} robot answer of `GET /api/v1/robot`
 * @param {{motions: Motions, onReset: () => void}} parts
 * @returns {{speed: () => number}} share of the speed limits that the reader wants
 */
export function openMoves(place, robot, { motions, onReset }) {
  const speed = speedSlider();
  const poses = Object.keys(robot.named).map((name) => button(readable(name).label, () => motions.make("move_named", { name, speed_scale: speed.value() })));
  const widest = robot.gripper.max_width_m;
  const gripper = [
    button("Open", () => motions.make("grip", { width_m: widest })),
    button("Close", () => motions.make("grip", closing())),
  ];
  place.replaceChildren(
    group("Poses", poses),
    group("Gripper", [...gripper, make("span", { class: "group-title" }, "Simulation"), button("Reset", onReset)]),
    group("Speed", [speed.element, speed.output]),
  );
  return { speed: speed.value };
}

// The robot must be told what it takes hold of: the nearest thing between its fingers, if any.
async function closing() {
  const [{ tool }, { objects, attached }] = await Promise.all([readState(), readScene()]);
  const [nearest] = objects
    .filter(({ name, mass_kg: mass }) => mass && !(name in attached))
    .map(({ name, pose }) => ({ name, away: Math.hypot(...pose.position_m.map((value, axis) => value - tool.position_m[axis])) }))
    .filter(({ away }) => away < WITHIN_REACH_M)
    .sort((one, other) => one.away - other.away);
  return nearest ? { width_m: CLOSED_M, attach: nearest.name } : { width_m: CLOSED_M };
}

function speedSlider() {
  const element = make("input", { type: "range", min: 5, max: 100, step: 5, value: 50, "aria-label": "Speed, percent of the limits" });
  const output = make("output", {}, "50 %");
  element.addEventListener("input", () => {
    output.textContent = `${element.value} %`;
  });
  return { element, output, value: () => Number(element.value) / 100 };
}

function button(label, onclick) {
  return make("button", { type: "button", class: "quiet", onclick: ({ currentTarget }) => isOff(currentTarget) || onclick() }, label);
}

function group(title, buttons) {
  return make("div", { class: "group", role: "group", "aria-label": title }, make("span", { class: "group-title" }, title), make("span", { class: "row" }, ...buttons));
}
