// Geometry with softened edges, which catch the light, for boxes, cylinders and balls.

import { LatheGeometry, RoundedBoxGeometry, SphereGeometry, Vector2 } from "../../vendor/robot/three-urdf.min.js";

const MAX_BEVEL_M = 0.004;
const AROUND = 28;

/** A box with full edge lengths in m. */
export function box([x, y, z]) {
  return new RoundedBoxGeometry(x, y, z, 2, Math.min(MAX_BEVEL_M, 0.12 * Math.min(x, y, z)));
}

/** A cylinder along z, as URDF has it. */
export function cylinder(radius, length) {
  const bevel = Math.min(MAX_BEVEL_M, 0.3 * length, 0.2 * radius);
  const half = length / 2;
  const profile = [
    [0, -half],
    [radius - bevel, -half],
    [radius - 0.3 * bevel, -half + 0.3 * bevel],
    [radius, -half + bevel],
    [radius, half - bevel],
    [radius - 0.3 * bevel, half - 0.3 * bevel],
    [radius - bevel, half],
    [0, half],
  ];
  const geometry = new LatheGeometry(flatFaced(profile), AROUND);
  return geometry.rotateX(Math.PI / 2);
}

export function ball(radius) {
  return new SphereGeometry(radius, AROUND, AROUND / 2);
}

// A point close to each corner keeps the smoothed normals of the flat faces flat.
function flatFaced(profile) {
  const points = [];
  for (const [r, z] of profile) {
    const previous = points.at(-1);
    if (previous && Math.hypot(r - previous.x, z - previous.y) > MAX_BEVEL_M) {
      if (previous.x > 0) points.push(between(previous, r, z, 0.02));
      if (r > 0) points.push(between(previous, r, z, 0.98));
    }
    points.push(new Vector2(r, z));
  }
  return points;
}

function between({ x, y }, r, z, share) {
  return new Vector2(x + (r - x) * share, y + (z - y) * share);
}
