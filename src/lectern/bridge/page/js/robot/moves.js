// Buttons that move the robot: named poses, the gripper, reset.

import { make } from "../dom.js";
import { readable } from "./words.js";

const CLOSED_M = 0;

/**
 * @param {HTMLElement} place
 * @param {object} robot answer of `GET /api/v1/robot`
 * @param {{motions: Motions, onReset: () => void}} parts
 */
export function openMoves(place, robot, { motions, onReset }) {
  const poses = Object.keys(robot.named).map((name) => button(readable(name).label, () => motions.make("move_named", { name })));
  const widest = robot.gripper?.max_width_m ?? 0.08;
  const gripper = [
    button("Open", () => motions.make("grip", { width_m: widest })),
    button("Close", () => motions.make("grip", { width_m: CLOSED_M })),
  ];
  place.replaceChildren(
    group("Poses", poses),
    group("Gripper", gripper),
    group("Simulation", [button("Reset", onReset)]),
  );
}

function button(label, onclick) {
  return make("button", { type: "button", class: "quiet", onclick }, label);
}

function group(title, buttons) {
  return make("div", { class: "group", role: "group", "aria-label": title }, make("span", { class: "group-title" }, title), make("span", { class: "row" }, ...buttons));
}
