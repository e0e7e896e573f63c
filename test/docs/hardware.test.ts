/**
 * The tables of docs/hardware.md are what data and models give today. After a change on purpose:
 * `UPDATE_TABLES=1 node test/run.mjs docs/hardware`.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { HARDWARE_TABLES } from "../support/hardware-tables";

const PATH = resolve(__dirname, "../../docs/hardware.md");
const MARKED = /<!-- table: ([\w-]+) -->\n([\s\S]*?)\n?<!-- end -->/g;

if (process.env.UPDATE_TABLES) {
  const page = readFileSync(PATH, "utf8").replace(
    MARKED,
    (_, name: string) => `<!-- table: ${name} -->\n${HARDWARE_TABLES[name]!()}\n<!-- end -->`,
  );
  writeFileSync(PATH, page);
}

const shown = [...readFileSync(PATH, "utf8").matchAll(MARKED)];

test("every table is shown once", () => {
  assert.deepEqual(shown.map((m) => m[1]).sort(), Object.keys(HARDWARE_TABLES).sort());
});

for (const [, name, text] of shown)
  test(`docs/hardware.md: table ${name}`, () => {
    assert.equal(text, HARDWARE_TABLES[name!]!());
  });
