/** Defaults of sysctls, frames of a machine with ragged edges, and lists whose sizes a change sets: by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { reserveHighatomicPageblock } from "../../lib/mm/allocation/highatomic";
import { scanBlock } from "../../lib/mm/allocation/move-freepages";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { nrPcpFree, nrPcpFreeCounted, nrPcpHigh } from "../../lib/mm/allocation/pcp-free";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { explainContigFailure, type FailedRange } from "../../lib/mm/contiguous/contig-failure";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { remediesOf } from "../../lib/mm/contiguous/huge-page-shortage";
import { EBUSY, splitFreePage } from "../../lib/mm/contiguous/page-isolation";
import { setPcpSizes } from "../../lib/mm/decisions/per-cpu";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { largestFreeRange } from "../../lib/mm/reports/largest-free";
import type { Decisions } from "../../lib/mm/state/decisions";
import { GFP_ATOMIC, GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import { MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { BLOCK_HOLE } from "../../lib/mm/state/page-state";
import { PerCpuPages } from "../../lib/mm/state/per-cpu-pages";
import { freeList, takeAll, tinyMemory } from "./tiny-memory";

test("sysctls begin with the kernel's own values", () => {
  const m = tinyMemory("6.1");
  assert.equal(m.compactionProactiveness, 20);
  assert.equal(m.extfragThreshold, 500);
  assert.equal(m.watermarkBoostFactor, 15_000);
  assert.equal(tinyMemory("4.17").watermarkBoostFactor, 0, "4.17 has no boost");
});

test("memory that ends where the zone begins gives the zone no page block", () => {
  const zone = {
    ...{ idx: 2, name: "Normal", startPfn: 1124, spanned: 1948, present: 1536, managed: 1536 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 3, high: 320 },
    },
    freeRanges: [{ startPfn: 1536, pages: 1536 }],
  };
  const m = bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [zone] },
    ram: [
      { startPfn: 1024, pages: 100 },
      { startPfn: 1536, pages: 1536 },
    ],
  });
  assert.ok(m.blocks[2]! & BLOCK_HOLE, "frames 1024 to 1535");
  for (const block of [3, 4, 5]) assert.equal(m.blocks[block]! & BLOCK_HOLE, 0);
});

test("a change sets batch and limits of the lists of every CPU", () => {
  const m = tinyMemory("6.12");
  m.change = { pcpSize: () => ({ batch: 5, high: 77 }) } as unknown as Decisions;
  setPcpSizes(m);
  const { batch, high, highMin } = m.zones[0]!.pcp;
  assert.deepEqual({ batch, high, highMin }, { batch: 5, high: 77, highMin: 77 });
});

test("pages that did not move are named if there are any in every range", () => {
  const range = (notReached: number): FailedRange => ({
    ...{ startPfn: 1024, endPfn: 1536, errno: EBUSY, step: "migrate", blockedPages: 0 },
    ...{ notReached, blockers: [], note: null },
  });
  const words = (ranges: FailedRange[]) =>
    explainContigFailure({ request: "cma_alloc of 512 pages", errno: EBUSY, ranges, reason: "" });
  assert.doesNotMatch(words([range(0), range(3)]), /did not move/);
  assert.match(
    words([range(1), range(3)]),
    /In every range at least 1 movable page, held by nobody, did not move/,
  );
  assert.match(words([range(2)]), /at least 2 movable pages, held/);
});

test("the reserve for atomic requests ends at a hundredth of the zone and a block: 20 + 512 frames of 2,048", () => {
  for (const [reserved, after] of [
    [531, 1043],
    [532, 532],
  ] as const) {
    const m = tinyMemory("6.1");
    const zone = m.zones[0]!;
    const pfn = allocPages(m, GFP_ATOMIC, 1);
    zone.nrReservedHighatomic = reserved;
    const before = m.blockType(pfn);
    reserveHighatomicPageblock(m, zone, pfn, 1);
    assert.equal(zone.nrReservedHighatomic, after);
    assert.equal(m.blockType(pfn), after > reserved ? MIGRATE_HIGHATOMIC : before);
  }
});

test("a zone of fewer than 100 page blocks has no such reserve where the cap is rounded up to blocks", () => {
  const m = tinyMemory("6.12");
  const pfn = allocPages(m, GFP_ATOMIC, 1);
  reserveHighatomicPageblock(m, m.zones[0]!, pfn, 1);
  assert.equal(m.zones[0]!.nrReservedHighatomic, 0);
  assert.notEqual(m.blockType(pfn), MIGRATE_HIGHATOMIC);
});

test("find_alloc_contig_pages() of order 3 takes eight frames", () => {
  const m = tinyMemory("6.1");
  const found = new Contiguous(m).findAllocContigPages(3);
  assert.ok(found.ok);
  assert.equal(found.ok && found.count, 8);
  assert.equal(m.blockType(1024), MIGRATE_MOVABLE);
});

test("as many huge pages come of dropped cache as there are places with nothing but cache in them", () => {
  const node = { allowed: true, stopped: [], cacheOnly: 3, reclaimablePages: 1 };
  const of = (nodes: object[]) =>
    remediesOf(nodes as never).find(({ what }) => what === "drop clean page cache");
  assert.equal(of([node])?.candidates, 3);
  assert.equal(of([node, { ...node, cacheOnly: 4 }])?.candidates, 7);
  assert.equal(of([node, { ...node, allowed: false }])?.candidates, 3);
  assert.equal(of([{ ...node, reclaimablePages: 0 }]), undefined);
});

test("a block of nine free frames has 503 movable ones in use, wherever the free ones are", () => {
  for (const [single, large] of [
    [1024, 1032],
    [1033, 1024],
    [1535, 1040],
  ] as const) {
    const m = tinyMemory("6.1");
    const zone = m.zones[0]!;
    takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
    freeOnePage(m, zone, single, 0, MIGRATE_MOVABLE, false);
    freeOnePage(m, zone, large, 3, MIGRATE_MOVABLE, false);
    assert.ok(scanBlock(m, zone, 1200));
    const { startPfn, freePages, movablePages } = m.blockScan;
    assert.deepEqual(
      { startPfn, freePages, movablePages },
      { startPfn: 1024, freePages: 9, movablePages: 503 },
    );
  }
});

test("a drain of 5.14 doubles up to what is above the limit's last batch: 63, 126, 252, 504, then 800 − 63", () => {
  const pcp = new PerCpuPages(3);
  Object.assign(pcp, { batch: 63, count: 800, freeFactor: 0 });
  const drained = Array.from({ length: 6 }, () =>
    nrPcpFree({ sw: { pcpFree: "freeFactor" } }, pcp, 800, false),
  );
  assert.deepEqual(drained, [63, 126, 252, 504, 737, 737]);
  assert.equal(pcp.freeFactor, 4, "1,008 pages are more than may go");
});

test("the largest free range is made of neighbours that do not merge", () => {
  const m = tinyMemory("6.1");
  assert.equal(largestFreeRange(m), 2048);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  assert.equal(largestFreeRange(m), 0);
  for (const [pfn, order] of [
    [1031, 0],
    [1032, 3],
    [1042, 1],
  ] as const)
    freeOnePage(m, m.zones[0]!, pfn, order, MIGRATE_MOVABLE, false);
  assert.equal(largestFreeRange(m), 9, "1031 to 1039");
});

test("a free page at frame 0 is split into aligned pieces on either side", () => {
  const zone = {
    ...{ idx: 2, name: "Normal", startPfn: 0, spanned: 1024, present: 1024, managed: 1024 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 3, high: 320 },
    },
    freeRanges: [{ startPfn: 0, pages: 1024 }],
  };
  const m = bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [zone] },
  });
  // A page of order 10 that is no part of an untouched run.
  const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 10);
  freeOnePage(m, m.zones[0]!, pfn, 10, MIGRATE_MOVABLE, false);
  // 512 frames before the cut, and 512 behind: merging is for pages of one type.
  m.setBlockType(512, MIGRATE_ISOLATE);
  splitFreePage(m, m.zones[0]!, 0, 10, 512);
  assert.deepEqual(freeList(m, 9, MIGRATE_MOVABLE), [0]);
  assert.deepEqual(freeList(m, 9, MIGRATE_ISOLATE), [512]);
  assert.equal(m.zones[0]!.nrFreePages, 512);
});

test("6.7: what is freed in a row drains the lists, 32 batches at most; disabled lists have no limit", () => {
  const pcp = new PerCpuPages(3);
  Object.assign(pcp, { batch: 63, count: 100, high: 0, highMin: 0, highMax: 0 });
  assert.equal(nrPcpFreeCounted(pcp, 63, 0, true), 100);
  pcp.count = 5000;
  assert.equal(nrPcpFreeCounted(pcp, 63, 0, true), 63 * 32);
  assert.equal(nrPcpHigh({ reclaimActive: false, belowHigh: false }, pcp, 63, false), 0);
});

test("what can't be reclaimed counts as free pages in the releases that do so", () => {
  const reclaimable = (release: "4.17" | "6.1") => {
    const m = tinyMemory(release);
    allocPages(m, GFP_HIGHUSER_MOVABLE, 3);
    return new RoomMaker(m, { reclaim: true, compaction: true }).reclaimablePages(m.zones[0]!);
  };
  assert.equal(tinyMemory("6.1").sw.reclaimableCountsFree, true);
  // A list of order 3 is refilled with two pages of eight frames: max(3 >> 3, 2).
  assert.equal(reclaimable("6.1"), 2048 - 16);
  assert.equal(tinyMemory("4.17").sw.reclaimableCountsFree, false);
  assert.equal(reclaimable("4.17"), 0);
});
