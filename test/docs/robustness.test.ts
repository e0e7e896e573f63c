/**
 * The range of every claim in docs/claims.md is what the stored result of its plan says. After a change of the engine:
 * `node --require ./test/support/register.cjs test/support/robustness.ts` runs the plans again. With CHECK_ROBUST=1 this test
 * runs them too, and compares.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { knobsOf } from "../../lib/experiment/robust-knobs";
import { robustPoints } from "../../lib/experiment/robust-points";
import { robustOutcome } from "../../lib/experiment/robust-table";
import { runPlan } from "../../lib/report/plan-kinds";
import {
  CLAIMS_FILE,
  claimRows,
  namedIn,
  ROBUST_NAMES,
  rangeCell,
  robustPlan,
  robustResult,
  withRanges,
} from "../support/robustness";

const page = readFileSync(CLAIMS_FILE, "utf8");
const rows = claimRows(page);
/** Rows without seeds say so; the others name their plans. */
const WITHOUT = /^no (?:seed|machine ages): \w/;
/** Requests that were granted on machines that were in use: no such result goes without a range. */
const OF_RUNS =
  /\d+ of (?:all )?\d+ (?:requests|machines|by |if |with |are granted)|are granted on all|% are granted/;

for (const { cells } of rows)
  test(`claims: ${cells[0]!.slice(0, 60)}: has the range in which it holds, or says why it has none`, () => {
    assert.equal(cells.length, 5);
    const [, , result, , range] = cells as [string, string, string, string, string];
    const names = namedIn(range);
    if (names.length === 0) {
      assert.match(range, WITHOUT);
      assert.doesNotMatch(result, OF_RUNS, "rests on runs");
      return;
    }
    for (const name of names) assert.ok(ROBUST_NAMES.includes(name), `docs/robustness has no ${name}.yaml`);
    assert.equal(range, rangeCell(names));
  });

test("every plan can be run, turns the share of unmovable memory, and belongs to a claim", () => {
  const named = new Set(rows.flatMap(({ cells }) => namedIn(cells.at(-1)!)));
  assert.deepEqual([...named].sort(), ROBUST_NAMES);
  for (const name of ROBUST_NAMES) {
    const spec = robustPlan(name);
    assert.ok(spec.plan.seeds >= 32, `${name}: a share needs 32 seeds`);
    assert.ok(spec.over.unmovable !== undefined && spec.over.age !== undefined, name);
    const { points } = robustPoints({ ...spec, points: 16 });
    const had = points.filter(({ plan }) => plan !== null).length;
    assert.ok(had >= 12, `${name}: ${had} of 16 points: ${points.find(({ reason }) => reason)?.reason}`);
  }
});

for (const name of ROBUST_NAMES) {
  const stored = robustResult(name);
  if (stored === undefined) continue;
  test(`robustness ${name}: the stored result is of its plan, and all of it follows from its points`, () => {
    const stated = robustPlan(name);
    const { statement, over, sample, count, corners, seed, plan } = stored.plan;
    const { seeds: _few, ...base } = plan;
    const { seeds: _many, ...wanted } = stated.plan;
    assert.deepEqual(
      JSON.parse(JSON.stringify({ statement, over, sample, count, corners, seed, plan: base })),
      JSON.parse(
        JSON.stringify({
          statement: stated.statement,
          over: stated.over,
          sample: stated.sample,
          count: stated.count,
          corners: stated.corners,
          seed: stated.seed,
          plan: wanted,
        }),
      ),
    );
    const { points: all } = stored.result;
    const again = robustOutcome(stored.plan, { knobs: knobsOf(stored.plan.over), count: all }, stored.result);
    assert.deepEqual(JSON.parse(JSON.stringify(again)), stored.result);
  });
  if (process.env.CHECK_ROBUST !== undefined)
    test(`robustness ${name}: its plan gives the stored result`, async () =>
      assert.deepEqual(await runPlan(stored.plan), stored.result));
}

test("a range that no result says is noticed, and written anew", () => {
  const row = rows.find(({ cells }) => namedIn(cells.at(-1)!).length === 1)!;
  const names = namedIn(row.cells.at(-1)!);
  const forged = page.replace(row.line, row.line.replace(rangeCell(names), `${rangeCell(names)}, always`));
  assert.notEqual(forged, page);
  assert.equal(withRanges(forged), page);
});
