/** A plan runs to an outcome, the same every time, and a failure comes with its reason. */
import assert from "node:assert/strict";
import test from "node:test";
import { canonicalJson } from "../../lib/base/canonical-json";
import type { Plan } from "../../lib/experiment/plan";
import { run } from "../../lib/experiment/run";

const plan = (strategy: string, seed = 1): Plan => ({
  format: 2,
  machine: { board: "raspberry-pi-4", memoryBytes: 2 ** 30 },
  workload: {
    sequence: [
      { kind: "kernelBuild", duration: "10s" },
      { kind: "kernelBuild", duration: "endless" },
    ],
  },
  strategy: { name: strategy },
  request: { bytes: 16 * 2 ** 20, times: 3 },
  seed,
});

test("equal plans give equal outcomes; another seed gives another run", () => {
  const first = canonicalJson(run(plan("cma")));
  assert.equal(canonicalJson(run(plan("cma"))), first);
  assert.notEqual(canonicalJson(run(plan("cma", 2)).metrics), canonicalJson(run(plan("cma")).metrics));
});

test("CMA serves what the buddy allocator cannot: 16 MiB are beyond its largest order", () => {
  assert.deepEqual(run(plan("cma")).requests.granted, [1, 1, 1]);
  const without = run(plan("buddy"));
  assert.deepEqual(without.requests.granted, [0, 0, 0]);
  assert.match(without.failures[0]!.text, /largest order of the buddy allocator, 10/);
});

test("what a plan does not know is refused with the known names", () => {
  assert.throws(() => run({ ...plan("cma"), strategy: { name: "cna" } }), /did you mean cma\?/);
  assert.throws(
    () => run({ ...plan("cma"), workload: { kind: "kernelbild" } }),
    /did you mean kernelBuild\?/,
  );
  assert.throws(
    () => run({ ...plan("cma"), request: { bytes: 0 } }),
    /bytes must be a whole number, 1 or more: got 0/,
  );
});
