/** The benchmarks run small here so that they cannot rot; no time is judged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { BENCHMARKS, CHECKED } from "../../lib/bench";
import { measure } from "../../lib/bench/measure";
import { FIXTURES, pageblock } from "../support/cli";

const KEYS = [
  "workload",
  "operation",
  "size",
  "runs",
  "ops",
  "cpuNsPerOp",
  "wallNsPerOp",
  "cpuMs",
  "wallMs",
  "calibrated",
  "failures",
  "hash",
  "peakRssBytes",
  "grownBytes",
];

function bench(...args: string[]) {
  const run = pageblock(["bench", ...args, "--json"]);
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

const NO_FAILURES = [
  "c0",
  "fill",
  "random-free",
  "init",
  "replay",
  "replay-cached",
  "replay-cold",
  "import",
  "import-cell",
  "import-cell-at-once",
  "store-100000",
];

for (const workload of Object.keys(BENCHMARKS))
  test(`${workload}: the same work twice gives the same hash, told with its spread`, async () => {
    // Two runs of other work are an error: lib/bench/measure.ts compares their hashes.
    const a = await measure(workload, BENCHMARKS[workload]!, { size: "small" }, 2);
    assert.deepEqual(Object.keys(a), KEYS);
    assert.equal(a.runs, 2);
    assert.ok(a.ops >= 1 && a.cpuNsPerOp > 0 && a.peakRssBytes > 1e7);
    for (const spread of [a.cpuMs, a.wallMs, a.calibrated])
      assert.ok(spread.min <= spread.median && spread.median <= spread.max && spread.min > 0);
    if (NO_FAILURES.includes(workload)) assert.equal(a.failures, 0);
    if (workload === "alloc-contig") {
      // 1 GiB, a sixteenth of it free, in ranges of 1024 pages: all move but those with pages of the kernel in them.
      assert.ok(a.ops > 0.6 * 2 ** 18 && a.ops < 2 ** 18, String(a.ops));
      assert.ok(a.failures < 2 ** 18 / 1024 / 2, String(a.failures));
    }
  });

test("bench --json prints the figures of a workload; by default it is mu", () => {
  const a = bench("--workload", "c0", "--size", "small", "--runs", "3");
  assert.deepEqual(Object.keys(a), KEYS);
  assert.deepEqual([a.workload, a.runs, a.ops, a.failures], ["c0", 3, 20_000, 0]);
  assert.equal(bench("--size", "small", "--runs", "1").workload, "mu");
});

test("bench: filling hands out every page once but those below the low watermark", () => {
  const { ops } = bench("--workload", "fill", "--size", "small", "--runs", "1", "--log2-pages", "16");
  // Two rounds of as many requests as frees: 65,536 pages less what the min watermark keeps.
  assert.equal(ops % 4, 0);
  assert.ok(ops / 4 > 60_000 && ops / 4 < 65_536, String(ops / 4));
});

test("bench --replay counts the recording's events", () => {
  const json = bench("--replay", join(FIXTURES, "x86-6.1/boot-8G"), "--runs", "1");
  assert.equal(json.workload, "replay");
  assert.equal(json.ops, 295);
  assert.equal(json.failures, 0);
});

test("bench: a bad option is one line and exit 2", () => {
  const run = pageblock(["bench", "--ops", "many"]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /--ops: must be a whole number from 1 to \d+: got "many"/);
  assert.equal(pageblock(["bench", "--workload", "zebra"]).status, 2);
  const against = pageblock(["bench", "--against", "/nowhere/c-buddy"]);
  assert.equal(against.status, 2);
  assert.match(against.stderr, /--against: \/nowhere\/c-buddy: no such file/);
});

test("every figure that is checked is a benchmark", () => {
  for (const name of CHECKED) assert.ok(Object.hasOwn(BENCHMARKS, name), name);
});
