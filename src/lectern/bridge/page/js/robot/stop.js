// Stop: buttons of which one is always in reach, and two keys.

import { described } from "../problem.js";
import { stop } from "./robot-api.js";

/**
 * Let the buttons, Escape (anywhere in the panel) and Space (in the view) stop the robot.
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
      onProblem(described(error));
    }
  };
  // More than one button: where something covers the panel, it has one of its own.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-stop]")) halt();
  });
  document.getElementById("robot").addEventListener("keydown", (event) => {
    const inView = event.target.id === "view-canvas";
    if (event.key !== "Escape" && !(event.key === " " && inView)) return;
    event.preventDefault();
    halt();
  });
}
