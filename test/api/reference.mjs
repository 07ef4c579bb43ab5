// Writes the page's API reference from the pinned package: the program itself, compressed, and the licences of what is in it.
// `node reference.mjs` rewrites views/page/reference; with --check it fails where that is not what the package holds.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

const name = "@scalar/api-reference";
const modules = path.join(import.meta.dirname, "node_modules");
const out = path.join(import.meta.dirname, "../../views/page/reference");

const read = (...parts) => fs.readFileSync(path.join(...parts), "utf8");
const manifest = (dir) => JSON.parse(read(dir, "package.json"));

/** find returns where a package that `from` needs lies, as Node finds it. */
function find(from, wanted) {
  for (let dir = from; dir.startsWith(modules); dir = path.dirname(dir)) {
    const there = path.basename(dir) === "node_modules" ? path.join(dir, wanted) : path.join(dir, "node_modules", wanted);
    if (fs.existsSync(path.join(there, "package.json"))) return there;
  }
  return null;
}

/** everything returns the directory of the package and of all that it needs at run time. */
function everything(root) {
  const seen = new Set();
  const walk = (dir) => {
    if (seen.has(dir)) return;
    seen.add(dir);
    for (const wanted of Object.keys(manifest(dir).dependencies ?? {})) {
      const there = find(dir, wanted);
      assert(there, `${wanted}, which ${dir} needs, is not installed`);
      walk(there);
    }
  };
  walk(root);
  return [...seen];
}

function licences(root) {
  const own = read(import.meta.dirname, "reference-license.txt").trim(); // the package names MIT and comes without the text
  const texts = new Map();
  for (const dir of everything(root)) {
    const { name, version, license } = manifest(dir);
    const file = fs.readdirSync(dir).find((f) => /^(licen[sc]e|copying)/i.test(f) && fs.statSync(path.join(dir, f)).isFile());
    let text = file && read(dir, file).replace(/\r/g, "").replace(/[ \t]+$/gm, "").trim();
    if (!text) {
      assert.equal(license, "MIT", `${name} has no text of its licence`);
      text = name.startsWith("@scalar/") ? own : own.replace("2023-present Scalar", `the authors of ${name}`);
    }
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license?.type ?? license})`]);
  }
  const groups = [...texts].map(([text, names]) => `${names.sort().join("\n")}\n\n${text}\n`).sort();
  return `Licences of ${name} ${manifest(root).version} and of everything in it.\n\n${groups.join(`\n${"-".repeat(80)}\n\n`)}`;
}

const root = path.join(modules, name);
const banner = `/* ${name} ${manifest(root).version}, MIT; the licences of all parts: /assets/api-reference.licenses.txt */\n`;
const files = {
  "api-reference.js.gz": banner + read(root, "dist/browser/standalone.js").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"),
  "api-reference.licenses.txt.gz": licences(root),
};
for (const [file, text] of Object.entries(files)) {
  const place = path.join(out, file);
  if (process.argv.includes("--check")) {
    assert.equal(zlib.gunzipSync(fs.readFileSync(place)).toString(), text, `${place} is not what package-lock.json asks for: node reference.mjs`);
  } else {
    fs.mkdirSync(out, { recursive: true });
    fs.writeFileSync(place, zlib.gzipSync(text, { level: 9 }));
  }
}
