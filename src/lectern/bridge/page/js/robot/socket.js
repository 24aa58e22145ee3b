// The stream of robot states; a lost connection is taken up again, within two seconds of the bridge's return.

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 2_000;
const RATE_HZ = 30;

export class RobotSocket {
  #socket = null;
  #failures = 0;

  /**
   * @param {{onMessage: (message: object) => void, onLink: (state: "open" | "waiting") => void}} listeners
   */
  constructor(listeners) {
    this.listeners = listeners;
    this.#connect();
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#retryNow());
  }

  /** Send a message; returns false where there is no connection. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    const address = new URL(`api/v1/robot/ws?rate=${RATE_HZ}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      this.listeners.onLink("open");
    });
    socket.addEventListener("message", ({ data }) => this.listeners.onMessage(JSON.parse(data)));
    socket.addEventListener("close", () => this.#wait());
  }

  #wait() {
    this.listeners.onLink("waiting");
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.timer = setTimeout(() => this.#connect(), pause);
  }

  #retryNow() {
    if (this.#socket?.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.timer);
    this.#connect();
  }
}
