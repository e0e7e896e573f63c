/** Rules of mm/compaction.c on counts made by hand, each of which was a defect that no test noticed. */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { isolateFreePage } from "../../lib/mm/allocation/isolate-free-page";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { CompactControl, MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT } from "../../lib/mm/compaction/compact-control";
import {
  COMPACT_CONTINUE,
  COMPACT_PRIO_SYNC_LIGHT,
  COMPACT_SKIPPED,
} from "../../lib/mm/compaction/compact-result";
import { tryToCompactPages } from "../../lib/mm/compaction/compaction";
import { fastFindMigrateblock } from "../../lib/mm/compaction/compaction-fast-search";
import { isolateFreepages } from "../../lib/mm/compaction/compaction-free-scanner";
import {
  isolateMigratepages,
  isolateMigratepagesBlock,
} from "../../lib/mm/compaction/compaction-migrate-scanner";
import { CompactionRun } from "../../lib/mm/compaction/compaction-run";
import { resetIsolationSuitable } from "../../lib/mm/compaction/compaction-skip-bits";
import { compactionSuitableFor, extfragForOrder } from "../../lib/mm/compaction/compaction-suitable";
import { allocContigPages } from "../../lib/mm/contiguous/contig-pages";
import { validate } from "../../lib/mm/reports/validate";
import { __GFP_MEMALLOC, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { listFrames } from "../../lib/mm/state/list-frames";
import { materialiseRange } from "../../lib/mm/state/materialise-range";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import { freeList, takeAll, tinyMemory } from "./tiny-memory";

/** Full of single movable pages but for every other one of the last 128, which nothing merges with. */
function scattered(): Memory {
  const m = tinyMemory("6.1");
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (let pfn = 3071 - 126; pfn < 3072; pfn += 2)
    freeOnePage(m, m.zones[0]!, pfn, 0, MIGRATE_MOVABLE, false);
  return m;
}

/** A run for order 3, and where each of its scans for sources began and ended. */
function runOf(m: Memory, mode: number, steps: number): [number, number][] {
  const scans: [number, number][] = [];
  m.trace = { isolateMigratepages: (from, to) => scans.push([from, to]) };
  const cc = new CompactControl(m, m.zones[0]!, { order: 3, gfp: GFP_HIGHUSER_MOVABLE, mode, direct: true });
  const run = new CompactionRun(m, cc);
  for (let i = 0; i < steps; i++) run.step();
  return scans;
}

test("an asynchronous run whose pages do not move goes on at the end of their group of 2^order, not a group later", () => {
  const m = scattered();
  m.mayMigrate = () => false;
  assert.deepEqual(runOf(m, MIGRATE_ASYNC, 3), [
    [1024, 1032],
    [1032, 1040],
    [1040, 1048],
  ]);
});

test("a run that waits takes 32 pages at a time, and what does not move is passed by", () => {
  const m = scattered();
  m.mayMigrate = () => false;
  assert.deepEqual(runOf(m, MIGRATE_SYNC_LIGHT, 2), [
    [1024, 1056],
    [1056, 1088],
  ]);
});

test("per-CPU lists are drained once a group of 2^order was left behind, but not if its pages did not move", () => {
  for (const [moves, left] of [
    [false, 2],
    [true, 0],
  ] as const) {
    const m = scattered();
    for (const pfn of [2000, 2004]) freePages(m, pfn, 0);
    assert.equal(m.zones[0]!.pcp.count, 2);
    m.mayMigrate = () => moves;
    let drained = -1;
    m.trace = { drainZone: (_zone, count) => (drained = count) };
    const options = { order: 3, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_ASYNC, direct: true };
    new CompactionRun(m, new CompactControl(m, m.zones[0]!, options)).step();
    assert.equal(m.zones[0]!.pcp.count, left, `pages move: ${moves}`);
    assert.equal(drained >= 2, moves);
  }
});

test("blocks may be scanned again from both ends of the zone, and their skip bits go", () => {
  const m = tinyMemory("6.1");
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  const zone = m.zones[0]!;
  // Samples are eight frames apart.
  freeOnePage(m, zone, 2568, 0, MIGRATE_MOVABLE, false);
  for (let block = 2; block < 6; block++) m.blocks[block]! |= BLOCK_SKIP;
  zone.compact.blockskipFlush = true;
  resetIsolationSuitable(m, zone);
  assert.deepEqual([...zone.compact.cachedMigratePfn], [1024, 1024]);
  assert.equal(zone.compact.cachedFreePfn, 3071);
  assert.equal(m.blocks[2]! & BLOCK_SKIP, 0);
  assert.equal(m.blocks[5]! & BLOCK_SKIP, 0);
  assert.equal(zone.compact.blockskipFlush, false);
});

test("a range of free pages is counted as isolated once, frame by frame", () => {
  const m = tinyMemory("6.1");
  assert.equal(allocContigPages(m, { pages: 512, gfp: GFP_KERNEL, kind: "driver" }), 1024);
  assert.equal(m.counters.compact_isolated, 512);
});

test("a block without a source is marked, and later runs begin behind the next block's start", () => {
  for (const [mode, cached] of [
    [MIGRATE_ASYNC, [2048, 1024]],
    [MIGRATE_SYNC_LIGHT, [2048, 2048]],
  ] as const) {
    const m = tinyMemory("6.1");
    takeAll(m, (order) => allocPages(m, GFP_KERNEL, order));
    m.state.fill(ALLOCATED, 1024, 3072);
    const zone = m.zones[0]!;
    zone.compact.cachedMigratePfn[0] = zone.compact.cachedMigratePfn[1] = 1024;
    const cc = new CompactControl(m, zone, { order: 3, gfp: GFP_KERNEL, mode });
    isolateMigratepagesBlock(m, cc, 1024, 1536);
    // pageblock_end_pfn() of 1536, at which the scan ended.
    assert.deepEqual([...zone.compact.cachedMigratePfn], cached);
    assert.equal(cc.migratePfn, 1536);
    assert.equal(cc.totalMigrateScanned, 512);
    assert.ok(m.blocks[2]! & BLOCK_SKIP);
  }
});

test("the share of free memory that is too small for an order: 0 if nothing is free", () => {
  const m = tinyMemory("6.1");
  assert.equal(extfragForOrder(m.zones[0]!, 9), 0, "two free pages of order 10");
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  assert.equal(extfragForOrder(m.zones[0]!, 9), 0);
  freeOnePage(m, m.zones[0]!, 1024, 3, MIGRATE_MOVABLE, false);
  freeOnePage(m, m.zones[0]!, 2048, 0, MIGRATE_MOVABLE, false);
  assert.equal(extfragForOrder(m.zones[0]!, 9), 100);
  assert.equal(extfragForOrder(m.zones[0]!, 3), 11, "one of nine frames");
});

test("compaction wants twice the request above the watermark: 100 + 2 · 8 free pages are one too few", () => {
  const m = tinyMemory("6.1", { watermarks: { min: 100, low: 120, high: 140 } });
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC, order));
  const of = (free: number) =>
    compactionSuitableFor(m, m.zones[0]!, { order: 3, allocFlags: 0, highest: 2 }, free);
  assert.equal(of(116), COMPACT_SKIPPED);
  assert.equal(of(117), COMPACT_CONTINUE);
});

