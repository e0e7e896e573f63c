/**
 * Compaction, reclaim and the slow path on small machines. Recordings check the decisions; these tests check
 * directions and laws.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib/index";
import { drainAllPages } from "../../lib/mm/allocation/drain-cpus";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { compactMemory, proactiveCompactNode } from "../../lib/mm/compaction/compaction";
import {
  compactionDeferReset,
  compactionDeferred,
  compactionRestarting,
  deferCompaction,
} from "../../lib/mm/compaction/compaction-deferral";
import { extfragForOrder } from "../../lib/mm/compaction/compaction-suitable";
import {
  allocContigPages,
  freeContigRange,
  giganticFromAnywhere,
} from "../../lib/mm/contiguous/contig-pages";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, Lru } from "../../lib/mm/reclaim/lru";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { fragmentationIndex } from "../../lib/mm/reports/fragmentation-index";
import { validate } from "../../lib/mm/reports/validate";
import * as G from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";

function memory(size: string): Memory {
  return machine("pc-x86-64").memory(size).cma("off").thp("off").start().memory;
}

/** Takes single movable frames until the next would need the slow path. */
function fill(m: Memory): number[] {
  const pages: number[] = [];
  for (let p = allocPages(m, G.GFP_HIGHUSER_MOVABLE, 0); p >= 0; p = allocPages(m, G.GFP_HIGHUSER_MOVABLE, 0))
    pages.push(p);
  return pages;
}

/** Gupta's fragmenter: fill memory, then free three quarters of every 2 MiB chunk. */
function fragment(m: Memory): void {
  for (const p of fill(m)) if (p % 512 >= 128) freePages(m, p, 0);
  drainAllPages(m);
}

function normal(m: Memory) {
  return m.zonelist[0]!;
}

// Nitin Gupta, "Memory compaction" proactive series (2020): his fragmenter gives an order-9 external fragmentation of
// 100 %, and compaction brings nearly all of the free memory back as huge pages.
test("freeing three quarters of each 2 MiB leaves no huge page; compaction brings them back", () => {
  const m = memory("1GiB");
  fragment(m);
  const zone = normal(m);
  // A few huge pages are left below the watermark at which filling stops.
  assert.ok(extfragForOrder(zone, 9) >= 99);
  assert.equal(fragmentationIndex(zone.nrFree, 9), -1000, "a request would still succeed");
  const before = m.counters.pgmigrate_success;
  compactMemory(m);
  drainAllPages(m);
  assert.ok(m.counters.pgmigrate_success > before);
  assert.ok(extfragForOrder(zone, 9) < 10, `still ${extfragForOrder(zone, 9)} %`);
});

test("a huge page on fragmented memory needs compaction: if it is off, the request fails", () => {
  const ask = (compaction: boolean) => {
    const m = memory("1GiB");
    fragment(m);
    m.help = new RoomMaker(m, { reclaim: true, compaction });
    return new HugetlbPool(m, { order: 9 }).setMaxHugePages(100);
  };
  // The fragmenter cannot reach some order-9 pages of the 1 GiB: lowmem_reserve protects those of the low zone.
  assert.ok(ask(false) < 10, `without compaction: ${ask(false)}`);
  assert.equal(ask(true), 100);
});

test("compaction conserves pages: the number in use stays the same, counters equal lists", () => {
  const m = memory("512MiB");
  fragment(m);
  const free = () => m.zones.reduce((n, z) => n + z.nrFree.reduce((s, k, o) => s + k * 2 ** o, 0), 0);
  const counted = () =>
    m.zones.reduce((n, z) => n + z.nrFreePages + z.pcps.reduce((s, p) => s + p.diffNrFree, 0), 0);
  const before = free();
  assert.equal(counted(), before);
  compactMemory(m);
  drainAllPages(m);
  assert.equal(free(), before);
  assert.equal(counted(), before);
  validate(m, "everything");
});

test("a page that fails to move keeps its block from becoming free", () => {
  const m = memory("512MiB");
  fragment(m);
  m.mayMigrate = (pfn) => pfn % 512 !== 0;
  compactMemory(m);
  drainAllPages(m);
  assert.ok(extfragForOrder(normal(m), 9) > 60);
  assert.ok(m.counters.pgmigrate_fail > 0);
});

test("proactive compaction starts above the score and stops below it", () => {
  const m = memory("1GiB");
  fragment(m);
  assert.equal(proactiveCompactNode(m, 0), false);
  assert.equal(proactiveCompactNode(m, 20), true);
  assert.ok(extfragForOrder(normal(m), 9) <= 80);
  assert.equal(proactiveCompactNode(m, 20), false);
});

