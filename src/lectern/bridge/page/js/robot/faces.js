// The two tabs of a narrow window: the chat, or the robot.

import { openTabs } from "./tabs.js";

/** Let the tabs choose what a narrow window shows. */
export function openFaces() {
  openTabs(document.getElementById("faces"), (tab) => {
    document.body.dataset.face = tab.dataset.face;
    scrollTo(0, 0);
  });
}
