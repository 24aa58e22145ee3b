// Stop: buttons of which one is always in reach, and two keys.

import { Problem } from "../api.js";
import { stop } from "./robot-api.js";

/**
 * Let the buttons, Escape (wherever the focus is) and Space (in the view) stop the robot.
 * @param {{socket: RobotSocket, status: Status, onStop: () => void, onProblem: (problem: Problem) => void}} parts
 */
export function openStop({ socket, status, onStop, onProblem }) {
  const halt = async () => {
    onStop();
    // Over the open connection for speed, and by a request for certainty; twice does no harm.
    socket.send({ type: "stop" });
    try {
      await stop();
      status.say("Stopped", true);
    } catch (error) {
      onProblem(undelivered(error));
    }
  };
  // More than one button: where something covers the panel, it has one of its own.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-stop]")) halt();
  });
  // Before any other listener, so that none can swallow the key.
  document.addEventListener("keydown", (event) => stops(event) && (event.preventDefault(), halt()), { capture: true });
}

// Escape closes a dialog first, and ends the composition of a word.
function stops(event) {
  if (event.repeat || event.isComposing) return false;
  if (event.key === "Escape") return !document.querySelector("dialog[open]");
  return event.key === " " && event.target.id === "view-canvas";
}

function undelivered(error) {
  const known = error instanceof Problem && error.code !== "unreachable" ? error : null;
  return new Problem({
    title: "The stop did not reach the robot",
    detail: known?.message ?? "The bridge does not answer, so the robot may still be moving.",
    remedy: "Press Stop again as soon as the page is live; a real robot has an emergency stop of its own.",
    code: known?.code ?? "unreachable",
    request_id: known?.requestId ?? "",
  });
}
