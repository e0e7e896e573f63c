/** What a run records: against a listener of its own on the trace points, against hand counts, and without any other effect. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { BoundedSeries } from "../../lib/experiment/bounded-series";
import { Recorder } from "../../lib/experiment/recorder";
import { run, sharingKey } from "../../lib/experiment/run";
import { meanOverTime } from "../../lib/experiment/time-mean";
import { boot } from "../../lib/machine/boot";
import { RecordedSystem } from "../../lib/machine/recorded-system";
import { System } from "../../lib/machine/system";
import { blockSummary } from "../../lib/metrics/block-summary";
import { blockUse } from "../../lib/mm/reports/block-use";
import { GFP_KERNEL } from "../../lib/mm/state/gfp";
import { MIGRATE_NAMES } from "../../lib/mm/state/migratetype";
import { METRICS } from "../../lib/plan/metric-names";
import { RECORDED } from "../../lib/plan/record";
import { type Plan, parsePlan, planHash } from "../../lib/plan/run";
import { resolveStrategy } from "../../lib/strategy";
import { memoryRequest } from "../../lib/strategy/request";
import { partsOf, WorkloadRun } from "../../lib/workload/scheduler";

const MiB = 2 ** 20;

/** A machine that falls back: a fresh 256 MiB one in which kernel pages come and go between movable ones. */
const plan = (kernel: string, more: object = {}): Plan =>
  parsePlan({
    machine: { board: "pc-x86-64", memory: "256MiB", kernel },
    workload: {
      sequence: [
        { kind: "mix", movable: 0.55, reclaimable: 0.1, unmovable: 0.12, polluted: 0.4 },
        { kind: "uptime", duration: "1 hour", profile: "server" },
        { kind: "network-server", duration: "endless" },
      ],
    },
    strategy: "buddy",
    request: { size: "2MiB", times: 4, gap: "1s" },
    seed: 3,
    ...more,
  });

for (const kernel of ["4.17", "6.1", "6.15", "7.3"]) {
  test(`${kernel}: a record changes nothing but what it adds`, () => {
    const [without, recorded] = [run(plan(kernel)), run(plan(kernel, { record: {} }))];
    assert.equal(without.recorded, undefined);
    assert.deepEqual(recorded.requests, without.requests);
    assert.deepEqual(recorded.failures, without.failures);
    for (const [name, value] of Object.entries(without.metrics))
      assert.equal(recorded.metrics[name], value, name);
    for (const name of Object.keys(recorded.metrics)) assert.ok(name in METRICS, name);
  });

  test(`${kernel}: fallbacks are those that a listener of every trace point counts page by page`, () => {
    const { recorded, metrics } = run(plan(kernel, { record: { metrics: ["fallbacks"] } }));
    const counted = countedAlone(plan(kernel));
    const { order, fallbackOrder, type, fallbackType, claimed, count } = recorded!.fallbacks!;
    const rows = order.map(
      (o, i) => `${o} ${fallbackOrder[i]} ${type[i]} ${fallbackType[i]} ${claimed[i]}: ${count[i]}`,
    );
    assert.ok(rows.length > 2, rows.join());
    assert.deepEqual(rows.sort(), [...counted].map(([key, n]) => `${key}: ${n}`).sort());
    const total = [...counted.values()].reduce((a, b) => a + b, 0);
    assert.equal(metrics.fallbacks, total);
    assert.equal(metrics.fallbacksClaimed! + metrics.fallbacksStolen!, total);
    const by = ["Unmovable", "Reclaimable", "Movable"].map((name) => metrics[`fallbacksBy${name}`]!);
    assert.equal(
      by.reduce((a, b) => a + b, 0),
      total,
    );
  });
}

/** The run by hand, page by page, with a listener that hears everything. */
function countedAlone({ machine, workload, strategy: spec, request, seed }: Plan): Map<string, number> {
  const { strategy, parameters } = resolveStrategy(spec);
  const asked = memoryRequest(request);
  const system = System.boot(strategy.machine(machine, parameters, asked), { placement: seed, bulk: false });
  const counted = new Map<string, number>();
  system.allocator.observe({
    zoneLocked: () => {},
    extfrag({ order, fallbackOrder, mt, fallbackMt, changedOwnership }) {
      const key = `${order} ${fallbackOrder} ${MIGRATE_NAMES[mt]} ${MIGRATE_NAMES[fallbackMt]} ${changedOwnership ? 1 : 0}`;
      counted.set(key, (counted.get(key) ?? 0) + 1);
    },
  });
  const prepared = strategy.prepare(system, parameters, asked);
  const { before, during } = partsOf(workload);
  const load = new WorkloadRun(system, new Random(seed).fork("workload"));
  for (const part of before) load.toEnd(part);
  load.start(during!);
  let held: ReturnType<typeof prepared.request> | null = null;
  for (let i = 0; i < request.times!; i++) {
    load.runUntil(system.nowMs + request.gapMs!);
    if (held !== null) prepared.release(held);
    const attempt = prepared.request();
    held = attempt.ok ? attempt : null;
  }
  return counted;
}

