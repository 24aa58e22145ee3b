// The controls of a playback, below the view.

import { make } from "../dom.js";
import { shown } from "./words.js";

/**
 * Show the controls of a playback and start it.
 * @param {HTMLElement} place
 * @param {Playback} playback
 */
export function openPlayer(place, playback) {
  const toggle = make("button", { type: "button", class: "quiet" }, "Pause");
  const slider = make("input", { type: "range", min: 0, max: playback.duration_s, step: 0.01, "aria-label": "Time of the playback" });
  const time = make("output", {});
  const close = make("button", { type: "button", class: "quiet" }, "Back to the arm");
  playback.onTime = (now) => {
    slider.value = String(now);
    time.textContent = `${now.toFixed(1)} of ${shown(Number(playback.duration_s.toFixed(1)))} s`;
    toggle.textContent = playback.playing ? "Pause" : "Play";
  };
  toggle.addEventListener("click", () => {
    if (playback.playing) playback.pause();
    else playback.play();
    playback.onTime(playback.time_s);
  });
  slider.addEventListener("input", () => {
    playback.pause();
    playback.seek(Number(slider.value));
  });
  close.addEventListener("click", () => {
    playback.close();
    place.replaceChildren();
  });
  const legend = make("p", { class: "legend" }, make("span", { class: "key truth" }, "Truth"), make("span", { class: "key odometry" }, "Odometry"));
  place.replaceChildren(make("div", { class: "player", role: "group", "aria-label": "Playback" }, toggle, slider, time, legend, close));
  playback.play();
}
