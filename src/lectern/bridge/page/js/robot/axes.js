// The axes of a frame: x red, y green, z blue, seen through everything.

import { Group, Mesh, MeshBasicMaterial } from "../../vendor/robot/three-urdf.min.js";

import { ball, cylinder } from "./solids.js";

const LENGTH_M = 0.15;
const RADIUS_M = 0.0035;
const COLOURS = { x: 0xd7352b, y: 0x2f9e44, z: 0x2b6fd7 };

/** @returns {Group} three bars from the origin */
export function axes() {
  const group = new Group();
  const bar = cylinder(RADIUS_M, LENGTH_M).translate(0, 0, LENGTH_M / 2);
  const turned = { x: [0, Math.PI / 2, 0], y: [-Math.PI / 2, 0, 0], z: [0, 0, 0] };
  for (const [axis, angles] of Object.entries(turned)) {
    const mesh = new Mesh(bar, unhidden(COLOURS[axis]));
    mesh.rotation.set(...angles);
    group.add(mesh);
  }
  group.add(new Mesh(ball(1.8 * RADIUS_M), unhidden(0xffffff)));
  for (const mesh of group.children) mesh.renderOrder = 5;
  return group;
}

function unhidden(color) {
  return new MeshBasicMaterial({ color, depthTest: false, transparent: true, toneMapped: false });
}
