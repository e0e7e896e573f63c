/**
 * Rules of mm/page_alloc.c and mm/vmstat.c that show only with several CPUs, on counts made by hand from the kernel's rules:
 * whose lists a page goes to, who drains them, in whose difference a page is counted, and what a taken lock changes.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { asCpu, drainAllPages, drainCpu, refreshCpuVmStats } from "../../lib/mm/allocation/drain-cpus";
import { allocPages, allocPagesBulk, freePages } from "../../lib/mm/allocation/page-alloc";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { zonePagesetSize } from "../../lib/mm/boot/pageset-size";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  driftMark,
  normalThreshold,
  nrFreeSafe,
  nrFreeSnapshot,
  pressureThreshold,
} from "../../lib/mm/state/vmstat";
import { freeList, tinyMemory } from "./tiny-memory";

const two = (release: Parameters<typeof tinyMemory>[0]) => {
  const m = tinyMemory(release, { cpus: 2 });
  m.smp = true;
  return m;
};
const take = (m: Memory) => allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
const movable = (m: Memory, cpu: number) => m.zones[0]!.pcps[cpu]!.lists[1]!.toArray();
const diffs = (m: Memory) => m.zones[0]!.pcps.map((pcp) => pcp.diffNrFree);

/** The first frame of the first free block: boot memory goes to the tail of its list since 5.10, to the head before. */
const firstOf = (release: string) => (release === "4.17" ? 2048 : 1024);

/** CPU 0 takes a page and CPU 1 the fourth; CPU 1 frees the first and takes it again. Refills are of three pages. */
function takenOnBoth(release: Parameters<typeof tinyMemory>[0]): Memory {
  const m = two(release);
  const at = firstOf(release);
  assert.equal(take(m), at);
  m.runOn(1);
  assert.equal(take(m), at + 3, "CPU 1 has lists of its own, and refills them");
  assert.deepEqual(
    [movable(m, 0), movable(m, 1)],
    [
      [at + 1, at + 2],
      [at + 4, at + 5],
    ],
  );
  freePages(m, at, 0);
  assert.deepEqual(movable(m, 1), [at, at + 4, at + 5], "a free goes to the lists of the CPU that frees");
  assert.deepEqual(movable(m, 0), [at + 1, at + 2]);
  assert.equal(take(m), at);
  m.runOn(0);
  return m;
}

test("each CPU has lists of its own; a page freed elsewhere is at the head of the lists there", () => {
  for (const release of ["4.17", "6.1", "6.12", "7.3"] as const) takenOnBoth(release);
});

test("since 6.0 the CPU that drains all lists counts what comes back; before, each counted its own", () => {
  const m = takenOnBoth("6.1");
  // 8 MiB: 2 × fls(2) × (1 + fls(0)) = 4, which a refill of three pages does not exceed.
  assert.deepEqual(diffs(m), [-3, -3]);
  const drained: number[] = [];
  m.trace = { pcpuDrain: (pfn) => drained.push(pfn) };
  drainAllPages(m);
  assert.deepEqual(drained, [1026, 1025, 1029, 1028], "CPU by CPU, the oldest of each list first");
  assert.deepEqual(diffs(m), [1, -3]);
  assert.equal(m.cpu, 0);
  assert.equal(nrFreeSnapshot(m.zones[0]!), 2046, "1024 and 1027 are in use");

  const old = takenOnBoth("4.17");
  drainAllPages(old);
  assert.deepEqual(diffs(old), [-1, -1]);
  assert.equal(old.cpu, 0, "the CPU that asked goes on");
  assert.equal(nrFreeSnapshot(old.zones[0]!), 2046);
});

test("a drain of one CPU leaves the lists of the others, and a CPU without pages is passed over", () => {
  const m = takenOnBoth("6.1");
  const drains: number[] = [];
  m.trace = { drainZone: (_zone, count) => drains.push(count) };
  drainCpu(m, m.zones[0]!, 1);
  assert.deepEqual([movable(m, 0), movable(m, 1)], [[1025, 1026], []]);
  drainAllPages(m);
  drainAllPages(m);
  assert.deepEqual(drains, [2, 2]);
});

