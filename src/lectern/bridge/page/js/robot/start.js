// Whether there is a robot, and the panel that goes with it. The chat never waits for it.

import { openFaces } from "./faces.js";

const LONGEST_WAIT_MS = 1500;

/** Open the robot panel once the chat is usable. */
export async function openRobot(passages) {
  await idle();
  if (document.body.dataset.robot === "off") return;
  openFaces();
  const { openPanel } = await import("./panel.js");
  await openPanel(passages);
}

function idle() {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(resolve, { timeout: LONGEST_WAIT_MS });
    else setTimeout(resolve, LONGEST_WAIT_MS / 5);
  });
}
