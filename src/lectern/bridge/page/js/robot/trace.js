// A line through space that grows: where the tool has been, or will be.

import { InstancedInterleavedBuffer, InterleavedBufferAttribute, LineMaterial, LineSegments2, LineSegmentsGeometry } from "../../vendor/robot/three-urdf.min.js";

const MAX_SEGMENTS = 4000;
const MIN_STEP_M = 0.002;
const WIDTH_PX = 2.5;

export class Trace {
  #count = 0;
  #last = null;

  constructor(colour, opacity = 1) {
    this.buffer = new InstancedInterleavedBuffer(new Float32Array(6 * MAX_SEGMENTS), 6, 1);
    this.geometry = new LineSegmentsGeometry();
    this.geometry.setAttribute("instanceStart", new InterleavedBufferAttribute(this.buffer, 3, 0));
    this.geometry.setAttribute("instanceEnd", new InterleavedBufferAttribute(this.buffer, 3, 3));
    this.material = new LineMaterial({ color: colour, linewidth: WIDTH_PX, transparent: opacity < 1, opacity, toneMapped: false });
    this.line = new LineSegments2(this.geometry, this.material);
    this.line.frustumCulled = false;
    this.clear();
  }

  clear() {
    this.#count = 0;
    this.#last = null;
    this.#show();
  }

  /** Add a point in m; one that hardly differs from the last is left out. */
  add(point) {
    const last = this.#last;
    if (last && (last.distanceTo(point) < MIN_STEP_M || this.#count === MAX_SEGMENTS)) return;
    this.#last = point.clone();
    if (!last) return;
    this.buffer.array.set([...last.toArray(), ...point.toArray()], 6 * this.#count);
    this.buffer.needsUpdate = true;
    this.#count += 1;
    this.#show();
  }

  #show() {
    this.geometry.instanceCount = this.#count;
    this.line.visible = this.#count > 0;
  }
}