test("page blocks by what lies in them: as the summary of blocks counts classes", () => {
  const system = System.boot({ board: "pc-x86-64", memoryBytes: 256 * MiB });
  const load = new WorkloadRun(system, new Random(2).fork("workload"));
  for (const part of partsOf(plan("6.1").workload).before) load.toEnd(part);
  const { classPages, startPfn } = blockSummary(system.memory, { blocksPerGroup: 1 });
  const stays = startPfn.map(
    (_, i) => classPages.unmovable[i]! + classPages.reclaimable[i]! + classPages.reserved[i]!,
  );
  const { blocks, unmovable, mixed } = blockUse(system.memory);
  assert.equal(unmovable, stays.filter((n) => n > 0).length);
  assert.equal(mixed, stays.filter((n, i) => n > 0 && classPages.movable[i]! > 0).length);
  assert.ok(mixed > 0 && mixed < unmovable && unmovable < blocks);
  assert.equal(blocks, startPfn.length);
});

test("one page of the kernel beside a block's movable pages makes the block mixed, and no longer once it is freed", () => {
  const switches = { pcp: false, mobilityGrouping: false };
  const system = System.boot({ board: "pc-x86-64", memoryBytes: 256 * MiB, switches });
  const { memory: m } = system;
  // Without grouping and per-CPU lists, pages follow one another: 512 fill a block that the kernel has not reached.
  let pfn = 0;
  for (let i = 0; i < 1024 || pfn % m.pageblockPages !== 7; i++)
    pfn = system.slots.pfn[system.alloc("anon")]!;
  const before = blockUse(m);
  const taken = system.allocFixed("slab", GFP_KERNEL);
  assert.equal(taken >> m.pageblockOrder, pfn >> m.pageblockOrder, "the same block");
  const { blocks, mixed, unmovable } = before;
  assert.deepEqual(blockUse(m), { blocks, mixed: mixed + 1, unmovable: unmovable + 1 });
  system.freeFixed(taken);
  assert.deepEqual(blockUse(m), before);
});

test("a series: bins of a second for four points, then merged two by two", () => {
  const series = new BoundedSeries(["n"], 4, 1000);
  for (const atMs of [0, 400, 1000, 2500, 3999]) series.add(atMs, [atMs]);
  assert.deepEqual(series.columns(), {
    widthMs: 1000,
    bin: [0, 1, 2, 3],
    atMs: [0, 1000, 2500, 3999],
    values: { n: [0, 1000, 2500, 3999] },
  });
  // 4000 ms is bin 4 of width 1000, so bins become 2 s wide: 0 and 1000 are one, 2500 and 3999 are one.
  series.add(4000, [4000]);
  assert.deepEqual(series.columns(), {
    widthMs: 2000,
    bin: [0, 1, 2],
    atMs: [0, 2500, 4000],
    values: { n: [0, 2500, 4000] },
  });
  assert.equal(series.wants(5999), false);
  assert.equal(series.wants(6000), true);
  // Far beyond the end: 100 s needs bins of 32 s (bin 3 is 96 to 128 s), and everything so far is in the first.
  series.add(100_000, [7]);
  assert.deepEqual(series.columns(), {
    widthMs: 32_000,
    bin: [0, 3],
    atMs: [0, 100_000],
    values: { n: [0, 7] },
  });
});

test("a series is the same whatever its first width was", () => {
  const random = new Random(5);
  const times = Array.from({ length: 2000 }, () => random.below(3000));
  let now = 0;
  const moments = times.map((ms) => {
    now += ms;
    return now;
  });
  const of = (widthMs: number) => {
    const series = new BoundedSeries(["n"], 16, widthMs);
    for (const atMs of moments) if (series.wants(atMs)) series.add(atMs, [atMs]);
    return series.columns();
  };
  const fine = of(1);
  assert.ok(fine.bin.length > 8 && fine.bin.length <= 16);
  assert.deepEqual(of(64), fine);
});

test("pages that reclaim took for nothing: those of requests that failed, and only those", () => {
  const machine = { board: "pc-x86-64", memoryBytes: 256 * MiB };
  const system = new RecordedSystem(boot(machine));
  const recorder = new Recorder(system, { metrics: ["reclaim", "orders"] }, 1000);
  recorder.large({ order: 9, granted: false, reclaimed: 30 });
  recorder.large({ order: 9, granted: true, reclaimed: 500 });
  recorder.large({ order: 3, granted: false, reclaimed: 4 });
  recorder.refused(100);
  const { metrics, recorded } = recorder.finish();
  assert.equal(metrics.reclaimedForNothing, 134);
  assert.deepEqual(recorded.orders, { order: [3, 9], asked: [1, 2], granted: [0, 1] });
  assert.equal(metrics.largeAsked, 3);
  assert.equal(metrics.largeGranted, 1);
});

