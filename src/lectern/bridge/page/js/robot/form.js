// A form made from a demo's parameters (JSON schema): numbers with range and unit, choices, switches, lists.

import { make } from "../dom.js";
import { capital, readable, shown } from "./words.js";

/**
 * @param {Record<string, object>} properties by name
 * @returns {{element: HTMLElement, values: () => Record<string, any>}}
 */
export function schemaForm(properties) {
  const fields = Object.entries(properties).map(([name, schema]) => field(name, plain(schema)));
  return {
    element: make("div", { class: "fields" }, ...fields.map(({ element }) => element)),
    values: () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined)),
  };
}

// An optional value is a choice between its type and null.
function plain(schema) {
  const option = schema.anyOf?.find(({ type }) => type !== "null");
  return option ? { ...schema, ...option } : schema;
}

function field(name, schema) {
  const { label, unit } = readable(name);
  const input = inputOf(schema);
  const hint = [schema.description, rangeText(schema, unit)].filter(Boolean).join(" ");
  const id = `parameter-${name}`;
  input.element.id = id;
  if (hint) input.element.setAttribute("aria-describedby", `${id}-hint`);
  const title = make("label", { for: id }, label, ...(unit ? [make("span", { class: "unit" }, ` ${unit}`)] : []));
  const element = make("div", { class: input.wide ? "parameter wide-field" : "parameter" }, title, input.element, ...(hint ? [make("span", { class: "field-hint", id: `${id}-hint` }, hint)] : []));
  return { name, element, read: input.read };
}

function inputOf(schema) {
  if (schema.enum) return choice(schema);
  if (schema.const !== undefined) return choice({ ...schema, enum: [schema.const] });
  if (schema.type === "boolean") return toggle(schema);
  if (schema.type === "array") return list(schema);
  if (schema.type === "number" || schema.type === "integer") return number(schema);
  return text(schema);
}

function choice(schema) {
  const options = schema.enum.map((value) => make("option", { value: String(value), selected: value === schema.default }, readable(String(value)).label));
  const element = make("select", {}, ...options);
  return { element, read: () => schema.enum[element.selectedIndex] };
}

function toggle(schema) {
  const element = make("input", { type: "checkbox", checked: schema.default === true });
  return { element, read: () => element.checked };
}

function number(schema) {
  const { low, high } = range(schema);
  const element = make("input", { type: "number", inputmode: "decimal", min: low, max: high, step: schema.type === "integer" ? 1 : "any", value: schema.default ?? undefined, placeholder: placeholder(schema) });
  return { element, read: () => (element.value === "" ? undefined : Number(element.value)) };
}

function list(schema) {
  const element = make("input", { type: "text", value: (schema.default ?? []).join(", "), spellcheck: "false" });
  return { element, wide: true, read: () => element.value.split(/[,;]/).map((part) => part.trim()).filter(Boolean).map((part) => (Number.isNaN(Number(part)) ? part : Number(part))) };
}

function text(schema) {
  const element = make("input", { type: "text", value: schema.default ?? "", placeholder: placeholder(schema) });
  return { element, read: () => element.value || undefined };
}

// What is left empty, the seed decides.
function placeholder(schema) {
  return schema.default === null ? "by chance" : undefined;
}

function range(schema) {
  return { low: schema.minimum ?? schema.exclusiveMinimum, high: schema.maximum ?? schema.exclusiveMaximum };
}

function rangeText(schema, unit) {
  const item = schema.type === "array" ? (schema.prefixItems?.[0] ?? schema.items ?? {}) : schema;
  const { low, high } = range(item);
  const after = unit ? (unit === "°" ? unit : ` ${unit}`) : "";
  const above = item.minimum === undefined;
  const below = item.maximum === undefined;
  if (low !== undefined && high !== undefined && !above && !below) return `${shown(low)} to ${shown(high)}${after}.`;
  const bounds = [
    low !== undefined && `${above ? "more than" : "at least"} ${shown(low)}`,
    high !== undefined && `${below ? "less than" : "at most"} ${shown(high)}`,
  ].filter(Boolean);
  return bounds.length ? capital(`${bounds.join(", ")}${after}.`) : "";
}
