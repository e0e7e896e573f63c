/**
 * Distributions of machines of which only the lists are known: rows that a real kernel recorded lie inside them. All rows stand in
 * docs/live-machine.md; here those that are quick.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { forecast } from "../../lib/calibration/forecast";
import { machineOf } from "../../lib/calibration/snapshot-state";
import { snapshotFrom } from "../../lib/trace/collect-snapshot";
import { FIXTURES, ROOT } from "../support/cli";
import { forecastRow, requestsOf, rowsIn } from "../support/forecast-rows";

const DIR = join(FIXTURES, "live-machine");
const QUICK = ["2m-occ50-unm0-holes0-comp1", "2m-occ80-unm0-holes0-comp0", "2m-occ80-unm10-holes20-comp1"];
const SEEDS = 8;

test("recorded numbers of huge pages lie inside the interval of machines drawn from two texts", () => {
  const rows = rowsIn(DIR).filter(({ row }) => QUICK.includes(row));
  assert.equal(rows.length, QUICK.length);
  for (const row of rows) {
    const f = forecastRow(DIR, row, SEEDS);
    assert.ok(f.inside, `${f.row}: recorded ${f.recorded}, 5 % to 95 %: ${f.low} to ${f.high}`);
  }
});

test("the table of the documentation names every row, and says how many lie inside", () => {
  const page = readFileSync(join(ROOT, "docs/live-machine.md"), "utf8");
  const rows = rowsIn(DIR);
  assert.equal(rows.length, 15);
  let inside = 0;
  for (const row of rows) {
    const cells = page
      .split("\n")
      .find((line) => line.startsWith(`| ${row.row} |`))!
      .split(" | ");
    assert.equal(cells[1], requestsOf(row).recorded.join(", "));
    if (cells.at(-1)!.startsWith("yes")) inside++;
  }
  assert.match(page, new RegExp(`^${inside} of 15 rows lie inside`, "m"));
  assert.ok(inside >= 0.85 * rows.length);
});

test("requests and seeds that cannot be are refused", () => {
  const row = join(DIR, QUICK[1]!);
  const snapshot = snapshotFrom([join(row, "buddyinfo.s0"), join(row, "pagetypeinfo.s0")]);
  assert.throws(() => forecast(snapshot, [], { seeds: 0 }), /forecast: seeds must be a whole number from 1/);
  assert.throws(
    () => forecast(snapshot, [{ hugePages: "3MiB", count: 1 }], { seeds: 1 }),
    /huge pages of this machine have 2097152, 1073741824 bytes: got 3145728/,
  );
  assert.match(
    machineOf(snapshot).assumed.join("; "),
    /does not say which release runs.*zoneinfo was not read/,
  );
});
