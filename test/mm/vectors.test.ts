/**
 * Vectors derived by hand from the kernel's rules (FACTS 2.11), not from our output: one CPU, a fresh zone of the
 * frames 1024–3071 (two order-10 blocks with page blocks of order 9), no CMA, pcp batch 3.
 */

import assert from "node:assert/strict";
import test from "node:test";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { drainPagesZone } from "../../lib/mm/allocation/pcp-free";
import { zoneWatermarkFast, zoneWatermarkOk } from "../../lib/mm/allocation/zone-watermark";
import { AllocContext } from "../../lib/mm/state/alloc-context";
import { GFP_ATOMIC, GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOWAIT } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_MOVABLE,
  MIGRATE_UNMOVABLE,
} from "../../lib/mm/state/migratetype";
import { ALLOCATED } from "../../lib/mm/state/page-state";
import { nrFreeSnapshot } from "../../lib/mm/state/vmstat";
import { WMARK_LOW } from "../../lib/mm/state/zone";
import { freeList, takeAll as takeAllBy, tinyMemory } from "./tiny-memory";

const fresh = tinyMemory;
const movable = (m: Memory, order = 0) => allocPages(m, GFP_HIGHUSER_MOVABLE, order);
const list = (m: Memory, order: number, mt = MIGRATE_MOVABLE) => freeList(m, order, mt);

/** Allocates the whole zone as single movable pages. */
const takeAll = (m: Memory) => takeAllBy(m, (order) => movable(m, order));

test("V1: three movable pages ascend; the last one freed is allocated next", () => {
  const m = fresh("6.1");
  assert.deepEqual([movable(m), movable(m), movable(m)], [1024, 1025, 1026]);
  freePages(m, 1025, 0);
  freePages(m, 1024, 0);
  assert.deepEqual([movable(m), movable(m)], [1024, 1025]);
});

test("V2: 4.17 frees boot memory to the head, so the first page comes from the last block", () => {
  assert.equal(movable(fresh("4.17")), 2048);
});

test("V3: the first unmovable page on a fresh zone takes a whole order-10 block, and both its page blocks", () => {
  const m = fresh("6.1");
  assert.equal(allocPages(m, GFP_KERNEL, 0), 1024);
  assert.deepEqual(
    [1024, 1536, 2048, 2560].map((p) => m.blockType(p)),
    [MIGRATE_UNMOVABLE, MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_MOVABLE],
  );
  assert.equal(movable(m), 2048);
});

test("V4: the rest of a block after three pages, and two order-1 requests after them", () => {
  const m = fresh("6.1");
  for (let i = 0; i < 3; i++) movable(m);
  const rest = [[1027], [], [1028], [1032], [1040], [1056], [1088], [1152], [1280], [1536], [2048]];
  assert.deepEqual(
    rest.map((_, order) => list(m, order)),
    rest,
  );
  assert.deepEqual([movable(m, 1), movable(m, 1)], [1028, 1030]);
});

for (const release of ["4.17", "6.1", "6.12", "7.3"] as const)
  test(`V5 (${release}): a page whose parent's buddy is free goes to the tail, otherwise to the head`, () => {
    for (const parentsBuddyFree of [false, true]) {
      const m = fresh(release);
      const zone = m.zones[0]!;
      takeAll(m);
      const free = (pfn: number) => freeOnePage(m, zone, pfn, 0, MIGRATE_MOVABLE, false);
      free(1024);
      if (parentsBuddyFree) {
        free(1028);
        free(1029);
        assert.deepEqual(list(m, 1), [1028]);
      }
      free(1030);
      assert.deepEqual(list(m, 0), parentsBuddyFree ? [1024, 1030] : [1030, 1024]);
    }
  });

test("V6: CMA blocks activated upwards, without THP, are listed in descending pairs", () => {
  const m = fresh("6.1", { cma: 8 * 512 });
  assert.deepEqual(list(m, 10, MIGRATE_CMA), [6144, 5120, 4096, 3072]);
  assert.equal(m.zones[0]!.nrFreeCma, 4096);
});

/* 4.17, from the rules of FACTS 3 and "4.17 details". */

test("4.17: only order 0 goes through the per-CPU lists", () => {
  const m = fresh("4.17");
  const pcp = m.zones[0]!.pcp;
  assert.equal(movable(m, 1), 2048);
  assert.equal(pcp.count, 0);
  assert.equal(movable(m), 2050);
  assert.equal(pcp.count, 2);
  // The refill of three took 2050, 2051 and, out of 2052–2055, 2052: 2053 and 2054–2055 are left.
  freePages(m, 2048, 1);
  assert.equal(pcp.count, 2);
  assert.deepEqual(list(m, 1), [2048, 2054]);
});