test("deferral doubles with each failure, up to 64 attempts, and ends with a success", () => {
  const m = memory("512MiB");
  const zone = m.zonelist[0]!;
  assert.equal(compactionDeferred(m, zone, 9), false);
  const runs = (n: number) => {
    let left = 0;
    while (compactionDeferred(m, zone, 9)) left++;
    assert.equal(left, n);
  };
  for (const n of [1, 3, 7, 15, 31, 63, 63]) {
    deferCompaction(zone, 9);
    runs(n);
  }
  assert.equal(compactionRestarting(zone, 9), true);
  assert.equal(compactionDeferred(m, zone, 8), false, "a smaller order is not deferred");
  compactionDeferReset(zone, 9, true);
  assert.equal(compactionDeferred(m, zone, 9), false);
});

test("direct reclaim drops clean file pages, writes dirty ones, and leaves anonymous ones without swap", () => {
  const m = memory("256MiB");
  const lru = new Lru(m);
  m.lru = lru;
  const fates: Record<string, number> = {};
  lru.onReclaim = (_pfn, as) => {
    fates[as] = (fates[as] ?? 0) + 1;
  };
  m.help = new RoomMaker(m, { reclaim: false, compaction: false });
  const pages = fill(m);
  pages.forEach((p, i) => {
    lru.add(p, i % 2 === 0 ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE, i % 4 === 1);
  });
  assert.equal(allocPages(m, G.GFP_HIGHUSER_MOVABLE, 0), -1, "reclaim is off");
  m.help = new RoomMaker(m, { reclaim: true, compaction: true });
  const got = allocPages(m, G.GFP_HIGHUSER_MOVABLE, 0);
  assert.ok(got >= 0);
  assert.ok((fates.dropped ?? 0) > 0 && (fates.written ?? 0) > 0);
  assert.equal(fates.swapped, undefined);
  lru.swapFree = 1000;
  const anon = lru.count[LRU_INACTIVE_ANON]!;
  while (lru.count[LRU_INACTIVE_FILE]! > 0) lru.shrink(m.zones, 0, 1 << 20);
  lru.shrink(m.zones, 0, 500);
  assert.equal(anon - lru.count[LRU_INACTIVE_ANON]!, fates.swapped);
  assert.equal(lru.swapFree, 1000 - fates.swapped!);
});

test("a pool of huge pages grows, shrinks, has surplus pages and splits gigantic pages", () => {
  const m = memory("1GiB");
  const pool = new HugetlbPool(m, { order: 9, overcommit: 1 });
  assert.equal(pool.setMaxHugePages(4), 4);
  const used = [pool.alloc(), pool.alloc(), pool.alloc(), pool.alloc(), pool.alloc()];
  assert.equal(pool.surplus, 1);
  assert.equal(pool.alloc(), -1, "one surplus page is allowed");
  assert.equal(pool.setMaxHugePages(2), 2);
  assert.equal(pool.surplus, 3);
  for (const pfn of used) pool.release(pfn);
  assert.deepEqual([pool.total, pool.surplus, pool.free.length], [2, 0, 2]);
  assert.throws(() => pool.release(used[0]!), /is not the first of a huge page in use/);
  assert.equal(pool.dissolve(pool.free[0]!), true);
  assert.equal(pool.total, 1);
  const small = new HugetlbPool(m, { order: 4 });
  assert.equal(pool.demote(5, small), 1);
  assert.deepEqual([pool.total, small.free.length], [0, 32]);
  small.setMaxHugePages(0);
  const gigantic = new HugetlbPool(m, { order: 13, gigantic: giganticFromAnywhere(m) });
  assert.equal(gigantic.setMaxHugePages(3), 3);
  for (const pfn of gigantic.free) assert.equal(pfn % 2 ** 13, 0);
  assert.equal(gigantic.demote(1, pool), 1);
  assert.deepEqual([gigantic.total, pool.total], [2, 16]);
  assert.equal(gigantic.setMaxHugePages(0), 0);
  assert.throws(
    () => new HugetlbPool(m, { order: 18 }).setMaxHugePages(1),
    /needs a source of contiguous memory/,
  );
});

test("contiguous memory on a fresh machine is the first aligned range without reserved frames; a second request gets another", () => {
  const m = memory("1GiB");
  const before = m.zones.map((z) => z.nrFreePages + z.pcp.diffNrFree);
  const request = { pages: 3 * 4096, gfp: G.GFP_KERNEL, kind: "driver" as const };
  const a = allocContigPages(m, request);
  const b = allocContigPages(m, request);
  assert.ok(a >= 0 && b > a);
  assert.equal(a % request.pages, 0, "steps of the size, not natural alignment");
  freeContigRange(m, a, request.pages);
  freeContigRange(m, b, request.pages);
  drainAllPages(m);
  assert.deepEqual(
    m.zones.map((z) => z.nrFreePages + z.pcp.diffNrFree),
    before,
  );
  assert.throws(() => allocContigPages(m, { ...request, pages: 1.5 }), /pages must be a whole number/);
});
