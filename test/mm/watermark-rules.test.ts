/**
 * The watermark check (__zone_watermark_ok(), zone_watermark_fast()), the fragmentation indices and the deferral of compaction, for
 * every small case, against the kernel's rules written down a second time, as plainly as they can be.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { zoneWatermarkFast, zoneWatermarkOk } from "../../lib/mm/allocation/zone-watermark";
import { COMPACT_CONTINUE, COMPACT_SKIPPED, COMPACT_SUCCESS } from "../../lib/mm/compaction/compact-result";
import {
  compactionDeferReset,
  compactionDeferred,
  compactionRestarting,
  deferCompaction,
} from "../../lib/mm/compaction/compaction-deferral";
import {
  compactionSuitable,
  extfragForOrder,
  kcompactdSuitable,
} from "../../lib/mm/compaction/compaction-suitable";
import { fragmentationIndex, unusableFreeIndex } from "../../lib/mm/reports/fragmentation-index";
import type { AllocContext } from "../../lib/mm/state/alloc-context";
import {
  __GFP_ATOMIC,
  ALLOC_CMA,
  ALLOC_HIGHATOMIC,
  ALLOC_MIN_RESERVE,
  ALLOC_NON_BLOCK,
  ALLOC_OOM,
  ALLOC_WMARK_LOW,
  GFP_HIGHUSER_MOVABLE,
} from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
} from "../../lib/mm/state/migratetype";
import { foldDiffs } from "../../lib/mm/state/vmstat";
import { tinyMemory } from "./tiny-memory";

type Release = Parameters<typeof tinyMemory>[0];

/** One page of four frames is free, of the given type; the counters are what a test sets. */
function onePage(release: Release, mt: number): Memory {
  const m = tinyMemory(release, { cma: 512 });
  for (const order of [10, 10, 9]) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, order) >= 0);
  m.setBlockType(1024, mt);
  freeOnePage(m, m.zones[0]!, 1024, 2, mt, false);
  return m;
}

interface Counts {
  order: number;
  mark: number;
  reserve: number;
  flags: number;
  free: number;
  mt: number;
}

const half = (n: number) => Math.floor(n / 2);
const quarter = (n: number) => Math.floor(n / 4);
const ATOMIC = { whole: 6, free: 2 };
const CMA_FREE = 3;

/** The mark that a request with these rights has to exceed. */
function markOf(release: Release, mark: number, flags: number): number {
  const may = (right: number) => (flags & right) !== 0;
  let min = mark;
  if (may(ALLOC_MIN_RESERVE)) min -= half(min);
  if (release === "4.17") {
    // ALLOC_HARDER is ALLOC_NON_BLOCK's bit.
    if (may(ALLOC_OOM)) return min - half(min);
    return may(ALLOC_NON_BLOCK) ? min - quarter(min) : min;
  }
  if (may(ALLOC_MIN_RESERVE) && may(ALLOC_NON_BLOCK)) min -= quarter(min);
  return may(ALLOC_OOM) ? min - half(min) : min;
}

function unusable(release: Release, order: number, flags: number): number {
  const rights =
    ALLOC_NON_BLOCK | ALLOC_OOM | (release === "4.17" ? 0 : ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC);
  let pages = 2 ** order - 1;
  if ((flags & rights) === 0) pages += release === "6.12" ? ATOMIC.free : ATOMIC.whole;
  if ((flags & ALLOC_CMA) === 0) pages += CMA_FREE;
  return pages;
}

function holds(release: Release, c: Counts): boolean {
  if (c.free - unusable(release, c.order, c.flags) <= markOf(release, c.mark, c.flags) + c.reserve)
    return false;
  if (c.order === 0) return true;
  if (c.order > 2) return false;
  if (c.mt < 3) return true;
  if (c.mt === MIGRATE_CMA) return (c.flags & ALLOC_CMA) !== 0;
  const atomic = ALLOC_OOM | (release === "4.17" ? ALLOC_NON_BLOCK : ALLOC_HIGHATOMIC);
  return c.mt === MIGRATE_HIGHATOMIC && (c.flags & atomic) !== 0;
}

