// The API reference in a browser: it draws the document, finds, sends a body with a token, and asks no other host for anything.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { base, mint } from "./server.mjs";

const screenshots = process.env.SCREENSHOTS; // a directory, for who wants to look
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** open returns the page with what went wrong on it, and all that it asked for. */
async function open(options) {
  const page = await browser.newPage(options);
  const wrong = [];
  const asked = [];
  page.on("request", (r) => asked.push(r.url()));
  page.on("pageerror", (e) => wrong.push(e.message));
  page.on("console", (m) => m.type() === "error" && wrong.push(m.text()));
  await page.goto(`${base}/docs`);
  await page.getByRole("heading", { name: "Millrace" }).first().waitFor();
  return { page, wrong, asked };
}

const shoot = async (page, name) => screenshots && page.screenshot({ path: `${screenshots}/${name}.png` });
const outside = (urls) => urls.filter((u) => !u.startsWith(`${base}/`) && !u.startsWith("data:"));
const nodes = (page) => page.evaluate(() => document.getElementsByTagName("*").length);

test("a search leads to an operation, and its body is sent with the token", async () => {
  const { page, wrong, asked } = await open({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  await shoot(page, "light");
  assert.ok((await nodes(page)) < 5000, `${await nodes(page)} nodes`);
  await page.getByPlaceholder("Token").first().fill(mint("relay", "service"));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("payment events");
  await page.getByRole("option", { name: /\/v1\/events/ }).first().click();
  await page.waitForURL(/\/v1\/events/);
  await page.getByRole("button", { name: "Test Request (post /v1/events)" }).click();
  const body = page.locator(".cm-content").first();
  await body.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('{"type":"clock","at":"2026-03-01T00:00:00Z"}');
  await shoot(page, "body");
  const answered = page.waitForResponse((r) => r.url() === `${base}/v1/events` && r.request().method() === "POST");
  await page.getByRole("button", { name: /^Send/ }).first().click();
  const answer = await answered;
  assert.equal(answer.status(), 202);
  assert.equal((await answer.json()).accepted, 1);
  await page.getByText("202 Accepted").first().waitFor();
  await shoot(page, "sent");
  assert.deepEqual(outside(asked), []);
  assert.deepEqual(wrong, []);
  await page.close();
});

for (const [name, options] of Object.entries({
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
})) {
  test(`it can be read: ${name}`, async () => {
    const { page, wrong, asked } = await open(options);
    await shoot(page, name);
    const dark = await page.evaluate(() => document.body.classList.contains("dark-mode"));
    assert.equal(dark, options.colorScheme === "dark");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= options.viewport.width, `${width} pixels wide`);
    assert.deepEqual(outside(asked), []);
    assert.deepEqual(wrong, []);
    await page.close();
  });
}

test("the licences of the reference are served", async () => {
  const answer = await fetch(`${base}/assets/api-reference.licenses.txt`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /Copyright \(c\) 2023-present Scalar/);
});
