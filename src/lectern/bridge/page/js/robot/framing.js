// Where a camera must stand so that all of some points are in the picture.

import { Vector3 } from "../../vendor/robot/three-urdf.min.js";

/**
 * Move a camera along its line of sight, and across it, until the points just fit; it keeps its direction.
 * Seen along the line of sight a point at depth z is in the picture from distance d on where, to each side,
 * |x - c| <= (d + z) t, with t the tangent of half the angle of view; this gives d and the shift c at once.
 * @param {PerspectiveCamera} camera that looks in the wanted direction
 * @param {Vector3[]} points
 * @param {{left: number, right: number, top: number, bottom: number}} margins shares of half the picture that stay free
 * @returns {{position: Vector3, target: Vector3}}
 */
export function framing(camera, points, margins) {
  const [right, up, back] = [0, 1, 2].map((column) => new Vector3().setFromMatrixColumn(camera.matrixWorld, column));
  const seen = points.map((point) => ({ x: point.dot(right), y: point.dot(up), z: -point.dot(back) }));
  const tall = Math.tan((camera.fov * Math.PI) / 360);
  const wide = tall * camera.aspect;
  const across = fit(seen.map(({ x, z }) => [x, z]), wide * (1 - margins.left), wide * (1 - margins.right));
  const along = fit(seen.map(({ y, z }) => [y, z]), tall * (1 - margins.bottom), tall * (1 - margins.top));
  const distance = Math.max(across.distance, along.distance);
  const target = new Vector3().addScaledVector(right, across.shift(distance)).addScaledVector(up, along.shift(distance));
  return { target, position: target.clone().addScaledVector(back, distance) };
}

// One direction across the picture: `low` and `high` are the tangents to either side.
function fit(points, low, high) {
  const most = Math.max(...points.map(([x, z]) => x - z * high));
  const least = Math.max(...points.map(([x, z]) => -x - z * low));
  return {
    distance: (most + least) / (low + high),
    shift: (distance) => (most - distance * high + distance * low - least) / 2,
  };
}
