// Motions that wait for a person: one card each, with what will move and until when.

import { isOff, make, switchOff } from "../dom.js";
import { described, problemElement } from "../problem.js";
import { approve, reject } from "./robot-api.js";
import { purpose, shown } from "./words.js";

const DIGITS = 12;

export class Approvals {
  #cards = new Map();

  /**
   * @param {HTMLElement} place
   * @param {{onShow: (proposal: object) => void, onEnd: () => void}} listeners
   */
  constructor(place, listeners) {
    this.place = place;
    this.listeners = listeners;
    setInterval(() => this.#count(), 500);
  }

  /**
   * Show a proposal; the same one is shown once.
   * @param {object} proposal of `POST /plan`, `GET /pending` or an `approval` message
   * @param {{onApproved?: () => void, onRejected?: () => void}} then what follows, for a plan of this page
   */
  add(proposal, then) {
    const known = this.#cards.get(proposal.digest);
    if (known && !then) return;
    known?.element.remove(); // the page that planned knows more about it than the announcement
    const card = { proposal, then, element: null };
    card.element = this.#element(card);
    this.#cards.set(proposal.digest, card);
    this.place.append(card.element);
    this.#count();
    this.listeners.onShow(proposal);
  }

  /** Take a card away that was decided, here or elsewhere: `approved` or `rejected`. */
  settle(digest, decision) {
    const then = this.#cards.get(digest)?.then;
    this.#remove(digest);
    (decision === "approved" ? then?.onApproved : then?.onRejected)?.();
  }

  /** Take all cards away, as a stop voids every proposal. */
  clear() {
    for (const digest of [...this.#cards.keys()]) this.#remove(digest);
  }

  #element(card) {
    const { proposal } = card;
    card.expiry = make("span", { class: "expiry" });
    card.problem = make("div");
    const lines = [proposal.duration_s !== undefined && `Takes ${shown(proposal.duration_s)} s.`, proposal.reason].filter(Boolean);
    return make(
      "section",
      { class: "approval", role: "group", "aria-label": `Approval wanted: ${purpose(proposal)}` },
      make("p", { class: "approval-title" }, "Approval wanted"),
      make("p", { class: "approval-what" }, purpose(proposal)),
      make("p", { class: "approval-more" }, [...lines, ""].join(" "), "Plan ", make("code", {}, proposal.digest.slice(0, DIGITS)), ", ", card.expiry),
      make(
        "p",
        { class: "row" },
        make("button", { type: "button", class: "primary", onclick: () => this.#decide(card, approve, "approved") }, "Approve"),
        make("button", { type: "button", class: "quiet", onclick: () => this.#decide(card, reject, "rejected") }, "Reject"),
      ),
      card.problem,
    );
  }

  async #decide(card, send, decision) {
    const buttons = card.element.querySelectorAll("button");
    if (isOff(buttons[0])) return;
    for (const button of buttons) switchOff(button, true);
    try {
      await send(card.proposal.digest);
      this.settle(card.proposal.digest, decision);
    } catch (error) {
      card.problem.replaceChildren(problemElement(described(error)));
      for (const button of buttons) switchOff(button, false);
    }
  }

  #count() {
    for (const [digest, { proposal, expiry }] of this.#cards) {
      const left = Math.ceil(proposal.expires_at - Date.now() / 1000);
      if (left <= 0) this.settle(digest, "rejected");
      else expiry.textContent = `expires in ${left} s`;
    }
  }

  #remove(digest) {
    const element = this.#cards.get(digest)?.element;
    const focused = element?.contains(document.activeElement);
    element?.remove();
    this.#cards.delete(digest);
    // What was approved moves now: the next key press stops it.
    if (focused) document.getElementById("robot-stop").focus();
    if (!this.#cards.size) this.listeners.onEnd();
  }
}
