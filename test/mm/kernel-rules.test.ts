/**
 * Rules of mm/page_alloc.c that hardly a recording meets, each on counts made by hand. Every one of them was a defect that could be
 * planted without a test's notice.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { boostWatermark } from "../../lib/mm/allocation/fallback-steal";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { drainPagesZone, nrPcpFree, nrPcpFreeCounted, nrPcpHigh } from "../../lib/mm/allocation/pcp-free";
import { markWithRights } from "../../lib/mm/allocation/zone-watermark";
import {
  __GFP_KSWAPD_RECLAIM,
  ALLOC_MIN_RESERVE,
  ALLOC_OOM,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
} from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { PerCpuPages } from "../../lib/mm/state/per-cpu-pages";
import type { SlowPathHelp } from "../../lib/mm/state/slow-path-help";
import { freeList, type Tiny, takeAll, tinyMemory } from "./tiny-memory";

function full(release: Parameters<typeof tinyMemory>[0], more: Tiny = {}): Memory {
  const m = tinyMemory(release, more);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  return m;
}
const freeMovable = (m: Memory, pfn: number, order: number) =>
  freeOnePage(m, m.zones[0]!, pfn, order, MIGRATE_MOVABLE, false);

for (const release of ["4.17", "6.1", "6.12"] as const)
  test(`${release}: while a block of the zone is isolated, a drain asks each page's block, not what was noted at the free`, () => {
    const m = tinyMemory(release);
    const zone = m.zones[0]!;
    const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    const elsewhere = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    freePages(m, pfn, 0);
    m.setBlockType(pfn, MIGRATE_ISOLATE);
    zone.nrIsolatePageblock = 1;
    const free = zone.nrFreePages;
    drainPagesZone(m, zone, zone.pcp);
    assert.ok(freeList(m, 0, MIGRATE_ISOLATE).includes(pfn), "on the list of isolated pages");
    assert.equal(zone.pcp.count, 0);
    // Isolated pages are not counted as free; of the block, all that the lists had are isolated.
    assert.equal(zone.nrFreePages, free);
    assert.ok(!freeList(m, 0, MIGRATE_MOVABLE).includes(elsewhere));
  });

test("lists whose limit is below a batch give back one page: disabled, or those of boot", () => {
  const pcp = new PerCpuPages(3);
  Object.assign(pcp, { batch: 63, count: 70, freeFactor: 2, freeCount: 100 });
  for (const high of [0, 1, 62]) {
    assert.equal(nrPcpFree({ sw: { pcpFree: "freeFactor" } }, pcp, high, false), 1, `5.14: ${high}`);
    assert.equal(nrPcpFreeCounted(pcp, 63, high, false), 1, `6.7: ${high}`);
  }
  assert.equal(pcp.freeFactor, 2, "such a drain does not grow the next one");
});

test("while kswapd reclaims, the lists hold four batches at most", () => {
  // 6.7 and later: high itself shrinks by a batch, or by the pages freed in a row, and the limit is 4 · 63.
  const pcp = new PerCpuPages(3);
  Object.assign(pcp, { batch: 63, high: 800, highMin: 63, highMax: 2000, freeCount: 100, count: 252 });
  const zone = { reclaimActive: true, belowHigh: false };
  assert.equal(nrPcpHigh(zone, pcp, 63, false), 252);
  assert.equal(pcp.high, 700);
  pcp.high = 200;
  assert.equal(
    nrPcpHigh(zone, pcp, 63, false),
    100,
    "100 pages freed in a row: 200 − 100 is below four batches",
  );
  // 6.1: the twelfth page of a batch of three drains.
  const m = full("6.1");
  m.zones[0]!.reclaimActive = true;
  for (let i = 0; i < 11; i++) freePages(m, 1024 + i, 0);
  assert.equal(m.zones[0]!.pcp.count, 11);
  freePages(m, 1035, 0);
  assert.equal(m.zones[0]!.pcp.count, 12 - 3);
});

test("a victim of the OOM killer may use half of what lies below the mark, an atomic request half and then a quarter more", () => {
  for (const hardAtomic of [true, false])
    assert.equal(markWithRights({ hardAtomic }, 1001, ALLOC_OOM), 501, "1,001 − 500");
  assert.equal(markWithRights({ hardAtomic: false }, 1001, ALLOC_MIN_RESERVE), 501);
  assert.equal(markWithRights({ hardAtomic: false }, 1001, ALLOC_MIN_RESERVE | ALLOC_OOM), 251, "501 − 250");
});

test("no boost in a zone of fewer than four page blocks, nor where 1.5 times the high mark is none", () => {
  const boosted = (managed: number, high: number) => {
    const m = tinyMemory("6.1", { watermarks: { min: 0, low: 0, high } });
    m.zones[0]!.managed = managed;
    assert.equal(boostWatermark(m, m.zones[0]!), m.zones[0]!.watermarkBoost > 0);
    return m.zones[0]!.watermarkBoost;
  };
  assert.equal(boosted(4 * 512 - 1, 400), 0);
  // One block at a time, up to 1.5 · 400 = 600, but never less than a block.
  assert.equal(boosted(4 * 512, 400), 512);
  assert.equal(boosted(4 * 512, 0), 0);
});

for (const release of ["6.1", "6.12"] as const)
  test(`${release}: a boost wakes kswapd only for requests that may wake it`, () => {
    for (const [gfp, wakes] of [
      [GFP_KERNEL, 1],
      [GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM, 0],
    ] as const) {
      const m = full(release, { watermarks: { min: 0, low: 0, high: 400 } });
      freeMovable(m, 1056, 4);
      let woken = 0;
      m.help = { wakeKswapd: () => woken++ } as unknown as SlowPathHelp;
      assert.equal(allocPages(m, gfp, 4), 1056);
      assert.equal(m.zones[0]!.watermarkBoost, 512);
      assert.equal(woken, wakes);
    }
  });

test("6.12: what can't be claimed is stolen piece by piece, the smallest first; 6.1 takes the largest", () => {
  for (const [release, stolen] of [
    ["6.12", 1100],
    ["6.1", 1536],
  ] as const) {
    // One page free in the first block and eight in the second: far from half, and what is in use is movable.
    const m = full(release);
    freeMovable(m, 1100, 0);
    freeMovable(m, 1536, 3);
    assert.equal(allocPages(m, GFP_KERNEL, 0), stolen, release);
    assert.equal(m.blockType(stolen), MIGRATE_MOVABLE);
  }
});
