// The chat page: the question field, the conversation, and what connects them.

import { ask } from "./api.js";
import { Exchange } from "./exchange.js";
import { PassagePanel } from "./passage.js";
import { described } from "./problem.js";
import { openRobot } from "./robot/start.js";

const byId = (id) => document.getElementById(id);
const field = byId("question");
const maxChars = Number(field.dataset.maxChars);
const passages = new PassagePanel();

let conversationId = null;
let running = null;

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(field.value);
});
field.addEventListener("keydown", (event) => {
  // While a word is being composed, Enter accepts the word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit(field.value);
});
field.addEventListener("input", showState);
byId("stop").addEventListener("click", () => running?.abort());
byId("new-conversation").addEventListener("click", startOver);
byId("welcome").addEventListener("click", (event) => {
  const example = event.target.closest("[data-question]");
  if (example) submit(example.dataset.question);
});
showState();
openRobot(passages);

function submit(text) {
  const question = text.trim();
  if (!question || running || length(question) > maxChars) return;
  field.value = "";
  run(question);
  field.focus();
}

async function run(question, replaced = null) {
  const exchange = new Exchange(question, (place) => passages.open(place));
  const controller = new AbortController();
  running = controller;
  show(exchange.element, replaced);
  announce("Looking in the book.");
  try {
    await ask({
      question,
      conversationId,
      signal: controller.signal,
      onEvent: (name, data) => {
        if (running !== controller) return;
        if (data.conversation_id) conversationId = data.conversation_id;
        exchange.take(name, data);
      },
    });
    if (running === controller) announce(exchange.body.innerText);
  } catch (error) {
    if (controller.signal.aborted) exchange.stopped();
    else exchange.failed(described(error), () => !running && run(question, exchange.element));
    announce(exchange.after.innerText);
  } finally {
    if (running === controller) running = null;
    showState();
  }
}

function show(element, replaced) {
  byId("welcome").hidden = true;
  byId("new-conversation").hidden = false;
  if (replaced) replaced.replaceWith(element);
  else byId("conversation").append(element);
  showState();
  element.scrollIntoView({ block: "start" });
}

function startOver() {
  const stopped = running;
  running = null;
  stopped?.abort();
  conversationId = null;
  byId("conversation").replaceChildren();
  byId("welcome").hidden = false;
  byId("new-conversation").hidden = true;
  announce("New conversation.");
  showState();
  field.focus();
}

function showState() {
  const used = length(field.value.trim());
  const tooLong = used > maxChars;
  byId("send").hidden = Boolean(running);
  byId("stop").hidden = !running;
  byId("send").disabled = used === 0 || tooLong;
  field.setAttribute("aria-invalid", String(tooLong));
  byId("limit").textContent = limitText(used, tooLong);
}

function limitText(used, tooLong) {
  const count = `${used.toLocaleString("en")} of ${maxChars.toLocaleString("en")} characters`;
  if (tooLong) return `Too long: ${count}. Please shorten the question.`;
  return used > maxChars * 0.8 ? count : "";
}

// The bridge counts characters, not the UTF-16 units of `length`.
function length(text) {
  return [...text].length;
}

function announce(text) {
  byId("announcer").textContent = text;
}
