/**
 * Recordings of other kernels and of harder loads, each chosen by its `version` file: steals and claims, watermark boost
 * with compaction's isolations, claims of 6.12 and 7.3, THP lists, CMA in use, 64 KB pages without mobility grouping.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { replay } from "../../lib/trace/replay";
import { FIXTURES } from "../support/cli";

for (const [name, profile, events, allocations] of [
  ["x86-6.1/w2d-fragdeep", "6.1", 871_502, 165_009],
  ["x86-6.1/w2f-boost", "6.1", 450_371, 74_980],
  ["x86-6.12.107/w4-thp", "6.12", null, 69_910],
  ["x86-7.3.4/w4-thp", "7.3", null, 70_214],
  ["x86-7.3.4/w7-cma", "7.3", null, 497_720],
  ["arm64-cma/c4-64k-mobility-off", "6.1", null, 82_367],
] as const)
  test(`${name}: every frame and the final state are the recorded ones`, async () => {
    const { result } = await replay(join(FIXTURES, name));
    assert.equal(result.profile, profile);
    if (events !== null) assert.equal(result.events, events);
    assert.equal(result.allocations, allocations);
    assert.equal(result.firstMismatch, null);
    assert.equal(result.exact, allocations);
    assert.deepEqual(result.finalDifferences, []);
  });

for (const [name, rule, switches] of [
  ["x86-6.12.107/w4-thp", "auto-tuned per-CPU lists", { pcpAutoTune: false }],
  ["x86-7.3.4/w4-thp", "drains in batches", { pcpFreeInBatches: false }],
  ["x86-6.1/w2f-boost", "ALLOC_NOFRAGMENT", { nofragment: false }],
] as const)
  test(`${name}: without ${rule} the model leaves the recording`, async () => {
    const { result } = await replay(join(FIXTURES, name), { switches, maxMismatches: 1 });
    assert.ok(result.mismatches > 0);
  });