/** The scanner for free pages of a machine with free single pages, and what it isolates for `wanted` sources. */
function targets(free: readonly number[], wanted: number, skipped: readonly number[] = []): CompactControl {
  const m = tinyMemory("6.1");
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (const pfn of free) freeOnePage(m, m.zones[0]!, pfn, 0, MIGRATE_MOVABLE, false);
  for (const block of skipped) m.blocks[block]! |= BLOCK_SKIP;
  const cc = new CompactControl(m, m.zones[0]!, {
    order: -1,
    gfp: GFP_HIGHUSER_MOVABLE,
    mode: MIGRATE_SYNC_LIGHT,
  });
  cc.freePfn = 2560;
  cc.nrMigratepages = wanted;
  isolateFreepages(m, cc);
  return cc;
}

test("the scanner for free pages passes blocks with the skip bit by, and goes on below them", () => {
  const cc = targets([2561, 2100, 2102], 2, [5]);
  assert.deepEqual([...cc.freepages].sort(), [2100, 2102]);
  assert.equal(cc.freePfn, 2103, "behind the last that was taken");
});

test("the scanner for free pages begins with the block before if it left one at its end", () => {
  // The other two keep the zone above its watermark.
  const cc = targets([3071, 1025, 1027], 1);
  assert.deepEqual(cc.freepages, [3071]);
  assert.equal(cc.freePfn, 2048);
});

test("the search for a source block among the free lists is for runs that heed the skip bits", () => {
  for (const [ignoreSkipHint, found] of [
    [false, 2048],
    [true, 1024],
  ] as const) {
    // Blocks from 1024 to 5119; the free page lies in the lower half of what is between the scanners.
    const m = tinyMemory("6.1", { pages: 4096 });
    for (let i = 0; i < 4; i++) allocPages(m, GFP_HIGHUSER_MOVABLE, 10);
    m.state.fill(ALLOCATED | IN_USE_MOVABLE, 1024, 5120);
    freeOnePage(m, m.zones[0]!, 2104, 3, MIGRATE_MOVABLE, false);
    const options = { order: 9, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_SYNC_LIGHT, direct: true };
    const cc = new CompactControl(m, m.zones[0]!, { ...options, ignoreSkipHint });
    cc.freePfn = 4608;
    assert.equal(fastFindMigrateblock(m, cc), found);
  }
});