/** Every combination of the rights. */
const RIGHTS = Array.from({ length: 32 }, (_, i) =>
  [ALLOC_OOM, ALLOC_NON_BLOCK, ALLOC_MIN_RESERVE, ALLOC_CMA, ALLOC_HIGHATOMIC].reduce(
    (flags, right, bit) => (i & (1 << bit) ? flags | right : flags),
    0,
  ),
);

for (const release of ["4.17", "6.1", "6.12"] as const)
  test(`${release}: the check of an order above the mark, with every right, just below and above what is enough`, () => {
    for (const mt of [0, MIGRATE_MOVABLE, 2, MIGRATE_HIGHATOMIC, MIGRATE_CMA, MIGRATE_ISOLATE]) {
      const m = onePage(release, mt);
      const zone = m.zones[0]!;
      Object.assign(zone, {
        nrReservedHighatomic: ATOMIC.whole,
        nrFreeHighatomic: ATOMIC.free,
        nrFreeCma: CMA_FREE,
      });
      for (const [highest, reserve] of [
        [2, 0],
        [1, 7],
      ] as const) {
        zone.lowmemReserve[1] = 7;
        for (const order of [0, 1, 2, 3])
          for (const mark of [0, 7, 20])
            for (const flags of RIGHTS)
              for (let free = 0; free <= 45; free++) {
                const expected = holds(release, { order, mark, reserve, flags, free, mt });
                if (zoneWatermarkOk(m, zone, order, mark, highest, flags, free) !== expected)
                  assert.fail(
                    `type ${mt} order ${order} mark ${mark} flags ${flags} free ${free}: not ${expected}`,
                  );
              }
      }
    }
  });

for (const release of ["4.17", "6.1", "6.12"] as const)
  test(`${release}: a request's own check: a shortcut for order 0, and what the boost does not bind`, () => {
    const m = onePage(release, MIGRATE_MOVABLE);
    const zone = m.zones[0]!;
    Object.assign(zone, {
      nrReservedHighatomic: ATOMIC.whole,
      nrFreeHighatomic: ATOMIC.free,
      nrFreeCma: CMA_FREE,
    });
    zone.wmark[0] = 8;
    zone.lowmemReserve[2] = 1;
    const rule = (
      order: number,
      flags: number,
      boost: number,
      which: number,
      free: number,
      gfp: number,
    ): boolean => {
      const seen = Math.max(free, 0);
      const mark = 8 + boost;
      // Before 5.9 the shortcut overlooks the atomic reserve.
      const out = unusable(release, 0, flags | (release === "4.17" ? ALLOC_NON_BLOCK : 0));
      if (order === 0 && Math.max(seen - out, 0) > mark + 1) return true;
      const at = (m2: number) => holds(release, { order, mark: m2, reserve: 1, flags, free: seen, mt: 1 });
      if (at(mark)) return true;
      if (order > 0 || boost === 0 || which !== 0) return false;
      // 4.17 exempts nobody, 6.1 requests with __GFP_ATOMIC, and since 6.3 all that may use the reserve.
      const exempt = release === "6.1" ? gfp !== 0 : release === "6.12" && (flags & ALLOC_MIN_RESERVE) !== 0;
      return exempt && at(8);
    };
    for (const boost of [0, 5])
      for (const which of [0, ALLOC_WMARK_LOW])
        for (const order of [0, 1])
          for (const rights of RIGHTS)
            for (let at = -4; at <= 81; at++) {
              const free = at >> 1;
              const gfp = at & 1 ? __GFP_ATOMIC : 0;
              zone.watermarkBoost = boost;
              zone.nrFreePages = free;
              const flags = rights | which;
              const ac = { order, highest: 2, allocFlags: flags, gfp } as AllocContext;
              const expected = rule(order, flags, boost, which, free, gfp);
              if (zoneWatermarkFast(m, zone, ac, 8 + boost) !== expected)
                assert.fail(`order ${order} flags ${flags} boost ${boost} free ${free}: not ${expected}`);
            }
  });

