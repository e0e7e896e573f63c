/** The benchmarks run small here so that they cannot rot; no time is judged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { FIXTURES, pageblock } from "../support/cli";

const KEYS = ["workload", "ops", "cpuNsPerOp", "wallNsPerOp", "failures", "hash", "peakRssBytes"];

for (const workload of ["c0", "mu", "mg", "fill", "init", "ageing"])
  test(`bench --workload ${workload}: the same work twice gives the same hash`, () => {
    const args = ["bench", "--workload", workload, "--ops", "20000", "--log2-pages", "16", "--json"];
    const first = pageblock(args);
    assert.equal(first.status, 0, first.stderr);
    const a = JSON.parse(first.stdout);
    const b = JSON.parse(pageblock(args).stdout);
    assert.deepEqual(Object.keys(a), KEYS);
    assert.equal(a.hash, b.hash);
    assert.equal(a.ops, b.ops);
    assert.ok(a.cpuNsPerOp > 0 && a.peakRssBytes > 1e7);
    if (workload === "c0" || workload === "fill") assert.equal(a.failures, 0);
  });

test("bench: filling hands out every page once but those below the low watermark", () => {
  const { ops } = JSON.parse(
    pageblock(["bench", "--workload", "fill", "--log2-pages", "16", "--json"]).stdout,
  );
  // Two rounds of as many requests as frees: 65,536 pages less what the min watermark keeps.
  assert.equal(ops % 4, 0);
  assert.ok(ops / 4 > 60_000 && ops / 4 < 65_536, String(ops / 4));
});

test("bench --replay counts the recording's events", () => {
  const run = pageblock(["bench", "--replay", join(FIXTURES, "x86-6.1/boot-8G"), "--json"]);
  assert.equal(run.status, 0, run.stderr);
  const json = JSON.parse(run.stdout);
  assert.equal(json.events, 295);
  assert.equal(json.exact, json.allocations);
});

test("bench: a bad option is one line and exit 2", () => {
  const run = pageblock(["bench", "--ops", "many"]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /--ops: must be a whole number from 1 to \d+: got "many"/);
  assert.equal(pageblock(["bench", "--workload", "zebra"]).status, 2);
});
