// A line through space that grows: where the tool has been, or will be.

import { BufferAttribute, BufferGeometry, Line, LineBasicMaterial } from "../../vendor/robot/three-urdf.min.js";

const MAX_POINTS = 4000;
const MIN_STEP_M = 0.002;

export class Trace {
  #count = 0;
  #last = null;

  constructor(colour, opacity = 1) {
    this.geometry = new BufferGeometry();
    this.positions = new BufferAttribute(new Float32Array(3 * MAX_POINTS), 3);
    this.geometry.setAttribute("position", this.positions);
    const material = new LineBasicMaterial({ color: colour, transparent: true, opacity, toneMapped: false });
    this.line = new Line(this.geometry, material);
    this.line.frustumCulled = false;
    this.clear();
  }

  clear() {
    this.#count = 0;
    this.#last = null;
    this.geometry.setDrawRange(0, 0);
  }

  /** Add a point in m; one that hardly differs from the last is left out. */
  add(point) {
    if (this.#count === MAX_POINTS || (this.#last && this.#last.distanceTo(point) < MIN_STEP_M)) return;
    this.#last = point.clone();
    this.positions.setXYZ(this.#count, point.x, point.y, point.z);
    this.positions.needsUpdate = true;
    this.#count += 1;
    this.geometry.setDrawRange(0, this.#count);
  }
}