test("the size of drains, and of refills, is tuned by each CPU alone", () => {
  const m = two("6.1");
  const pages = Array.from({ length: 700 }, () => take(m));
  m.runOn(1);
  for (const pfn of pages) freePages(m, pfn, 0);
  const [first, second] = m.zones[0]!.pcps;
  // 320 pages fit; from then on drains double from one batch: free_factor grows on CPU 1 only.
  assert.equal(first!.freeFactor, 0);
  assert.ok(second!.freeFactor > 0);
  const tuned = two("6.12");
  for (let i = 0; i < 30; i++) take(tuned);
  const [busy, idle] = tuned.zones[0]!.pcps;
  assert.ok(busy!.allocFactor > 0);
  assert.equal(idle!.allocFactor, 0);
});

test("6.1: who finds the lock of the lists taken gets a page of the buddy lists, and frees to them", () => {
  const m = two("6.1");
  m.trylockFailures = 1;
  const page = take(m);
  assert.equal(page, 1024);
  assert.deepEqual(movable(m, 0), [], "no refill");
  assert.equal(m.trylockFailures, 0);
  m.trylockFailures = 1;
  freePages(m, page, 0);
  assert.deepEqual(movable(m, 0), []);
  assert.deepEqual(
    freeList(m, 10, 1),
    [1024, 2048],
    "the page has merged with its buddies up to its block's head",
  );

  m.trylockFailures = 1;
  const out = new Int32Array(8);
  assert.equal(
    allocPagesBulk(m, GFP_HIGHUSER_MOVABLE, 8, out),
    1,
    "a bulk request then takes one page as usual",
  );
  assert.deepEqual(movable(m, 0), [1025, 1026]);
});

test("4.17 has no lock to fail on", () => {
  const m = two("4.17");
  m.trylockFailures = 1;
  assert.equal(take(m), 2048);
  assert.deepEqual(movable(m, 0), [2049, 2050]);
});

test("stat_threshold grows with the CPUs: 2 × fls(CPUs) × (1 + fls(zone in 128 MiB)), at most 125", () => {
  const zone = 754_721 * 4096; // 23 × 128 MiB: fls is 5. A recorded kernel with one CPU has 12 here.
  const at = [1, 2, 3, 4, 8, 16, 64, 1024].map((cpus) => normalThreshold(zone, cpus));
  assert.deepEqual(at, [12, 24, 24, 36, 48, 60, 84, 125]);
  assert.equal(normalThreshold(3840 * 4096, 16), 10, "below 128 MiB: 2 × 5 × 1");
  // Printed by a running machine of two CPUs (6.18): zones DMA, DMA32 and Normal.
  const printed = [3840, 772_807, 4_128_768].map((pages) => normalThreshold(pages * 4096, 2));
  assert.deepEqual(printed, [4, 24, 32]);
});

test("high is the low watermark divided by the CPUs of the node, at least four batches", () => {
  const of = (cpus: number) => zonePagesetSize(754_721, 15_895, cpus, 4096, "6.1");
  assert.deepEqual(of(1), { batch: 63, high: 15_895 });
  assert.deepEqual(of(4), { batch: 63, high: 3973 });
  assert.deepEqual(of(224), { batch: 63, high: 252 });
  // Printed by the same machine: high_min of DMA32, whose low watermark is 3433 pages.
  assert.equal(zonePagesetSize(772_807, 3433, 2, 4096, "6.18").high, 1716);
});

test("the mark of drift, and the threshold of CPUs while kswapd is awake", () => {
  const marks = { min: 100, low: 125, high: 150 };
  /** One set of watermarks, and a threshold that is the same from the beginning. */
  const mark = (earlyWatermarks: typeof marks, threshold: number, cpus: number) =>
    driftMark({ earlyWatermarks, watermarks: earlyWatermarks, threshold, onlineThreshold: threshold, cpus });
  assert.equal(mark(marks, 8, 1), 0, "8 pages can't hide the 25 between low and min");
  assert.equal(mark(marks, 25, 1), 0, "nor can 25");
  assert.equal(mark(marks, 48, 4), 150 + 192);
  // Recorded kernels of 6.1: zone DMA with two and with four CPUs.
  const dma = { min: 22, low: 27, high: 32 };
  assert.deepEqual([mark(dma, 4, 2), mark(dma, 6, 4)], [40, 56]);
  // DMA32 with four: at 12 a CPU, 48 pages were held back when the last came online; later 18, and 72 do not hide the 164.
  const dma32 = { min: 657, low: 821, high: 985 };
  const late = { earlyWatermarks: dma32, watermarks: dma32, threshold: 18, cpus: 4 };
  assert.equal(driftMark({ ...late, onlineThreshold: 12 }), 48);
  // Since 6.13 nothing is set so early, and the watermarks of the end of the boot are asked once more.
  assert.equal(driftMark({ ...late, onlineThreshold: null }), 0);
  const raised = { ...late, earlyWatermarks: dma, watermarks: { min: 100, low: 171, high: 242 } };
  assert.equal(driftMark({ ...raised, onlineThreshold: null }), 242 + 72);
  assert.equal(driftMark({ ...raised, onlineThreshold: 12 }), 32 + 72);
  const above = { ...raised, watermarks: { min: 100, low: 172, high: 244 } };
  assert.equal(driftMark({ ...above, onlineThreshold: null }), 32 + 72);
  assert.deepEqual([pressureThreshold(marks, 4), pressureThreshold(marks, 64)], [6, 1]);
  assert.equal(pressureThreshold({ min: 100, low: 1100 }, 4), 125);
});

