/**
 * docs/strategies has a page for every strategy, whose facts are the library's. After a change on purpose:
 * `UPDATE_TABLES=1 node test/run.mjs docs/strategies`.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import { METRICS } from "../../lib/plan/metric-names";
import { STRATEGIES } from "../../lib/strategy";
import { strategyFacts, strategyIndex } from "../support/strategy-pages";

const FOLDER = resolve(__dirname, "../../docs/strategies");
const MARKED = /<!-- facts -->\n([\s\S]*?)\n?<!-- end -->/;

/** The marked part of a page, brought up to date first where that is asked for. */
function marked(file: string, facts: string): string | undefined {
  const path = join(FOLDER, file);
  if (process.env.UPDATE_TABLES)
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace(MARKED, () => `<!-- facts -->\n${facts}\n<!-- end -->`),
    );
  return MARKED.exec(readFileSync(path, "utf8"))?.[1];
}

for (const s of STRATEGIES.values())
  test(`docs/strategies/${s.name}.md: its facts are the library's, and it says what is modelled`, () => {
    const facts = strategyFacts(s);
    assert.equal(marked(`${s.name}.md`, facts), facts);
    const page = readFileSync(join(FOLDER, `${s.name}.md`), "utf8");
    assert.ok(page.startsWith(`# ${s.name}: `));
    for (const heading of ["## What it is", "## History", "## What is modelled", "## Facts"])
      assert.ok(page.includes(`${heading}\n`), heading);
  });

test("docs/strategies/README.md lists them all, and no page is left over", () => {
  const index = strategyIndex();
  assert.equal(marked("README.md", index), index);
  const names = readdirSync(FOLDER).sort();
  assert.deepEqual(names, ["README.md", ...[...STRATEGIES.keys()].map((n) => `${n}.md`)].sort());
});

test("links of docs/strategies lead somewhere, and figures it names exist", () => {
  for (const file of readdirSync(FOLDER)) {
    const page = readFileSync(join(FOLDER, file), "utf8");
    for (const [, target] of page.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(FOLDER, target!)), `${file}: ${target}`);
    for (const [, name] of page.matchAll(/figure `(\w+)`/g)) assert.ok(name! in METRICS, `${file}: ${name}`);
  }
});
