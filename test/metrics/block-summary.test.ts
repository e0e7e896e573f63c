/** Summaries of a machine against an independent frame-by-frame count without runs, groups or columns. */
import assert from "node:assert/strict";
import test from "node:test";
import {
  blockSummary,
  coarserSummary,
  freeBlocksByOrder,
  holderFlows,
  PAGE_CLASSES,
} from "../../lib/metrics";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { buddyinfoText } from "../../lib/mm/reports/buddyinfo";
import { walkPages } from "../../lib/mm/reports/page-walk";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_NAMES } from "../../lib/mm/state/migratetype";
import { holdPage, ownerKind, setOwnerKind } from "../../lib/mm/state/owners";
import { BLOCK_HOLE } from "../../lib/mm/state/page-state";
import { churnMachine } from "../../lib/workload/allocator-churn";
import { usedMachine } from "../chart/gallery/machine";

const sum = (column: readonly number[]) => column.reduce((a, b) => a + b, 0);

/**
 * Classifies each frame by its own place: free in the buddy lists, on a per-CPU list, or the kind of the page in use.
 */
function frameByFrame(m: Memory, from: number, to: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let pfn = from; pfn < to; pfn++) {
    const place = m.freePlaceOf(pfn);
    const key = place === undefined ? ownerKind(m, m.headOf(pfn)) : place.pcp ? "pcp" : "free";
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

test("every group equals a frame-by-frame count", () => {
  const { memory: m } = usedMachine();
  const summary = blockSummary(m, { blocksPerGroup: 4 });
  const size = 4 * m.pageblockPages;
  assert.equal(summary.startPfn.length, 128, "1 GiB in groups of 8 MiB");
  for (let at = 0; at < summary.startPfn.length; at += 3) {
    const counts = frameByFrame(m, summary.startPfn[at]!, summary.startPfn[at]! + size);
    assert.equal(summary.freePages[at], counts.free ?? 0);
    assert.equal(summary.perCpuPages[at], counts.pcp ?? 0);
    for (const [kind, column] of Object.entries(summary.kindPages))
      assert.equal(column![at], counts[kind] ?? 0, `${kind} in group ${at}`);
  }
});

test("pages are conserved: free, per-CPU and in-use pages add up to all pages, by class and by kind", () => {
  const { memory: m } = usedMachine();
  const s = blockSummary(m);
  const frames = m.zones.reduce((n, zone) => n + zone.endPfn - zone.startPfn, 0);
  const free = sum(s.freePages) + sum(s.perCpuPages);
  assert.equal(free + sum(PAGE_CLASSES.map((name) => sum(s.classPages[name]))), frames);
  assert.equal(free + sum(Object.values(s.kindPages).map((column) => sum(column!))), frames);
  assert.equal(
    sum(s.freePages),
    m.zones.reduce(
      (n, zone) => n + zone.nrFree.reduce((pages, blocks, order) => pages + blocks * 2 ** order, 0),
      0,
    ),
    "the allocator's own counters (nrFreePages may lag behind by what CPUs have not told yet)",
  );
  const flows = holderFlows(m);
  assert.equal(sum(flows.map((flow) => flow.pages)), frames - free);
});

test("blocks are counted once, by their type", () => {
  const { memory: m } = usedMachine();
  const s = blockSummary(m, { blocksPerGroup: 64 });
  const expected = MIGRATE_NAMES.map(() => 0);
  for (const zone of m.zones)
    for (let pfn = zone.startPfn; pfn < zone.endPfn; pfn += m.pageblockPages)
      if (!(m.blocks[pfn >>> m.pageblockOrder]! & BLOCK_HOLE)) expected[m.blockType(pfn)]!++;
  assert.deepEqual(
    MIGRATE_NAMES.map((name) => sum(s.blocks[name]!)),
    expected,
  );
});

test("merged groups equal groups that are counted together", () => {
  const { memory: m } = usedMachine();
  assert.deepEqual(
    coarserSummary(blockSummary(m, { blocksPerGroup: 2 }), 8),
    blockSummary(m, { blocksPerGroup: 16 }),
  );
});

test("pins count the pages they hold; a page locked in memory is not a pin", () => {
  const m = churnMachine(2 ** 14);
  const huge = allocPages(m, GFP_KERNEL, 9);
  const locked = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  setOwnerKind(m, locked, "anon");
  holdPage(m, huge, "longterm", "VFIO");
  holdPage(m, locked, "mlock", "a process");
  const s = blockSummary(m, { blocksPerGroup: 1 });
  assert.equal(sum(s.pinnedPages), 512);
  assert.equal(s.pinnedPages[s.startPfn.findIndex((pfn) => pfn === huge - (huge % 512))], 512);
});

test("runs cover every frame of a zone once, in order", () => {
  const { memory: m } = usedMachine();
  for (const zone of m.zones) {
    let at = zone.startPfn;
    walkPages(m, zone, (start, pages) => {
      assert.equal(start, at);
      at += pages;
    });
    assert.equal(at, zone.endPfn);
  }
});

test("free blocks by order are those of /proc/buddyinfo", () => {
  const { memory: m } = usedMachine();
  const lines = buddyinfoText(m)
    .trim()
    .split("\n")
    .map((line) =>
      line
        .split(/zone\s+\S+\s+/)[1]!
        .trim()
        .split(/\s+/)
        .map(Number),
    );
  const added = lines[0]!.map((_, order) => lines.reduce((n, line) => n + line[order]!, 0));
  assert.deepEqual(freeBlocksByOrder(m), added);
  assert.deepEqual(freeBlocksByOrder(m, "DMA"), [...m.zones[0]!.nrFree]);
  assert.throws(() => freeBlocksByOrder(m, "HighMem"), /no zone HighMem: got DMA, Normal/);
});

test("groups are a power of two of blocks", () => {
  assert.throws(() => blockSummary(churnMachine(2 ** 14), { blocksPerGroup: 3 }), /power of two: got 3/);
});
