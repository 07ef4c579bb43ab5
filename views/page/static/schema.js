// What the API reference needs to know of JSON Schema: references, types in words, a tree of fields and an example.
import { h } from "/assets/dom.js";

const DEPTH = 6; // deeper than any of ours; ends schemas that refer to themselves

/** resolver returns a function that follows a schema's $ref within the document. */
export function resolver(doc) {
  return function resolve(schema) {
    let found = schema ?? {};
    for (let i = 0; found.$ref && i < 10; i++) {
      found = found.$ref.slice(2).split("/").reduce((node, key) => node?.[key], doc) ?? {};
    }
    return found;
  };
}

/** kind says a schema's type in words. */
export function kind(schema) {
  const types = [schema.type ?? "any"].flat();
  let word = types.filter((t) => t !== "null").join(" or ");
  if (schema.format === "date-time") word = "time";
  else if (schema.contentEncoding) word = schema.contentEncoding;
  if (schema.enum) word = schema.enum.filter((v) => v !== null).join(" | ");
  return types.includes("null") ? `${word} or null` : word;
}

/** fields draws the properties of a schema as a tree. */
export function fields(schema, resolve, depth = 0) {
  let object = resolve(schema);
  while (object.items) object = resolve(object.items);
  if (!object.properties || depth > DEPTH) return null;
  return h("ul", { class: "fields" }, Object.entries(object.properties).map(([name, property]) => {
    const found = resolve(property);
    const list = found.items !== undefined;
    const note = property.description ?? found.description;
    const element = list ? resolve(found.items) : found;
    const word = list ? `list of ${element.properties ? "" : kind(element)}` : element.properties ? "" : kind(found);
    return h("li", {}, h("code", {}, name), h("span", { class: "type" }, word),
      note && !element.properties ? h("span", { class: "doc" }, note) : null, fields(property, resolve, depth + 1));
  }));
}

/** example makes a value that the schema describes. */
export function example(schema, resolve, depth = 0) {
  const found = resolve(schema);
  const given = schema?.examples?.[0] ?? found.examples?.[0] ?? found.default ?? found.enum?.[0];
  if (given !== undefined) return given;
  if (depth > DEPTH) return null;
  const type = [found.type].flat().find((t) => t !== "null");
  if (found.properties) {
    return Object.fromEntries(Object.entries(found.properties).map(([name, p]) => [name, example(p, resolve, depth + 1)]));
  }
  switch (type) {
    case "array": return Array.from({ length: found.minItems ?? 1 }, () => example(found.items, resolve, depth + 1));
    case "object": return found.additionalProperties ? { name: example(found.additionalProperties, resolve, depth + 1) } : {};
    case "integer": return found.minimum ?? 0;
    case "number": return found.minimum ?? 0.5;
    case "boolean": return false;
    case "string":
      if (found.format === "date-time") return "2026-03-01T10:00:00.000Z";
      return found.contentEncoding ? "e30=" : "…";
    default: return null;
  }
}
