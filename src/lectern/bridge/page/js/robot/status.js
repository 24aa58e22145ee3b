// What the robot is doing, in words, for eyes and for screen readers.

const byId = (id) => document.getElementById(id);
const LINKS = { open: "Live", waiting: "Reconnecting", connecting: "Connecting" };
const ACTIVITIES = { idle: "Ready", moving: "Moving", stopping: "Stopping", failed: "Out of order", unknown: "Unknown" };

export class Status {
  #activity = "";
  #note = "";
  #told = "";
  #passing = false;

  /** Show whether states arrive; where none do, nobody knows what the robot does. */
  link(state) {
    byId("link").dataset.state = state;
    byId("link").textContent = LINKS[state];
    if (state !== "waiting") return;
    this.say("");
    this.progress(null);
    this.activity("unknown");
  }

  /** Show the activity that the robot reports. */
  activity(activity) {
    if (activity === this.#activity) return;
    this.#activity = activity;
    document.body.dataset.activity = activity;
    if (this.#passing) this.#note = "";
    this.#show();
  }

  /** Show one sentence about what happens; an empty one, or a change after a passing one, goes back to the activity. */
  say(note, passing = false) {
    this.#note = note;
    this.#passing = passing;
    this.#show();
  }

  /** Show what the running demo does; an empty text takes away what was told, unless something else is said by now. */
  tell(text) {
    if (text || this.#note === this.#told) this.say(text);
    this.#told = text;
  }

  /** Show how much of a motion is done, 0 to 1; null hides it. */
  progress(fraction) {
    byId("progress").hidden = fraction === null;
    if (fraction !== null) byId("progress").value = fraction;
  }

  #show() {
    const text = this.#note || ACTIVITIES[this.#activity] || this.#activity;
    if (byId("activity").textContent !== text) byId("activity").textContent = text;
  }
}
