/**
 * Recordings of other kernels and of harder loads, each chosen by its `version` file: steals and claims, watermark boost
 * with compaction's isolations, two and four CPUs with and without reclaim, claims of 6.12 and 7.3, THP lists, CMA in use, 64 KB pages without mobility grouping.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import type { Memory } from "../../lib/mm/state/memory";
import { replay } from "../../lib/trace/replay";
import type { Fields, SnapshotZone } from "../../lib/trace/snapshot";
import { FIXTURES } from "../support/cli";

for (const [name, profile, events, allocations] of [
  ["x86-6.1/w2d-fragdeep", "6.1", 871_502, 165_009],
  ["x86-6.1/w2f-boost", "6.1", 450_371, 74_980],
  ["x86-6.1/s2-thp", "6.1", null, 4111],
  ["x86-6.1/s4-fork", "6.1", null, 116_839],
  ["x86-6.1/s2-reclaim", "6.1", null, 94_565],
  ["x86-6.1/s5-reclaim", "6.1", null, 42_910],
  ["x86-6.12.107/w4-thp", "6.12", null, 69_910],
  ["x86-6.12.118/s2-compact", "6.12", null, 25_366],
  ["x86-7.3.4/w4-thp", "7.3", null, 70_214],
  ["x86-7.3.4/w7-cma", "7.3", null, 497_720],
  ["x86-7.3.4/w8b-cmatight", "7.3", null, 518_661],
  ["x86-7.3.4/s2-reclaim", "7.3", null, 80_046],
  ["x86-7.3.4/s2-cma", "7.3", null, 49_220],
  ["x86-7.3.4/s2-mthp", "7.3", null, 5655],
  ["arm64-cma/s2-cma", "6.1", null, 48_864],
  ["arm64-cma/c4-64k-mobility-off", "6.1", null, 82_367],
] as const)
  test(`${name}: every frame and the final state are the recorded ones`, async () => {
    const { result, memory, s1 } = await replay(join(FIXTURES, name));
    assert.equal(result.profile, profile);
    if (events !== null) assert.equal(result.events, events);
    assert.equal(result.allocations, allocations);
    assert.equal(result.firstMismatch, null);
    assert.equal(result.exact, allocations);
    assert.deepEqual(result.finalDifferences, []);
    for (const zone of s1.zones) assertCounters(memory, zone);
  });

/** Not compared in the final state: counters without their per-CPU differences, boost and flags. */
function assertCounters(m: Memory, z: SnapshotZone): void {
  const zone = m.zones.find((o) => o.idx === z.idx)!;
  const flags = (zone.boostedWatermark ? 1 : 0) | (zone.reclaimActive ? 2 : 0) | (zone.belowHigh ? 4 : 0);
  const ours: [Fields, string, number][] = [
    [z.fields, "nr_free_pages", zone.nrFreePages],
    [z.fields, "nr_free_cma", zone.nrFreeCma],
    [z.fields, "watermark_boost", zone.watermarkBoost],
    [z.fields, "nr_free_highatomic", zone.nrFreeHighatomic],
    [z.fields, "nr_isolate_pageblock", zone.nrIsolatePageblock],
    [z.fields, "flags", flags],
    [z.fields, "percpu_drift_mark", zone.percpuDriftMark],
    ...z.pcps.flatMap(({ cpu, fields }): [Fields, string, number][] => {
      const pcp = zone.pcps[cpu]!;
      return [
        [fields, "vmstat_diff_nr_free", pcp.diffNrFree],
        [fields, "vmstat_diff_nr_free_cma", pcp.diffNrFreeCma],
        [fields, "stat_threshold", pcp.statThreshold],
        [fields, "flags", pcp.flags],
      ];
    }),
  ];
  for (const [fields, key, value] of ours)
    if (fields.has(key)) assert.equal(value, Number(fields.get(key)), `${z.name} ${key}`);
}

for (const [name, rule, switches] of [
  ["x86-6.12.107/w4-thp", "auto-tuned per-CPU lists", { pcpAutoTune: false }],
  ["x86-7.3.4/w4-thp", "drains in batches", { pcpFreeInBatches: false }],
  ["x86-6.1/w2f-boost", "ALLOC_NOFRAGMENT", { nofragment: false }],
] as const)
  test(`${name}: without ${rule} the model diverges from the recording`, async () => {
    const { result } = await replay(join(FIXTURES, name), { switches, maxMismatches: 1 });
    assert.ok(result.mismatches > 0);
  });