test("a request compacts the zones up to the highest that it may use", () => {
  for (const highest of [1, 2]) {
    const m = scattered();
    m.mayMigrate = () => false;
    Object.assign(m.ac, {
      order: 3,
      gfp: GFP_HIGHUSER_MOVABLE,
      highest,
      allocFlags: 0,
      zonelist: m.zonelist,
    });
    const { result } = tryToCompactPages(m, m.ac, COMPACT_PRIO_SYNC_LIGHT);
    assert.equal(result === COMPACT_SKIPPED, highest < 2, `highest zone ${highest}, the only zone is 2`);
  }
});

test("if migration is off, the pages that a run isolated count as failed, and stay", () => {
  const m = scattered();
  m.migration = false;
  runOf(m, MIGRATE_SYNC_LIGHT, 1);
  assert.equal(m.counters.pgmigrate_fail, 32);
  assert.equal(m.counters.pgmigrate_success, 0);
  assert.equal(m.state[1024], ALLOCATED | IN_USE_MOVABLE);
});

test("the block that the fast search found is come to, though its own mark ends the scan at once; others with a skip bit are passed by", () => {
  // isolate_migratepages_block() looks at the first frame's skip bit, which set_pageblock_skip() of the search has just set.
  for (const [skipped, scan, isolated] of [
    [false, [1536, 2048], 0],
    [true, [2048, 2080], 32],
  ] as const) {
    const m = tinyMemory("6.1", { pages: 4096 });
    for (let i = 0; i < 4; i++) allocPages(m, GFP_HIGHUSER_MOVABLE, 10);
    m.state.fill(ALLOCATED | IN_USE_MOVABLE, 1024, 5120);
    // Below the middle, 3,072, between the scanners; the free page is of order 4, so that the search looks at its list.
    freeOnePage(m, m.zones[0]!, 1600, 4, MIGRATE_MOVABLE, false);
    m.blocks[2]! |= BLOCK_SKIP;
    if (skipped) m.blocks[3]! |= BLOCK_SKIP;
    const scans: [number, number][] = [];
    m.trace = { isolateMigratepages: (from, to) => scans.push([from, to]) };
    const options = { order: 9, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_SYNC_LIGHT, direct: true };
    const cc = new CompactControl(m, m.zones[0]!, options);
    cc.freePfn = 5120;
    assert.equal(isolateMigratepages(m, cc), isolated > 0);
    assert.deepEqual(scans, [scan]);
    assert.equal(cc.nrMigratepages, isolated);
    assert.equal(cc.migratePfn, scan[1]);
  }
});

test("untouched runs have 1,024 nodes; without one their blocks get nodes of their own, in the run's order", () => {
  for (const release of ["6.1", "4.17"] as const) {
    const m = tinyMemory(release, { pages: 8192 });
    const before = listFrames(m, m.zones[0]!.listBase + 81);
    assert.equal(before.length, 8);
    let nodes = 0;
    while (m.newVirginNode(0, 0, false) >= 0) nodes++;
    assert.equal(nodes, 1023, "boot memory is one run");
    // The middle of the run: the rest before it, these blocks, the rest after it.
    materialiseRange(m, 1024 * 4 + 7, 1024 * 5 + 1);
    assert.deepEqual(listFrames(m, m.zones[0]!.listBase + 81), before);
    assert.equal(m.state[1024 * 4], 11);
    assert.equal(m.state[1024 * 5], 11);
    validate(m, "everything");
  }
});

test("isolating half of a movable block sends its other free pages to the end of their lists since 6.10", () => {
  const lists = (release: "6.1" | "6.12" | "7.3") => {
    const m = tinyMemory(release);
    takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
    const [zone] = m.zones;
    // Half of the block at 1536, two pages of its other half, and one page of the block at 2048 behind them.
    freeOnePage(m, zone!, 1536, 8, MIGRATE_MOVABLE, false);
    for (const pfn of [2050, 1900, 1800]) freeOnePage(m, zone!, pfn, 0, MIGRATE_MOVABLE, false);
    assert.deepEqual(freeList(m, 0, MIGRATE_MOVABLE), [1800, 1900, 2050]);
    isolateFreePage(m, zone!, 1536, 8);
    return freeList(m, 0, MIGRATE_MOVABLE);
  };
  assert.deepEqual(lists("6.1"), [1800, 1900, 2050]);
  assert.deepEqual(lists("6.12"), [2050, 1800, 1900]);
  assert.deepEqual(lists("7.3"), [2050, 1800, 1900]);
});
