// One motion from wish to end: plan, preview, approval where the policy asks, execution.

import { described } from "../problem.js";
import { execute, makePlan } from "./robot-api.js";
import { lessMotion } from "./theme.js";
import { purpose } from "./words.js";

const LOOK_MS = 900;

export class Motions {
  #wish = null;

  /** @param {{view: RobotView | null, status: Status, approvals: Approvals, onProblem: (problem: Problem | null) => void, onBusy: (busy: boolean) => void}} parts */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** Whether a motion of this page is between wish and end. */
  get busy() {
    return this.#wish !== null;
  }

  /** Plan a motion, show it, and carry it out if it is allowed; arguments may be a promise of them. */
  async make(tool, args) {
    if (this.#wish?.executing) return;
    const wish = (this.#wish = { tool, arguments: {} });
    this.onProblem(null);
    this.onBusy(true);
    this.status.say("Planning");
    try {
      wish.arguments = await args;
      const plan = await makePlan(tool, wish.arguments);
      if (this.#wish === wish) await this.#show(wish, plan);
    } catch (error) {
      this.#fail(wish, error);
    }
  }

  /** Forget the present wish, as after a stop. */
  cancel() {
    this.approvals.clear();
    this.#end(this.#wish);
  }

  async #show(wish, plan) {
    const proposal = { ...wish, ...plan };
    if (plan.preview?.positions?.length) this.view?.preview(plan.preview);
    if (plan.verdict === "ask") {
      this.status.say("Waiting for approval");
      this.approvals.add(proposal, { onApproved: () => this.#execute(wish, plan.digest), onRejected: () => this.#end(wish) });
      return;
    }
    this.status.say(purpose(wish));
    if (this.view && !lessMotion()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    await this.#execute(wish, plan.digest);
  }

  async #execute(wish, digest) {
    if (this.#wish !== wish) return;
    wish.executing = true;
    this.status.say("");
    try {
      await execute(digest);
      this.#end(wish);
    } catch (error) {
      this.#fail(wish, error);
    }
  }

  #fail(wish, error) {
    if (this.#wish !== wish) return;
    this.#end(wish);
    this.onProblem(described(error));
  }

  #end(wish) {
    if (this.#wish !== wish) return;
    this.#wish = null;
    this.status.say("");
    this.view?.endPreview();
    this.onBusy(false);
  }
}
