// The API reference: draws /openapi.json, and sends requests to this server for those who want to try.
import { byId, copy, h } from "/assets/dom.js";
import { example, fields, kind, resolver } from "/assets/schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const token = byId("token");

function highlighted(path) {
  return path.split(/(\{\w+\})/).map((part) => (part.startsWith("{") ? h("i", {}, part) : part));
}

/** target is the path of a request with the values that were filled in. */
function target(path, inputs) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value || `{${parameter.name}}`));
    else if (parameter.in === "query" && input.value !== "") query.set(parameter.name, input.value);
  }
  return query.size ? `${filled}?${query}` : filled;
}

function curl(method, url, locked) {
  const parts = ["curl"];
  if (method !== "get") parts.push("-X", method.toUpperCase());
  if (locked) parts.push("-H", `"Authorization: Bearer ${token.value || "$TOKEN"}"`);
  parts.push(`'${location.origin}${url}'`);
  return parts.join(" ");
}

async function send(method, url, output) {
  output.replaceChildren(h("p", { class: "soft" }, "waiting"));
  const began = performance.now();
  try {
    const headers = token.value ? { Authorization: `Bearer ${token.value.trim()}` } : {};
    const answer = await fetch(url, { method: method.toUpperCase(), headers });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
    const note = `${Math.round(performance.now() - began)} ms · request ${answer.headers.get("X-Request-Id") ?? "–"}`;
    output.replaceChildren(
      h("p", {}, h("b", { class: `status ${answer.ok ? "ok" : "bad"}` }, `${answer.status} ${answer.statusText}`), " ", h("span", { class: "soft small" }, note)),
      h("pre", { tabindex: "0" }, shown));
  } catch {
    output.replaceChildren(h("p", {}, "The server does not answer."));
  }
}

function field(parameter, resolve) {
  const schema = resolve(parameter.schema);
  const bounds = [];
  if (schema.minimum !== undefined) bounds.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) bounds.push(`to ${schema.maximum}`);
  if (schema.default !== undefined) bounds.push(`default ${schema.default}`);
  const id = `field-${Math.random().toString(36).slice(2)}`;
  const input = schema.enum
    ? h("select", { id }, h("option", { value: "" }, "any"), schema.enum.map((v) => h("option", { value: v }, v)))
    : h("input", { id, placeholder: [parameter.required ? "required" : "", ...bounds].filter(Boolean).join(", "), autocomplete: "off", spellcheck: "false" });
  const row = h("div", { class: "parameter" },
    h("label", { for: id }, h("code", {}, parameter.name), h("span", { class: "in" }, `${parameter.in} · ${schema.enum ? "one of" : kind(schema)}`)),
    h("span", { class: "doc small" }, parameter.description ?? schema.description ?? ""),
    input);
  return { parameter, input, row };
}

function responses(operation, resolve) {
  return Object.entries(operation.responses).map(([status, response]) => {
    const schema = Object.values(response.content ?? {})[0]?.schema;
    const good = status.startsWith("2");
    return h("details", { open: good },
      h("summary", {}, h("b", { class: `status ${good ? "ok" : "bad"}` }, status), response.description),
      schema ? h("div", { class: "response" }, h("div", {}, fields(schema, resolve)),
        h("pre", { tabindex: "0" }, JSON.stringify(example(schema, resolve), null, 2))) : null);
  });
}

function drawOperation(method, path, operation, resolve) {
  const security = operation.security ?? [];
  const locked = security.length > 0 && security.every((s) => Object.keys(s).length > 0);
  const inputs = (operation.parameters ?? []).map((p) => field(resolve(p), resolve));
  const output = h("div", { class: "answer", "aria-live": "polite" });
  const url = () => target(path, inputs);
  const copyButton = h("button", { type: "button" }, "Copy curl");
  copyButton.addEventListener("click", () => copy(copyButton, curl(method, url(), locked)));
  return h("article", { class: "operation", id: operation.operationId },
    h("header", {},
      h("span", { class: "method" }, method.toUpperCase()), h("span", { class: "path" }, highlighted(path)),
      locked ? h("span", { class: "lock" }, "needs a token") : null,
      h("span", { class: "summary" }, operation.summary)),
    h("div", { class: "body" },
      operation.description ? h("p", {}, operation.description.replaceAll("`", "")) : null,
      h("div", {}, inputs.length ? h("h4", {}, "Parameters") : null, inputs.map((i) => i.row)),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "primary", onclick: () => send(method, url(), output) }, "Send"), copyButton),
      output,
      h("div", {}, h("h4", {}, "Answers"), responses(operation, resolve))));
}

function draw(doc) {
  const resolve = resolver(doc);
  byId("version").textContent = doc.info.version;
  byId("intro").textContent = (doc.info.description ?? "").replaceAll("`", "");
  const all = Object.entries(doc.paths).flatMap(([path, item]) =>
    METHODS.filter((m) => item[m]).map((m) => ({ method: m, path, operation: item[m] })));
  for (const tag of doc.tags ?? []) {
    const own = all.filter(({ operation }) => operation.tags?.includes(tag.name));
    if (own.length === 0) continue;
    byId("contents").append(h("h2", {}, tag.name), ...own.map(({ operation }) => h("a", { href: `#${operation.operationId}` }, operation.summary)));
    byId("operations").append(h("h2", { class: "tag" }, tag.name), h("p", { class: "soft" }, (tag.description ?? "").replaceAll("`", "")),
      ...own.map(({ method, path, operation }) => drawOperation(method, path, operation, resolve)));
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("input", () => sessionStorage.setItem("token", token.value));
try {
  draw(await (await fetch("/openapi.json")).json());
} catch {
  byId("intro").textContent = "Cannot load /openapi.json.";
}
