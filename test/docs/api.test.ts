/** docs/api is what the docstrings say today. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");

function pages(folder: string, under = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const e of readdirSync(join(folder, under), { withFileTypes: true })) {
    const path = join(under, e.name);
    if (e.isDirectory()) for (const [name, text] of pages(folder, path)) found.set(name, text);
    else found.set(path, readFileSync(join(folder, path), "utf8"));
  }
  return found;
}

test("docs/api is what npm run docs makes of the docstrings", () => {
  const out = mkdtempSync(join(tmpdir(), "pageblock-api-"));
  try {
    const bin = join(ROOT, "node_modules/typedoc/bin/typedoc");
    const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
    const done = spawnSync(process.execPath, [bin, "--out", out], { cwd: ROOT, env, encoding: "utf8" });
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
    const fresh = pages(out);
    const stored = pages(join(ROOT, "docs/api"));
    assert.deepEqual([...stored.keys()].sort(), [...fresh.keys()].sort());
    for (const [name, text] of fresh)
      assert.ok(stored.get(name) === text, `docs/api/${name} is old: run npm run docs`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

const stored = pages(join(ROOT, "docs/api"));

test("docs/api is a page for each area, and none is endless", () => {
  assert.ok(stored.size > 10, `${stored.size} pages`);
  for (const [name, text] of stored) {
    const lines = text.split("\n").length;
    assert.ok(
      lines < 3000,
      `docs/api/${name} has ${lines} lines: split its area in test/support/api-areas.mjs`,
    );
  }
});

test("docs/api has nothing inherited from Error", () => {
  for (const [name, text] of stored)
    assert.doesNotMatch(text, /captureStackTrace|stackTraceLimit|prepareStackTrace|`Error`\.`stack`/, name);
});

test("links of docs/api lead somewhere", () => {
  for (const [name, text] of stored)
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const file = join(name, "..", target!);
      assert.ok(stored.has(file), `docs/api/${name}: ${target}`);
    }
});