test("huge page faults of a machine: all that were asked are in the table of orders, with the time to clear them", () => {
  const system = new RecordedSystem(boot({ board: "pc-x86-64", memoryBytes: 256 * MiB, thp: true }), {
    thpDefrag: "never",
  });
  const recorder = new Recorder(system, {}, 0);
  let granted = 0;
  while (system.allocHuge() >= 0) granted++;
  const { recorded, metrics } = recorder.finish();
  assert.deepEqual(recorded.orders, { order: [9], asked: [granted + 1], granted: [granted] });
  const { zeroPage, buddyTake } = system.costs;
  assert.equal(recorded.hugeFaults!.granted!.maxNs, 512 * zeroPage.ns + buddyTake.ns);
  assert.equal(recorded.hugeFaults!.fellBack!.samples, 1);
  assert.equal(metrics.thpShare, granted / (granted + 1));
});

test("only the groups that are asked for are recorded, with so many points; plans without a record keep their names", () => {
  for (const group of RECORDED) {
    const { recorded } = run(plan("6.1", { record: { metrics: [group], points: 4 } }));
    assert.equal(recorded!.fallbacks !== undefined, group === "fallbacks");
    assert.equal(recorded!.orders !== undefined, group === "orders");
    assert.ok(recorded!.series.bin.length <= 4 + 1, "the end is a moment of its own");
    for (const column of Object.values(recorded!.series.values))
      assert.equal(column.length, recorded!.series.bin.length);
  }
  assert.equal("record" in plan("6.1"), false);
  assert.notEqual(planHash(plan("6.1", { record: {} })), planHash(plan("6.1")));
  assert.equal(sharingKey(plan("6.1", { record: {} })), null);
});

test("the end is recorded, and the time of the requests has a series of its own", () => {
  const { recorded, metrics } = run(plan("6.1", { record: { metrics: ["blocks"] } }));
  const { series, requestSeries } = recorded!;
  // One hour of aging, then four requests a second apart, in bins of 62.5 ms rounded up.
  assert.equal(series.atMs.at(-1), 3_604_000);
  assert.equal(requestSeries!.fromMs, 3_600_000);
  assert.equal(requestSeries!.widthMs, 63);
  assert.equal(requestSeries!.atMs.at(-1), 3_604_000);
  const times = requestSeries!.atMs.length;
  assert.ok(times > 30 && times <= 65, `${times} moments during the requests`);
  for (const one of [series, requestSeries!])
    for (const name of ["mixedBlocks", "unmovableBlocks"]) {
      assert.equal(one.values[name]!.at(-1), metrics[`${name}End`]);
      assert.equal(metrics[name], metrics[`${name}End`]);
    }
  assert.ok(new Set(requestSeries!.values.unmovableBlocks).size > 2, "what the load does is seen");
});

test("the mean over time: stretches count with their length, and requests that share time with the run count once", () => {
  // From 2 to 4 in 10 s, from 4 to 10 in 2 s: (3 × 10 + 7 × 2) / 12.
  const whole = { widthMs: 6000, bin: [0, 1], atMs: [0, 10_000], values: { n: [2, 4] } };
  const end = { ...whole, bin: [0, 1, 2], atMs: [0, 10_000, 12_000], values: { n: [2, 4, 10] } };
  assert.equal(meanOverTime([end], "n"), 44 / 12);
  // The same end, seen closer: 4 for a second and a half, then 10 within half a second: 3 × 10 + 4 × 1.5 + 7 × 0.5.
  const requests = {
    fromMs: 10_000,
    widthMs: 500,
    bin: [0, 3, 4],
    atMs: [10_000, 11_500, 12_000],
    values: { n: [4, 4, 10] },
  };
  assert.equal(meanOverTime([end, requests], "n"), 39.5 / 12);
  assert.equal(meanOverTime([{ ...whole, atMs: [5, 5] }], "n"), 4);
});

test("a recorder follows a machine whose blocks fill between two moments of the clock", () => {
  const switches = { pcp: false };
  const system = new RecordedSystem(boot({ board: "pc-x86-64", memoryBytes: 256 * MiB, switches }));
  const recorder = new Recorder(system, { metrics: ["blocks"] }, 10_000);
  const before = blockUse(system.memory);
  system.advanceTo(10_000);
  recorder.startRequests(1000);
  for (let i = 0; i < 5000; i++) system.allocFixed("slab", GFP_KERNEL);
  system.advanceTo(11_000);
  for (let i = 0; i < 5000; i++) system.allocFixed("slab", GFP_KERNEL);
  const after = blockUse(system.memory);
  const { metrics, recorded } = recorder.finish();
  assert.ok(after.unmovable > before.unmovable + 10);
  assert.equal(metrics.unmovableBlocksEnd, after.unmovable);
  assert.deepEqual(recorded.requestSeries!.atMs, [10_000, 11_000, 11_000]);
  const [start, middle] = recorded.requestSeries!.values.unmovableBlocks!;
  assert.equal(start, before.unmovable);
  assert.equal(metrics.unmovableBlocksMean, (10 * before.unmovable + (before.unmovable + middle!) / 2) / 11);
});