test("4.17: a full list returns a batch by visiting the lists in turn; after an empty one the next gives more", () => {
  const m = fresh("4.17");
  const zone = m.zones[0]!;
  // Six pages of each type; each list's pages are in a block of their own.
  const got = (gfp: number) => Array.from({ length: 6 }, () => allocPages(m, gfp, 0));
  const unmovable = got(GFP_KERNEL);
  const mov = got(GFP_HIGHUSER_MOVABLE);
  assert.equal(zone.pcp.count, 0);
  zone.pcp.high = 12;
  zone.pcp.batch = 5;
  const drained: number[] = [];
  m.trace = { pcpuDrain: (pfn) => drained.push(pfn) };
  for (const pfn of unmovable) freePages(m, pfn, 0);
  for (const pfn of mov) freePages(m, pfn, 0);
  // Movable gives 1; reclaimable is empty, so unmovable gives 2; movable 1; reclaimable is empty; unmovable the last.
  assert.deepEqual(drained, [mov[0], unmovable[0], unmovable[1], mov[1], unmovable[2]]);
});

test("4.17: no CMA-first balance: CMA is used only if the movable lists are empty", () => {
  const a = fresh("4.17", { pages: 1024, cma: 4096 });
  assert.equal(movable(a), 1024);
  const b = fresh("6.1", { pages: 1024, cma: 4096 });
  assert.equal(movable(b), 5120);
});

for (const [release, expected, left, leftType] of [
  // Each is moved to the head in ascending order: the last one moved is the first one taken.
  ["4.17", 1056, 1024, MIGRATE_UNMOVABLE],
  // Moved to the tail: the lowest is taken. The block is not claimed: 32 of its pages are free, the others movable.
  ["6.1", 1024, 1056, MIGRATE_UNMOVABLE],
  // One page is stolen, the head of the movable list; nothing is moved.
  ["6.12", 1056, 1024, MIGRATE_MOVABLE],
] as const)
  test(`stealing from a block with two free pages (${release})`, () => {
    const m = fresh(release);
    const zone = m.zones[0]!;
    takeAll(m);
    m.splitAllocated(1024, 4);
    freeOnePage(m, zone, 1024, 4, MIGRATE_MOVABLE, false);
    freeOnePage(m, zone, 1056, 4, MIGRATE_MOVABLE, false);
    assert.equal(allocPages(m, GFP_KERNEL, 4), expected);
    assert.deepEqual(list(m, 4, leftType), [left]);
    assert.equal(m.blockType(1024), MIGRATE_MOVABLE);
  });

test("a block is claimed if at least half of its pages are free or of a compatible type", () => {
  // An unmovable request finds a movable block: 16 pages are free; of the pages in use, `unlike` are movable and do
  // not count, the rest are compatible. 512 − 256 is half a block, 512 − 257 is less.
  for (const [release, claimed, unlike] of [
    ["6.1", true, 256],
    ["6.1", false, 257],
    ["6.12", true, 256],
    ["6.12", false, 257],
  ] as const) {
    const m = fresh(release);
    const zone = m.zones[0]!;
    takeAll(m);
    m.state.fill(ALLOCATED, 1024 + unlike, 1536);
    freeOnePage(m, zone, 1520, 4, MIGRATE_MOVABLE, false);
    assert.equal(allocPages(m, GFP_KERNEL, 4), 1520);
    assert.equal(m.blockType(1024), claimed ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE);
  }
});

test("a watermark is met only by more pages than the mark plus the reserve, not by as many", () => {
  const m = fresh("6.1");
  const zone = m.zones[0]!;
  const ok = (order: number, mark: number) => zoneWatermarkOk(m, zone, order, mark, 2, 0, zone.nrFreePages);
  assert.equal(zone.nrFreePages, 2048);
  assert.equal(ok(0, 2047), true);
  assert.equal(ok(0, 2048), false);
  // Order 3 needs eight pages, so seven do not count.
  assert.equal(ok(3, 2040), true);
  assert.equal(ok(3, 2041), false);
  zone.lowmemReserve[2] = 48;
  assert.equal(ok(0, 1999), true);
  assert.equal(ok(0, 2000), false);
});

test("movable requests take CMA while it is more than half of the free pages, not exactly half", () => {
  const half = fresh("6.1", { pages: 1024, cma: 1024 });
  assert.equal(movable(half), 1024);
  const more = fresh("6.1", { pages: 1024, cma: 2048 });
  // 2048 of 3072: CMA's list holds 3072 before 2048.
  assert.equal(movable(more), 3072);
});

/* High-order atomic requests: the reserve of 6.1 and of 4.17 (ALLOC_HARDER). */

