// The robot in its scene: follows the states, shows previews, traces and playbacks.

import { loadRobot } from "./arm.js";
import { Follow } from "./follow.js";
import { Objects } from "./objects.js";
import { Playback } from "./playback.js";
import { Stage } from "./stage.js";
import { lessMotion, onThemeChange, theme } from "./theme.js";
import { Trace } from "./trace.js";

const PREVIEW_S = 1.1;

export class RobotView {
  #follow = new Follow();
  #names = [];
  #tracing = false;
  #following = false;

  /**
   * Open the view on a canvas.
   * @throws {Error} there is no WebGL, or the robot's description cannot be read
   */
  static async open(canvas) {
    const stage = new Stage(canvas);
    const view = new RobotView(stage, await loadRobot("api/v1/robot/urdf"));
    canvas.robotView = view; // for the console, and for tests that compare it with the robot
    return view;
  }

  constructor(stage, arm) {
    this.stage = stage;
    this.arm = arm;
    this.ghost = arm.ghost(theme().accent);
    this.ghost.root.visible = false;
    this.objects = new Objects();
    this.trace = new Trace(theme().accent);
    this.ahead = new Trace(theme().accent, 0.45);
    stage.world.add(arm.root, this.ghost.root, this.objects.group, this.trace.line, this.ahead.line);
    onThemeChange(() => this.#colour());
    stage.invalidate();
  }

  /** Show the objects of a scene. */
  setScene({ objects }) {
    this.objects.set(objects);
    this.stage.floor.shadeBelow(objects);
    if (this.playback) this.stage.floor.showShade(false);
    this.stage.invalidate();
  }

  /** Follow a state of the robot, and of the objects that moved. */
  take(names, positions, objects = {}) {
    this.#names = names;
    const moved = this.#follow.push(positions, performance.now());
    if (moved && this.#tracing) this.#trace(positions);
    for (const [name, pose] of Object.entries(objects)) this.objects.move(name, pose);
    if (moved && !this.#following) {
      this.#following = true;
      this.stage.animate((now) => this.#step(now));
    } else if (Object.keys(objects).length) this.stage.invalidate();
  }

  /** Begin or end the line that the tool draws. */
  traceTool(on, anew = false) {
    if (anew) this.trace.clear();
    this.#tracing = on;
  }

  /** Show where a plan leads: the path of the tool, and the arm's ghost on its way to the end. */
  preview({ names, times_s: times, positions }) {
    this.ahead.clear();
    for (const row of positions) {
      this.ghost.pose(names, row);
      this.ahead.add(this.ghost.toolPosition());
    }
    this.ghost.pose(this.#fingers(), this.#fingers().map((name) => this.arm.value(name)));
    this.ghost.root.visible = true;
    if (lessMotion() || times.length < 2) return this.stage.invalidate();
    const start = performance.now();
    const run = (this.run = {});
    return this.stage.animate((now) => {
      if (this.run !== run) return false;
      // The time of a picture may lie a little before the call.
      const share = Math.min(Math.max((now - start) / 1000 / PREVIEW_S, 0), 1);
      this.ghost.pose(names, positions[Math.round(share * (positions.length - 1))]);
      return share < 1;
    });
  }

  /** Show the arm's ghost in one pose. */
  previewPose(names, positions) {
    this.run = null;
    this.ahead.clear();
    this.ghost.pose(names, positions);
    this.ghost.root.visible = true;
    this.stage.invalidate();
  }

  /** Take the ghost away. */
  endPreview() {
    this.run = null;
    this.ghost.root.visible = false;
    this.ahead.clear();
    this.stage.invalidate();
  }

  showFrames(shown) {
    this.arm.showFrames(shown);
    this.stage.invalidate();
  }

  /** Show frames of something other than the arm; returns the playback. */
  async play(recorded) {
    this.playback?.close();
    this.playback = await Playback.open(this, recorded);
    return this.playback;
  }

  #step(now) {
    const positions = this.#follow.at(now);
    this.arm.pose(this.#names, positions);
    this.#following = !this.#follow.settled(now);
    return this.#following;
  }

  // Every state counts, however few pictures are drawn.
  #trace(positions) {
    this.arm.pose(this.#names, positions);
    this.trace.add(this.arm.toolPosition());
  }

  #fingers() {
    return this.#names.filter((name) => name.startsWith("finger"));
  }

  #colour() {
    const { accent } = theme();
    this.ghost.veil.color.set(accent);
    for (const trace of [this.trace, this.ahead]) trace.material.color.set(accent);
  }
}
