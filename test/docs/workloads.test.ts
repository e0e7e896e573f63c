/** Every workload has a page, and the tables in it are those of the code. UPDATE_TABLES=1 writes the tables. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import { WORKLOADS } from "../../lib/workload";
import { parameterTable } from "../support/parameter-table";

const TABLE_MARK = "<!-- parameters: generated from lib/workload, checked by test/docs/workloads.test.ts -->";

const DOCS = resolve(__dirname, "../../docs/workloads");
const page = (kind: string) => join(DOCS, `${kind}.md`);

if (process.env.UPDATE_TABLES)
  for (const [name, kind] of WORKLOADS) {
    const text = readFileSync(page(name), "utf8");
    const [before, after] = text.split(TABLE_MARK) as [string, string];
    const rest = after.slice(after.indexOf("\n## "));
    writeFileSync(page(name), `${before}${TABLE_MARK}\n\n${parameterTable(kind.parameters)}\n${rest}`);
  }

for (const [name, kind] of WORKLOADS)
  test(`docs/workloads/${name}.md shows its parameters as they are`, () => {
    const text = readFileSync(page(name), "utf8");
    assert.ok(
      text.includes(`${TABLE_MARK}\n\n${parameterTable(kind.parameters)}\n\n## What the figures rest on`),
    );
  });

test("docs/workloads/README.md names every workload, and there is no page of a workload that is not", () => {
  const index = readFileSync(join(DOCS, "README.md"), "utf8");
  for (const name of WORKLOADS.keys()) assert.ok(index.includes(`](${name}.md)`), name);
  const pages = readdirSync(DOCS).filter((f) => f !== "README.md");
  assert.deepEqual(pages.sort(), [...WORKLOADS.keys()].map((k) => `${k}.md`).sort());
});
