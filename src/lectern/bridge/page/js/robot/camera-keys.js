// The camera by keyboard: arrows turn, plus and minus come closer and go away, Home resets.

import { Vector3 } from "../../vendor/robot/three-urdf.min.js";

const TURN_RAD = 0.12;
const ZOOM = 0.88;
const UP = new Vector3(0, 0, 1);
const STEEPEST = 0.12;

const TURNS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const ZOOMS = { "+": ZOOM, "=": ZOOM, "-": 1 / ZOOM, _: 1 / ZOOM };

/** Let the keys move the camera of a stage while its canvas has the focus. */
export function steerByKeys(stage) {
  stage.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in TURNS) turn(stage, ...TURNS[event.key]);
    else if (event.key in ZOOMS) zoom(stage, ZOOMS[event.key]);
    else if (event.key === "Home") stage.resetCamera();
    else return;
    event.preventDefault();
  });
}

function turn(stage, around, over) {
  const { camera, controls } = stage;
  stage.framed = false;
  const offset = camera.position.clone().sub(controls.target).applyAxisAngle(UP, around * TURN_RAD);
  const elevation = Math.asin(offset.z / offset.length()) + over * TURN_RAD;
  if (Math.abs(elevation) < Math.PI / 2 - STEEPEST) {
    const flat = new Vector3(offset.x, offset.y, 0).setLength(Math.cos(elevation) * offset.length());
    offset.set(flat.x, flat.y, Math.sin(elevation) * offset.length());
  }
  camera.position.copy(controls.target).add(offset);
  controls.update();
}

function zoom(stage, factor) {
  const { camera, controls } = stage;
  stage.framed = false;
  camera.position.sub(controls.target).multiplyScalar(factor).add(controls.target);
  controls.update();
}
