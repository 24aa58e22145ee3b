// The operations of openapi.json as a page, without anything from another host.

import { make } from "./dom.js";

const byId = (id) => document.getElementById(id);

const api = await (await fetch("openapi.json")).json();
byId("description").append(...withCode(api.info.description));
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    byId("operations").append(operationElement(method.toUpperCase(), path, operation));
  }
}

function operationElement(method, path, operation) {
  const body = make("div", { class: "operation prose" });
  if (operation.description) {
    for (const paragraph of operation.description.split("\n\n")) body.append(make("p", {}, ...withCode(paragraph)));
  }
  if (operation.parameters?.length) body.append(make("h3", {}, "Parameters"), parametersElement(operation.parameters));
  for (const content of Object.values(operation.requestBody?.content ?? {})) {
    body.append(make("h3", {}, "Request body"), exampleElement(exampleOf(content)));
  }
  body.append(make("h3", {}, "Responses"));
  for (const [status, response] of Object.entries(operation.responses)) body.append(...responseElements(status, response));
  return make(
    "details",
    { id: operation.operationId },
    make("summary", {}, make("b", { class: "method" }, method), make("code", {}, path), make("span", {}, operation.summary ?? "")),
    body,
  );
}

function parametersElement(parameters) {
  const rows = parameters.map(({ name, in: where, required, description = "", schema }) =>
    make("li", {}, make("code", {}, name), ` (${where}, ${typeName(schema)}${required ? ", required" : ""}) `, ...withCode(description)),
  );
  return make("ul", {}, ...rows);
}

function typeName(schema = {}) {
  return schema.type ?? (schema.anyOf ?? []).map((one) => one.type).filter(Boolean).join(" or ");
}

function* responseElements(status, { description, content = {} }) {
  yield make("h4", {}, `${status} `, ...withCode(description ?? ""));
  for (const media of Object.values(content)) {
    const example = exampleOf(media);
    if (example !== undefined) yield exampleElement(example);
  }
}

function exampleOf({ example, examples, schema }) {
  if (example !== undefined) return example;
  const [first] = Object.values(examples ?? {});
  return first ? first.value : exampleOfSchema(schema ?? {});
}

function exampleOfSchema(given) {
  const schema = given.$ref ? api.components.schemas[given.$ref.split("/").at(-1)] : given;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.properties) return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, exampleOfSchema(one)]));
  if (schema.type === "array") return [exampleOfSchema(schema.items)];
  return schema.enum?.[0] ?? typeName(schema);
}

function exampleElement(example) {
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  return make("pre", { tabindex: "0" }, make("code", {}, text));
}

// Descriptions carry `code` between backticks, and nothing else.
function* withCode(text) {
  for (const [index, part] of text.split("`").entries()) yield index % 2 ? make("code", {}, part) : part;
}
