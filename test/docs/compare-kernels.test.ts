/**
 * The figures of docs/compare-kernels.md are what its example gives. After a change on purpose: `UPDATE_TABLES=1 node test/run.mjs
 * docs/compare-kernels` writes all three tables; without it the first two are computed again, and the third is held to them.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT } from "../support/cli";
import { carriers, EXAMPLE, quickTables } from "../support/kernels-tables";

const PAGE = join(ROOT, "docs/compare-kernels.md");
const of = (name: string) =>
  new RegExp(`(<!-- table: ${name} -->\\n\\n)([\\s\\S]*?)(\\n\\n<!-- end of table -->)`);
const quick: Readonly<Record<string, string>> = { ...quickTables() };

if (process.env.UPDATE_TABLES !== undefined) {
  const all = { ...quick, carriers: carriers() };
  const page = Object.entries(all).reduce(
    (text, [name, table]) => text.replace(of(name), (_, head: string, __, end: string) => head + table + end),
    readFileSync(PAGE, "utf8"),
  );
  writeFileSync(PAGE, page);
}

const page = readFileSync(PAGE, "utf8");
const told = (name: string) => of(name).exec(page)?.[2] ?? assert.fail(`no table ${name}`);

for (const [name, table] of Object.entries(quick))
  test(`the table ${name} is what the example gives with ${EXAMPLE.seeds} seeds`, () => {
    assert.equal(told(name), table);
    assert.ok(page.includes("pageblock compare-kernels docs/examples/compare-kernels.yaml"));
  });

test("the sentences on carriers rest on the same differences, and name the switch of the second table", () => {
  const differences = new Map(
    told("verdicts")
      .split("\n")
      .slice(2)
      .map((line) => line.split(" | "))
      .map((cells) => [cells[0]!.replace("| ", ""), cells[3]!]),
  );
  const metrics = told("fallback")
    .split("\n")
    .slice(2)
    .map((line) => line.split(" | ")[0]!.replace("| ", ""));
  const sentences = told("carriers").split("\n").slice(2);
  assert.equal(sentences.length, metrics.length);
  for (const [i, metric] of metrics.entries()) {
    assert.ok(sentences[i]!.startsWith(`| ${metric} | ${differences.get(metric)}: `), sentences[i]);
    assert.match(sentences[i]!, /: carried by fallback \(steal → claim\)/);
  }
});

test("what the page says of success and of mixed blocks is what the table shows", () => {
  for (const metric of ["success", "mixedBlocksEnd"])
    assert.match(
      told("verdicts"),
      new RegExp(`^\\| ${metric} .* seeds do not suffice; about \\d+ would \\|$`, "m"),
    );
  assert.match(told("verdicts"), /^\| fallbacksFragmenting .* B has more; counted differently \|$/m);
});
