// Smooth motion between the states that arrive over the network.

const STILL = 1e-5;
const MAX_INTERVAL_MS = 250;

/** Values that glide from each state to the next, one interval late. */
export class Follow {
  #from = null;
  #to = null;
  #since = 0;
  #heard = 0;
  #interval = 1;

  /** Take a new state; returns whether it differs from the last one. */
  push(values, now) {
    if (!this.#to) {
      this.#from = this.#to = [...values];
      this.#heard = now;
      return true;
    }
    const gap = now - this.#heard;
    this.#heard = now;
    if (!values.some((value, index) => Math.abs(value - this.#to[index]) > STILL)) return false;
    this.#from = this.at(now);
    this.#interval = Math.min(Math.max(gap, 1), MAX_INTERVAL_MS);
    this.#since = now;
    this.#to = [...values];
    return true;
  }

  /** The values to show at a time in ms. */
  at(now) {
    if (!this.#to) return null;
    const share = Math.min(Math.max((now - this.#since) / this.#interval, 0), 1);
    return this.#to.map((value, index) => this.#from[index] + (value - this.#from[index]) * share);
  }

  /** Whether the last state is reached. */
  settled(now) {
    return now - this.#since >= this.#interval;
  }
}
