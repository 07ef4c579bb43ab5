// The documents by the rules of those who made their formats.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import asyncapi from "@asyncapi/parser/cjs/index.js";

import { base } from "./server.mjs";

async function served(name) {
  const answer = await fetch(`${base}/${name}`);
  assert.equal(answer.status, 200);
  return answer.text();
}

test("openapi.json passes Redocly's recommended rules, warnings included", async () => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), "api-"));
  const file = path.join(dir, "openapi.json");
  await fs.writeFile(file, await served("openapi.json"));
  const redocly = path.join(import.meta.dirname, "node_modules/.bin/redocly");
  const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
  const { stdout } = await promisify(execFile)(redocly, ["lint", "--extends", "recommended", "--format", "json", file], { env }).catch((e) => e);
  const { problems } = JSON.parse(stdout);
  assert.deepEqual(problems.map((p) => `${p.severity} ${p.ruleId} ${p.location?.[0]?.pointer}: ${p.message}`), []);
  await fs.rm(dir, { recursive: true });
});

test("asyncapi.json is valid", async () => {
  const { document, diagnostics } = await new asyncapi.Parser().parse(await served("asyncapi.json"));
  // 3.0 is what its tools know; 3.1 is newer.
  const found = diagnostics.filter((d) => d.code !== "asyncapi-latest-version").map((d) => `${d.code} ${d.path.join("/")}: ${d.message}`);
  assert.deepEqual(found, []);
  assert.ok(document.channels().all().length >= 10);
  assert.ok(document.messages().all().length >= 12);
});