/** Free pages by order, all small cases with three orders. */
function* nrFrees(): Generator<number[]> {
  for (let a = 0; a <= 5; a++) for (let b = 0; b <= 3; b++) for (let c = 0; c <= 2; c++) yield [a, b, c];
}

test("the fragmentation indices: what could serve the order, else how much is lacking and in how many pieces", () => {
  for (const nrFree of nrFrees())
    for (const order of [0, 1, 2, 3, 4]) {
      const pieces = nrFree[0]! + nrFree[1]! + nrFree[2]!;
      const pages = nrFree[0]! + 2 * nrFree[1]! + 4 * nrFree[2]!;
      let inLarge = 0;
      nrFree.forEach((n, o) => {
        if (o >= order) inLarge += n * 2 ** o;
      });
      const at = `${nrFree.join(" ")}, order ${order}`;
      const lacking =
        1000 - Math.floor((1000 + Math.floor((pages * 1000) / 2 ** order)) / Math.max(pieces, 1));
      assert.equal(fragmentationIndex(nrFree, order), pieces === 0 ? 0 : inLarge > 0 ? -1000 : lacking, at);
      const unfit = pages === 0 ? 1000 : Math.floor(((pages - inLarge) * 1000) / pages);
      assert.equal(unusableFreeIndex(nrFree, order), unfit, at);
      const zone = { nrFree } as unknown as Memory["zones"][0];
      assert.equal(
        extfragForOrder(zone, order),
        pages === 0 ? 0 : Math.floor(((pages - inLarge) * 100) / pages),
        at,
      );
    }
});

/** Single free pages, every other frame from 1024 on, which nothing merges with. */
function singles(release: Release, n: number): Memory {
  const m = tinyMemory(release, { watermarks: { min: 100, low: 130, high: 160 } });
  const zone = m.zones[0]!;
  const marks = [...zone.wmark];
  zone.wmark.fill(0);
  for (const order of [10, 10]) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, order) >= 0);
  zone.wmark.set(marks);
  for (let i = 0; i < n; i++) freeOnePage(m, zone, 1024 + 2 * i, 0, MIGRATE_MOVABLE, false);
  foldDiffs(zone, zone.pcp);
  return m;
}

test("compaction suits if order 0 is above min (low for costly orders) with twice the request, and what is free is in pieces", () => {
  const of = (
    order: number,
    n: number,
    more: { highest?: number; boost?: number; threshold?: number } = {},
  ) => {
    const m = singles("6.1", n);
    m.zones[0]!.watermarkBoost = more.boost ?? 0;
    m.zones[0]!.lowmemReserve[1] = 9;
    if (more.threshold !== undefined) m.extfragThreshold = more.threshold;
    return compactionSuitable(m, m.zones[0]!, order, 0, more.highest ?? 2);
  };
  assert.equal(of(-1, 0), COMPACT_CONTINUE, "the whole zone");
  assert.equal(of(0, 100), COMPACT_SKIPPED);
  assert.equal(of(0, 101), COMPACT_SUCCESS);
  for (const [order, base] of [
    [1, 100],
    [3, 100],
    [4, 130],
    [5, 130],
  ] as const) {
    const enough = base + 2 * 2 ** order + 1;
    assert.equal(of(order, enough - 1), COMPACT_SKIPPED, `order ${order}`);
    assert.equal(of(order, enough), COMPACT_CONTINUE, `order ${order}`);
    assert.equal(of(order, enough, { highest: 1 }), COMPACT_SKIPPED, "the reserve of lower zones");
    assert.equal(of(order, enough + 9, { highest: 1 }), COMPACT_CONTINUE);
    assert.equal(of(order, enough + 4, { boost: 5 }), COMPACT_SKIPPED);
    assert.equal(of(order, enough + 5, { boost: 5 }), COMPACT_CONTINUE);
  }
  // 400 single pages, order 4: 1000 − ⌊(1000 + 25000) ÷ 400⌋ = 935.
  assert.equal(of(4, 400, { threshold: 934 }), COMPACT_CONTINUE);
  assert.equal(of(4, 400, { threshold: 935 }), COMPACT_SKIPPED);
  assert.equal(of(3, 400, { threshold: 1000 }), COMPACT_CONTINUE, "orders up to 3 are not costly");
});

