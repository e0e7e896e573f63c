/** `pageblock compare-kernels` as a user runs it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { pageblock } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-kernels-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const PLAN = `kind: compare-kernels
machine: { board: pc-x86-64, memory: 256MiB }
variants:
  - "6.1"
  - { kernel: "6.1", label: claiming, switches: { fallback: claim } }
workload: { kind: uptime, duration: 10 minutes }
request: { size: 2MiB, times: 2 }
metrics: [fallbacks, success]
seeds: 2
ablate: true
`;
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const none = ["--store", "none", "--workers", "1"];

test("a table with verdicts, what was paired, and which difference carries an effect; as JSON the same", () => {
  const plan = file("kernels.yaml", PLAN);
  const { stdout, status } = pageblock(["compare-kernels", plan, ...none], folder);
  assert.equal(status, 0);
  assert.match(stdout, /^claiming against 6\.1: 2 seeds from 1/);
  assert.match(stdout, /^metric +A +B +B − A, 95 % interval/m);
  assert.match(stdout, /^A is 6\.1, B is claiming\. Granted: /m);
  assert.match(stdout, /Histories are paired by seed/);
  assert.match(stdout, /Every difference was flipped alone\./);
  const printed = pageblock(["compare-kernels", plan, "--json", ...none], folder).stdout;
  const { plan: told, result } = JSON.parse(printed);
  assert.deepEqual([told.kind, told.seeds, result.pairs.length], ["compare-kernels", 2, 1]);
  assert.ok(stdout.includes(`results ${result.resultsHash}`));
  const more = JSON.parse(
    pageblock(["compare-kernels", plan, "--seeds", "3", "--print-plan"], folder).stdout,
  );
  assert.equal(more.seeds, 3);
});

test("a plan that is wrong: one line with file and line, nothing on the other stream, exit 2", () => {
  for (const [text, message] of [
    [PLAN.replace("label: claiming,", "defragMode: true,"), /wrong\.yaml:\d+: .*defrag_mode/],
    [PLAN.replace("seeds: 2", "sedes: 2"), /wrong\.yaml:\d+: .*sedes.*seeds/],
    [PLAN.replace("fallback: claim", "fallback: clame"), /clame/],
  ] as const) {
    const { status, stderr, stdout } = pageblock(["compare-kernels", file("wrong.yaml", text)], folder);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
  const other = pageblock(["run", file("kernels.yaml", PLAN)], folder);
  assert.match(other.stderr, /use pageblock compare-kernels/);
});

test("run prints and keeps what a plan records", () => {
  const plan = file(
    "recorded.yaml",
    "machine: { board: pc-x86-64, memory: 256MiB }\nstrategy: buddy\nrequest: { size: 2MiB }\nrecord: { metrics: [fallbacks], points: 4 }\n",
  );
  const outcome = JSON.parse(pageblock(["run", plan, "--json"], folder).stdout);
  assert.deepEqual(Object.keys(outcome.recorded), ["fallbacks", "requestSeries", "series"]);
  assert.equal(typeof outcome.metrics.fallbacks, "number");
});
