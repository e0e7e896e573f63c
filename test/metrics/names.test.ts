/** Every figure that a run reports has a unit and a meaning, and there is no name that no run reports. */
import assert from "node:assert/strict";
import test from "node:test";
import { MiB } from "../../lib/base/units";
import { run } from "../../lib/experiment/run";
import type { BootRequest } from "../../lib/machine/boot-request";
import { METRICS } from "../../lib/plan/metric-names";
import { RECORDED_METRICS } from "../../lib/plan/recorded-names";
import { cmaDebate, rdmaDebate } from "../../lib/strategy/debate";

test("the figures of an outcome are those of the table", () => {
  const machine: BootRequest = { board: "raspberry-pi-4", memoryBytes: 1024 * MiB };
  const given = new Set<string>();
  for (const { label, spec } of [...cmaDebate(machine), ...rdmaDebate()]) {
    if (label === "hugetlb-cma") continue;
    const request = { bytes: 2 * MiB };
    const { metrics, constraints, requests, failures } = run({
      format: 2,
      machine,
      strategy: spec,
      request,
      seed: 1,
    });
    for (const [name, value] of Object.entries(metrics)) {
      given.add(name);
      assert.ok(name in METRICS, `${label}: ${name} has no meaning`);
      assert.ok(Number.isFinite(value), `${label}: ${name} is ${value}`);
    }
    // map-contig is a call of a process; a plan's default is a driver.
    assert.equal(requests.granted[0], label === "map-contig" ? 0 : 1, `${label}: ${failures[0]?.text}`);
    assert.ok(constraints.length > 0, label);
  }
  // What only a run with `record` reports has a table of its own; test/experiment/record.test.ts asks that each name is in it.
  const always = Object.keys(METRICS).filter((name) => !(name in RECORDED_METRICS));
  assert.deepEqual([...given].sort(), always.sort());
});