test("defrag_mode: kcompactd works until the high mark is met in whole page blocks", () => {
  const of = (n: number, blocks: number, order: number, threshold = 0) => {
    const m = singles("7.3", n);
    (m.sw as { defragMode: boolean }) = { ...m.sw, defragMode: true };
    m.extfragThreshold = threshold;
    for (let i = 0; i < blocks; i++) freeOnePage(m, m.zones[0]!, 2048 + 512 * i, 9, MIGRATE_MOVABLE, false);
    foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
    return kcompactdSuitable(m, m.zones[0]!, order, 2);
  };
  assert.equal(of(400, 1, 9), COMPACT_SKIPPED, "912 pages, of which 1,024 + 160 would have to be free");
  assert.equal(of(400, 1, 1), COMPACT_SUCCESS, "512 pages in blocks are above 160 + 1");
  assert.equal(of(164, 0, 1), COMPACT_SKIPPED, "160 + 2 · 2");
  assert.equal(of(165, 0, 1), COMPACT_CONTINUE);
  assert.equal(of(400, 0, 4, 934), COMPACT_CONTINUE);
  assert.equal(of(400, 0, 4, 935), COMPACT_SKIPPED);
  assert.equal(of(0, 0, -1), COMPACT_CONTINUE);
});

test("deferral: after a failure 2, 4 … 64 attempts of the order and above are counted before one is made", () => {
  const m = tinyMemory("6.1");
  const zone = m.zones[0]!;
  // The kernel begins with compact_order_failed 0 and no shift: nothing is deferred.
  assert.equal(compactionDeferred(m, zone, 3), false);
  zone.compact.orderFailed = 9;
  for (const shift of [1, 2, 3, 4, 5, 6, 6]) {
    deferCompaction(zone, 5);
    assert.equal(zone.compact.deferShift, shift);
    assert.equal(zone.compact.considered, 0);
    assert.equal(zone.compact.orderFailed, 5);
    assert.equal(compactionDeferred(m, zone, 4), false, "smaller orders are not deferred, nor counted");
    for (let n = 1; n < 2 ** shift; n++) {
      assert.equal(compactionRestarting(zone, 5), false);
      assert.equal(compactionDeferred(m, zone, n % 2 === 0 ? 5 : 7), true, `${n} of ${2 ** shift}`);
    }
    for (let n = 0; n < 3; n++) {
      assert.equal(compactionDeferred(m, zone, 5), false);
      assert.equal(compactionRestarting(zone, 5), shift === 6, "after the longest deferral");
      assert.equal(compactionRestarting(zone, 4), false);
      assert.equal(zone.compact.considered, 2 ** shift);
    }
  }
  deferCompaction(zone, 7);
  assert.equal(zone.compact.orderFailed, 5, "the smallest that failed stays");
  zone.compact.considered = 3;
  compactionDeferReset(zone, 4, false);
  assert.deepEqual([zone.compact.considered, zone.compact.deferShift, zone.compact.orderFailed], [3, 6, 5]);
  compactionDeferReset(zone, 5, false);
  assert.deepEqual([zone.compact.considered, zone.compact.deferShift, zone.compact.orderFailed], [3, 6, 6]);
  compactionDeferReset(zone, 7, true);
  assert.deepEqual([zone.compact.considered, zone.compact.deferShift, zone.compact.orderFailed], [0, 0, 8]);
});
