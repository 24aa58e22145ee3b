// The robot's HTTP interface as functions; each throws a `Problem` with a sentence and a remedy.

import { call } from "../api.js";

const ROOT = "api/v1/robot";
const STOP_TIMEOUT_MS = 3_000;
const path = encodeURIComponent;

export const readRobot = () => call("GET", ROOT);
export const readState = () => call("GET", `${ROOT}/state`);
export const readScene = () => call("GET", `${ROOT}/scene`);
export const readPending = () => call("GET", `${ROOT}/pending`);
export const readDemos = () => call("GET", `${ROOT}/demos`);
export const makePlan = (tool, args) => call("POST", `${ROOT}/plan`, { tool, arguments: args });
export const approve = (digest) => call("POST", `${ROOT}/approve`, { digest });
export const reject = (digest) => call("POST", `${ROOT}/reject`, { digest });
export const execute = (digest) => call("POST", `${ROOT}/execute`, { digest });
// A stop is never queued behind anything: no answer within this time is a failure.
export const stop = () => call("POST", `${ROOT}/stop`, { reason: "The reader pressed stop." }, AbortSignal.timeout(STOP_TIMEOUT_MS));
export const reset = () => call("POST", `${ROOT}/reset`, {});
export const runDemo = (name, parameters, seed) => call("POST", `${ROOT}/demos/${path(name)}`, { parameters, seed });
