// The bridge's HTTP interface as functions.

import { readEvents } from "./sse.js";

const RECONNECTS = 6;
const FIRST_PAUSE_MS = 300;

/** A failure that the bridge described, or one that we describe in the same form. */
export class Problem extends Error {
  constructor({ title, detail, remedy, code, request_id: requestId }) {
    super(detail);
    Object.assign(this, { title, detail, remedy, code, requestId });
  }
}

/**
 * Ask a question and hand over the events of the answer; a lost connection is taken up again.
 * Resolves after `done`.
 * @throws {Problem} whatever the bridge answers instead
 */
export async function ask({ question, conversationId, signal, onEvent }) {
  const body = JSON.stringify({ question, conversation_id: conversationId ?? undefined });
  let lastEventId = "";
  let failures = 0;
  let complete = false;
  for (;;) {
    try {
      const response = await post(body, lastEventId, signal);
      for await (const event of readEvents(response.body)) {
        lastEventId = event.id;
        failures = 0;
        if (event.name === "error") throw new Problem(event.data);
        onEvent(event.name, event.data);
        complete ||= event.name === "done";
      }
    } catch (error) {
      if (!complete && (signal.aborted || error instanceof Problem)) throw error;
    }
    if (complete) return;
    failures += 1;
    if (!lastEventId || failures > RECONNECTS) throw unreachable();
    await pause(FIRST_PAUSE_MS * 2 ** (failures - 1), signal);
  }
}

/**
 * Read one passage.
 * @throws {Problem}
 */
export function readPassage(passageId, signal) {
  return call("GET", `api/v1/passages/${encodeURIComponent(passageId)}`, undefined, signal);
}

/**
 * Send a request and read the JSON that comes back.
 * @throws {Problem} whatever the bridge answers instead
 */
export async function call(method, path, body, signal) {
  const json = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, { method, signal, ...json });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

async function post(body, lastEventId, signal) {
  const headers = { "Content-Type": "application/json" };
  if (lastEventId) headers["Last-Event-ID"] = lastEventId;
  const response = await fetch("api/v1/chat/stream", { method: "POST", headers, body, signal });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  try {
    return new Problem(await response.json());
  } catch {
    return new Problem({
      title: "Unexpected answer",
      detail: `The bridge answered with status ${response.status}.`,
      code: "unexpected_answer",
      request_id: response.headers.get("X-Request-ID") ?? "",
    });
  }
}

function unreachable() {
  return new Problem({
    title: "The bridge cannot be reached",
    detail: "The connection to the bridge was lost.",
    remedy: "Check that it is still running, then try again.",
    code: "unreachable",
    request_id: "",
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