/** A zone below its low watermark, where an order-1 atomic request has just reserved its block. */
function reserved(release: KernelRelease): Memory {
  const m = fresh(release);
  const zone = m.zones[0]!;
  zone.wmark[WMARK_LOW] = 5000;
  assert.ok(allocPages(m, GFP_ATOMIC, 1) >= 0);
  assert.equal(zone.nrReservedHighatomic, 512);
  zone.wmark[WMARK_LOW] = 0;
  return m;
}

for (const release of ["4.17", "6.1"] as const)
  test(`an atomic request of order 1 past the fast path reserves its block (${release}); GFP_NOWAIT does not`, () => {
    reserved(release);
    const m = fresh(release);
    m.zones[0]!.wmark[WMARK_LOW] = 5000;
    assert.ok(allocPages(m, GFP_NOWAIT, 1) >= 0);
    assert.equal(m.zones[0]!.nrReservedHighatomic, 0);
  });

test("the quick check of order 0 subtracts the reserve in 6.1, not in 4.17", () => {
  for (const [release, passes] of [
    ["4.17", true],
    ["6.1", false],
  ] as const) {
    const m = reserved(release);
    const zone = m.zones[0]!;
    // Set so that the quick check is at its limit: free − 512 = mark.
    const free = zone.nrFreePages;
    const ac = new AllocContext();
    ac.gfp = GFP_KERNEL;
    ac.highest = 2;
    assert.equal(zoneWatermarkFast(m, zone, ac, free - 512), passes);
    assert.equal(zoneWatermarkFast(m, zone, ac, free - 513), true);
    // The full check subtracts it in both.
    assert.equal(zoneWatermarkOk(m, zone, 0, free - 512, 2, 0, free), false);
  }
});

test("min is lowered by a half and a quarter for GFP_ATOMIC; GFP_NOWAIT alone lowers it in neither release", () => {
  for (const release of ["4.17", "6.1"] as const) {
    const m = fresh(release);
    const zone = m.zones[0]!;
    // min 1000 → 500 by ALLOC_HIGH → 375 by a quarter of the rest.
    const ok = (flags: number, free: number) => zoneWatermarkOk(m, zone, 0, 1000, 2, flags, free);
    assert.equal(ok(0x30, 376), true);
    assert.equal(ok(0x30, 375), false);
    assert.equal(ok(0x20, 501), true);
    assert.equal(ok(0x20, 500), false);
  }
});

test("order 0 gets reserved pages as a last resort in 6.1 (GFP_NOWAIT), never in 4.17", () => {
  for (const release of ["4.17", "6.1"] as const) {
    const m = reserved(release);
    const zone = m.zones[0]!;
    zone.wmark.fill(0);
    const before = list(m, 8, MIGRATE_HIGHATOMIC).length;
    assert.equal(before, 1);
    let fromReserve = 0;
    for (let pfn = 0; pfn >= 0; ) {
      pfn = allocPages(m, GFP_NOWAIT, 0);
      if (pfn >= 0 && m.blockType(pfn) === MIGRATE_HIGHATOMIC) fromReserve++;
    }
    // The request of order 1 took two pages of the reserved block. In 6.1 that order goes through the per-CPU lists,
    // so the refill took two more, which are still on the list.
    assert.equal(nrFreeSnapshot(zone), release === "4.17" ? 510 : 0);
    assert.equal(fromReserve, release === "4.17" ? 0 : 508);
  }
});

test("4.17 empties a CPU's lists at once, 6.1 in chunks of 32 batches that each start over", () => {
  for (const release of ["4.17", "6.1"] as const) {
    const m = fresh(release);
    const zone = m.zones[0]!;
    zone.pcp.batch = 1;
    zone.pcp.high = 1000;
    const kernel = Array.from({ length: 40 }, () => allocPages(m, GFP_KERNEL, 0));
    const mov = Array.from({ length: 40 }, () => movable(m));
    for (const pfn of [...kernel, ...mov]) freePages(m, pfn, 0);
    assert.equal(zone.pcp.count, 80);
    const drained: number[] = [];
    m.trace = { pcpuDrain: (pfn) => drained.push(pfn) };
    drainPagesZone(m, zone, zone.pcp);
    assert.equal(drained.length, 80);
    // 6.1: list 0, oldest first, before list 1.
    if (release === "6.1") assert.deepEqual(drained, [...kernel, ...mov]);
    // 4.17: one movable, two unmovable (two because of the empty reclaimable list), in turn. After 20 turns the
    // unmovable list is empty. With only one list left, the next visit frees all the rest.
    else {
      const turns: number[] = [];
      for (let i = 0; i < 20; i++) turns.push(mov[i]!, kernel[2 * i]!, kernel[2 * i + 1]!);
      assert.deepEqual(drained.slice(0, 60), turns);
      assert.deepEqual(drained.slice(60), mov.slice(20));
    }
  }
});
