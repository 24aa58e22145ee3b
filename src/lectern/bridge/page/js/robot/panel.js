// The robot panel: puts its parts together and hands them what arrives.

import { make, switchOff } from "../dom.js";
import { described, problemElement } from "../problem.js";
import { Approvals } from "./approvals.js";
import { Demos } from "./demos.js";
import { Joints } from "./joints.js";
import { Motions } from "./motions.js";
import { openMoves } from "./moves.js";
import { openPlayer } from "./player.js";
import { readPending, readRobot, readScene, readState, reset } from "./robot-api.js";
import { RobotSocket } from "./socket.js";
import { Status } from "./status.js";
import { openStop } from "./stop.js";
import { openTabs } from "./tabs.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const byId = (id) => document.getElementById(id);

/** Open the panel as soon as the robot is ready. */
export async function openPanel(passages) {
  await new Panel(await whenReady(), passages).open();
}

// The bridge answers questions while the robot still starts.
async function whenReady() {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await readRobot();
    } catch (error) {
      const problem = described(error);
      byId("view-note").textContent = [problem.message, problem.remedy].filter(Boolean).join(" ");
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

class Panel {
  #names = [];
  #view = null;
  #demoRuns = false;
  #shown = null;

  constructor(robot, passages) {
    this.robot = robot;
    this.status = new Status();
    this.approvals = new Approvals(byId("approvals"), {
      onShow: (proposal) => proposal.preview && this.#view?.preview(proposal.preview),
      onEnd: () => !this.motions.busy && this.#view?.endPreview(),
    });
    this.motions = new Motions({ status: this.status, approvals: this.approvals, onProblem: (problem) => this.#problem(problem), onBusy: (busy) => this.#busy(busy) });
    this.joints = new Joints(byId("joints"), robot.joints, {
      onTry: (positions) => this.#view?.previewPose(robot.joints.map(({ name }) => name), positions),
      onWish: (positions) => this.motions.make("move_joints", { positions_rad: positions, speed_scale: this.moves.speed() }),
    });
    this.demos = new Demos(byId("pane-demos"), { passages, status: this.status, onRun: (running) => this.#running(running), onPlay: (playback) => this.#play(playback) });
  }

  async open() {
    openTabs(byId("panes"), (tab) => this.#choosePane(tab));
    this.moves = openMoves(byId("moves"), this.robot, { motions: this.motions, onReset: () => this.#reset() });
    this.#policy();
    this.status.link("connecting");
    this.socket = new RobotSocket({ onMessage: (message) => this.#take(message), onLink: (state) => this.#link(state) });
    openStop({ socket: this.socket, status: this.status, onStop: () => this.motions.cancel(), onProblem: (problem) => this.#problem(problem) });
    await Promise.all([this.demos.open(), this.#openView()]);
  }

  async #openView() {
    try {
      const { RobotView } = await import("./view.js");
      this.#view = this.motions.view = await RobotView.open(byId("view-canvas"));
    } catch (error) {
      this.#withoutView(error);
      return;
    }
    byId("view-note").hidden = true;
    byId("view-reset").addEventListener("click", () => this.#view.stage.resetCamera());
    byId("view-frames").addEventListener("click", ({ currentTarget: button }) => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      this.#view.showFrames(on);
    });
    await Promise.all([this.#readScene(), this.#readState()]);
    byId("view").dataset.ready = "true";
  }

  // All controls work without the picture.
  #withoutView(error) {
    const noWebgl = !document.createElement("canvas").getContext("webgl2");
    byId("view-canvas").hidden = byId("view-tools").hidden = true;
    byId("view-note").textContent = noWebgl ? "This browser has no WebGL, so there is no 3D view. Everything else works." : described(error).message;
  }

  async #readScene() {
    try {
      const scene = await readScene();
      this.#view?.setScene(scene);
      this.#nameUndrawn(scene);
    } catch (error) {
      this.#problem(described(error));
    }
  }

  // The form of a mesh is in a file that the page is not given.
  #nameUndrawn({ objects }) {
    const names = objects.filter(({ shape }) => shape.type === "mesh").map(({ name }) => name);
    byId("view-undrawn").textContent = this.#view && names.length ? `There, but not drawn, being meshes: ${names.join(", ")}` : "";
  }

  async #readState() {
    const state = await readState();
    this.#names = state.names;
    this.#state(state);
  }

  #take(message) {
    if (message.names) this.#names = message.names;
    if (message.type === "state") this.#state(message);
    else if (message.type === "motion") this.#motion(message);
    else if (message.type === "approval") this.approvals.add(message.proposal);
    else if (message.type === "approved" || message.type === "rejected") this.approvals.settle(message.digest, message.type);
    else if (message.type === "demo") this.status.tell(message.text);
    else if (message.type === "scene") this.#readScene();
  }

  #state({ positions, activity, objects }) {
    this.status.activity(activity);
    if (positions.includes(null)) return; // a joint that is not known
    this.#view?.take(this.#names, positions, objects);
    this.joints.show(this.#names, positions);
  }

  #motion({ phase, fraction }) {
    // A demo's motions draw one line together.
    if (phase === "started") this.#view?.traceTool(true, !this.#demoRuns);
    if (phase === "started" || phase === "progress") return this.status.progress(fraction ?? 0);
    this.#view?.traceTool(false);
    return this.status.progress(null);
  }

  async #link(state) {
    this.status.link(state);
    if (state !== "open") return;
    if (this.#shown?.code === "unreachable") this.#problem(null);
    this.demos.reconnected();
    try {
      const { proposals } = await readPending();
      for (const proposal of proposals) if (proposal.verdict === "ask") this.approvals.add(proposal);
    } catch {
      // The connection is gone again; it will be taken up and the list read then.
    }
    await this.#readScene();
  }

  async #reset() {
    this.#problem(null);
    this.status.say("Resetting");
    try {
      await reset();
    } catch (error) {
      this.#problem(described(error));
    }
    this.status.say("");
  }

  async #play(recorded) {
    if (this.#view) openPlayer(byId("player"), await this.#view.play(recorded));
  }

  #choosePane(tab) {
    for (const other of byId("panes").querySelectorAll('[role="tab"]')) byId(other.getAttribute("aria-controls")).hidden = other !== tab;
  }

  #policy() {
    const simulated = this.robot.reality === "sim" ? "Simulated" : "Real";
    const texts = { auto: "motions start at once", ask: "each motion is approved by you", off: "motions are switched off" };
    byId("policy").textContent = `${simulated} arm, ${texts[this.robot.policy] ?? this.robot.policy}`;
  }

  #busy(busy) {
    this.joints.disable(busy);
    if (!busy) this.joints.release();
  }

  #running(running) {
    this.#demoRuns = running;
    if (running) this.#view?.traceTool(false, true);
    this.joints.disable(running);
    for (const button of byId("moves").querySelectorAll("button")) switchOff(button, running);
    if (running) this.#problem(null);
  }

  #problem(problem) {
    this.#shown = problem;
    const dismiss = make("button", { type: "button", class: "quiet", onclick: () => this.#problem(null) }, "Dismiss");
    byId("robot-problem").replaceChildren(...(problem ? [problemElement(problem, dismiss)] : []));
  }
}
