// Takes the pictures of the README: the live page of a `millrace dev` with its default traffic, light and dark.
// node board.mjs BINARY DIRECTORY; scripts/screenshot runs it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const WIDTH = 1240;
const SCALE = 0.8; // about as wide as a README is shown, and below 200 KB
const BANK_ROWS = 2; // the page goes on, but what needs attention comes first

const [binary, directory] = process.argv.slice(2);

/** greeted returns the address of dev's live page once dev has printed it. */
async function greeted(dev) {
  for await (const line of createInterface({ input: dev.stdout })) {
    const found = /Live page: (http:\S+)/.exec(line);
    if (found) {
      dev.stdout.resume(); // dev goes on printing
      return found[1];
    }
  }
  throw new Error("dev ended before it was up");
}

/** shoot waits until money was checked, users have progress and a bank is down, and takes the upper part of the page. */
async function shoot(browser, url, scheme) {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, deviceScaleFactor: SCALE, colorScheme: scheme });
  await page.goto(url);
  await page.locator("#conservation .law:not(.unchecked):not(.broken)").first().waitFor();
  await page.locator(".mission .bar").first().waitFor();
  await page.locator(".bank.down").first().waitFor();
  const height = await page.evaluate((rows) => {
    const bottoms = [...document.querySelectorAll(".bank")].map((b) => Math.ceil(b.getBoundingClientRect().bottom + scrollY));
    return [...new Set(bottoms)].sort((a, b) => a - b)[rows - 1] + 6;
  }, BANK_ROWS);
  await page.screenshot({ path: `${directory}/board-${scheme}.png`, fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height } });
  await page.close();
}

const dev = spawn(binary, ["dev", "--port", "0", "--kafka-port", "0", "--data", `${process.env.TMPDIR}/data`], { stdio: ["ignore", "pipe", "inherit"] });
const ended = new Promise((resolve) => dev.on("exit", resolve));
let browser;
try {
  const url = await greeted(dev);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  for (const scheme of ["light", "dark"]) await shoot(browser, url, scheme);
} finally {
  await browser?.close();
  dev.kill("SIGINT");
  await ended;
}
