// How many pixels a picture gets: all of them, unless a processor has to do the graphics card's work.

const MAX_RATIO = 2;
const MAX_STILL_RATIO = 3;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const SLOW_FRAME_MS = 60;
const SLOW_FRAMES = 6;
const COARSE = [0.75, 0.5];

/** Whether pictures are drawn without a graphics card. */
export function drawsInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) throw new Error("no WebGL");
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(renderer);
}

/** Pixel ratios; a slow machine draws coarsely while things move and finely once they rest. */
export class Sharpness {
  #slow = 0;
  #last = 0;
  #level = -1;

  /** @param {boolean} software whether to begin coarse */
  constructor(software) {
    if (software) this.#level = 0;
  }

  get adapts() {
    return this.#level >= 0;
  }

  /** Ratio for a picture that rests. */
  get still() {
    // Without a card, edges are smoothed by more pixels than the screen has.
    return this.adapts ? Math.min(devicePixelRatio + 1, MAX_STILL_RATIO) : Math.min(devicePixelRatio, MAX_RATIO);
  }

  /** Ratio for a picture in a motion, at a time in ms. */
  moving(now) {
    const slow = this.#last && now - this.#last > SLOW_FRAME_MS;
    this.#last = now;
    this.#slow = slow ? this.#slow + 1 : 0;
    if (this.#slow >= SLOW_FRAMES && this.#level < COARSE.length - 1) {
      this.#level += 1;
      this.#slow = 0;
    }
    return this.adapts ? COARSE[this.#level] : this.still;
  }

  /** The motion ended; the next pause between pictures says nothing. */
  rest() {
    this.#last = 0;
  }
}