test("below the mark kswapd counts what every CPU holds back, and wakes although the counter looks fine", () => {
  const m = tinyMemory("6.1", { cpus: 4, watermarks: { min: 100, low: 125, high: 150 } });
  const zone = m.zones[0]!;
  // 2 × fls(4) × 1 = 6 on each of four CPUs hides up to 24 pages, and low is 25 above min.
  assert.deepEqual([zone.pcp.statThreshold, zone.percpuDriftMark], [6, 24]);
  zone.percpuDriftMark = 174;
  zone.nrFreePages = 160;
  for (const pcp of zone.pcps) pcp.diffNrFree = -5;
  assert.equal(nrFreeSafe(zone), 140);
  const kswapd = new RoomMaker(m, { reclaim: true, compaction: false });
  kswapd.wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 0, "without the rules of several CPUs: 160 pages are above 150");
  m.smp = true;
  kswapd.wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 1);
  assert.deepEqual(
    zone.pcps.map((pcp) => pcp.statThreshold),
    [6, 6, 6, 6],
    "25 / 4; it stays awake, for it found nothing to reclaim",
  );
  zone.nrFreePages = 180;
  assert.equal(nrFreeSafe(zone), 180, "above the mark nobody looks closer");
});

test("a CPU folds its own differences, and its lists for another node's zone expire after three quiet turns", () => {
  const shape = { spanned: 2048, present: 2048, managed: 2048, lowmemReserve: [0, 0, 0, 0] };
  const zone = (nid: number, startPfn: number) => ({
    ...shape,
    idx: 2,
    name: "Normal",
    nid,
    startPfn,
    watermarks: { min: 0, low: 0, high: 0 },
    pageset: { batch: 3, high: 320 },
    freeRanges: [{ startPfn, pages: 2048 }],
  });
  const m = bootMemory({
    release: "6.1",
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: false,
    thp: false,
    mobilityDisabled: false,
    cpus: 2,
    zones: [zone(0, 1024), zone(1, 4096)],
  });
  m.smp = true;
  const [here, there] = m.zones as [Memory["zones"][0], Memory["zones"][0]];
  m.runOn(0);
  const page = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  const far = allocPages(m, GFP_HIGHUSER_MOVABLE, 0, m.zonelistOf(1, GFP_HIGHUSER_MOVABLE));
  assert.deepEqual([page, far], [1024, 4096]);
  assert.deepEqual([here.pcp.count, there.pcp.count], [2, 2]);
  asCpu(m, 1, () => refreshCpuVmStats(m));
  assert.deepEqual([here.pcp.diffNrFree, there.pcp.diffNrFree], [-3, -3], "CPU 1 folds nothing of CPU 0's");
  const counts: number[][] = [];
  for (let turn = 0; turn < 4; turn++) {
    refreshCpuVmStats(m);
    counts.push([here.pcp.count, there.pcp.count, there.pcp.diffNrFree]);
  }
  // The first turn folds and sets the timer; it runs down with that turn and the next two.
  assert.deepEqual(counts, [
    [2, 2, 0],
    [2, 2, 0],
    [2, 0, 2],
    [2, 0, 0],
  ]);
  assert.deepEqual([here.nrFreePages, there.nrFreePages], [2045, 2047]);
});
