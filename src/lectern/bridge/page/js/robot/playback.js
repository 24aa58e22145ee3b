// A recorded drive of the base: where it truly was, and where its odometry believed it to be.

import { Group } from "../../vendor/robot/three-urdf.min.js";

import { loadRobot } from "./arm.js";
import { lessMotion, theme } from "./theme.js";
import { Trace } from "./trace.js";

const LIFT_M = 0.004;
const ORANGE = 0xe0701a;

export class Playback {
  #parts = [];
  #playing = false;
  #last = 0;

  /** Load the model and show its first frame; the arm and its scene step aside. */
  static async open(view, recorded) {
    const base = await loadRobot(`api/v1/robot/urdf/${encodeURIComponent(recorded.model)}`);
    return new Playback(view, recorded, base);
  }

  constructor(view, recorded, base) {
    this.view = view;
    this.times = recorded.times_s;
    this.poses = recorded.poses;
    this.group = new Group();
    this.group.position.z = view.stage.floor.group.position.z + LIFT_M;
    this.duration_s = this.times.at(-1) - this.times[0];
    this.#add("truth", base, theme().accent);
    if (this.poses.odometry) this.#add("odometry", base.ghost(ORANGE), ORANGE);
    view.stage.scene.add(this.group);
    this.#hideArm(true);
    this.#frame();
    this.seek(0);
  }

  /** Show the frame at a time in s after the start. */
  seek(time_s) {
    this.time_s = Math.min(Math.max(time_s, 0), this.duration_s);
    for (const { robot, poses } of this.#parts) {
      const [x, y, theta] = this.#at(poses);
      robot.root.position.set(x, y, 0);
      robot.root.rotation.set(0, 0, theta);
    }
    this.onTime?.(this.time_s);
    this.view.stage.invalidate();
  }

  play() {
    if (this.time_s >= this.duration_s) this.seek(0);
    if (lessMotion()) return this.seek(this.duration_s);
    this.#playing = true;
    this.#last = 0;
    return this.view.stage.animate((now) => this.#step(now));
  }

  pause() {
    this.#playing = false;
  }

  get playing() {
    return this.#playing;
  }

  /** Give the view back to the arm. */
  close() {
    this.pause();
    this.view.stage.scene.remove(this.group);
    this.#hideArm(false);
    this.view.playback = null;
    this.view.stage.resetCamera();
  }

  #hideArm(hidden) {
    this.view.stage.world.visible = !hidden;
    this.view.stage.floor.showShade(!hidden);
  }

  #add(name, robot, colour) {
    const trace = new Trace(colour);
    const poses = this.poses[name];
    for (const [x, y] of poses) trace.add(robot.root.position.clone().set(x, y, LIFT_M));
    robot.root.position.set(0, 0, 0);
    this.#parts.push({ robot, poses });
    this.group.add(robot.root, trace.line);
  }

  #at(poses) {
    const time = this.times[0] + this.time_s;
    let next = this.times.findIndex((t) => t >= time);
    if (next <= 0) next = Math.min(1, this.times.length - 1);
    const [from, to] = [Math.max(next - 1, 0), next];
    const span = this.times[to] - this.times[from] || 1;
    const share = Math.min(Math.max((time - this.times[from]) / span, 0), 1);
    const turn = Math.atan2(Math.sin(poses[to][2] - poses[from][2]), Math.cos(poses[to][2] - poses[from][2]));
    return [0, 1].map((axis) => poses[from][axis] + (poses[to][axis] - poses[from][axis]) * share).concat(poses[from][2] + turn * share);
  }

  #step(now) {
    if (!this.#playing) return false;
    if (this.#last) this.seek(this.time_s + (now - this.#last) / 1000);
    this.#last = now;
    if (this.time_s >= this.duration_s) this.#playing = false;
    this.onTime?.(this.time_s);
    return this.#playing;
  }

  // The camera takes in the whole drive.
  #frame() {
    const points = Object.values(this.poses).flat();
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    const reach = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 0.8);
    const z = this.group.position.z;
    const to = [middle(xs), middle(ys), z];
    this.view.stage.lookFrom([to[0] + 0.9 * reach + 0.3, to[1] - 1.05 * reach - 0.3, z + 0.85 * reach + 0.3], to);
  }
}
