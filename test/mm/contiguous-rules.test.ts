/** CMA areas, huge pages and ranges of a search, on counts made by hand. Every test stands for a defect that nothing noticed. */
import assert from "node:assert/strict";
import test from "node:test";
import { slowFlags } from "../../lib/mm/allocation/alloc-flags";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { rotateFreeList } from "../../lib/mm/allocation/rotate-free-list";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import {
  COMPACT_COMPLETE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_PRIO_ASYNC,
  COMPACT_PRIO_SYNC_LIGHT,
} from "../../lib/mm/compaction/compact-result";
import { noteDirectResult } from "../../lib/mm/compaction/compaction";
import { CmaArea } from "../../lib/mm/contiguous/cma-area";
import { explainContigFailure } from "../../lib/mm/contiguous/contig-failure";
import { searchBarrier } from "../../lib/mm/contiguous/contig-pages";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { migrationTarget } from "../../lib/mm/contiguous/migration-target";
import { validate } from "../../lib/mm/reports/validate";
import { validateCma } from "../../lib/mm/reports/validate-cma";
import {
  __GFP_ATOMIC,
  __GFP_KSWAPD_RECLAIM,
  ALLOC_HIGHATOMIC,
  ALLOC_NON_BLOCK,
  GFP_ATOMIC,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
} from "../../lib/mm/state/gfp";
import {
  MIGRATE_CMA,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_UNMOVABLE,
} from "../../lib/mm/state/migratetype";
import { ownerKind } from "../../lib/mm/state/owners";
import { freeList, takeAll, tinyMemory } from "./tiny-memory";

test("the laws of CMA areas: each is told when it is broken", () => {
  const area = () => new CmaArea("area", 3072, 512);
  const m = tinyMemory("6.1", { cma: 512 });
  assert.deepEqual(validateCma(m, [area()]), []);
  const marked = area();
  marked.bitmap[3] = 1;
  assert.deepEqual(validateCma(m, [marked]), ["area: frame 3075 is allocated in the bitmap but free"]);
  assert.deepEqual(validateCma(m, [area(), new CmaArea("other", 3072, 512)]), ["area and other overlap"]);
  m.setBlockType(3072, MIGRATE_MOVABLE);
  assert.deepEqual(validateCma(m, [area()]), ["area: the block at 3072 has type 1 instead of CMA"]);
  m.setBlockType(3072, MIGRATE_ISOLATE);
  m.zones[0]!.nrIsolatePageblock = 1;
  assert.deepEqual(validateCma(m, [area()]), [
    "area: the block at 3072 was left isolated",
    "zone Normal: 1 blocks left isolated",
  ]);
  m.setBlockType(3072, MIGRATE_CMA);
});

test("only requests above order 0 that may dig into the reserve take high-atomic pages", () => {
  const of = (gfp: number, order: number) =>
    slowFlags(tinyMemory("6.1"), { gfp, order, mt: MIGRATE_UNMOVABLE });
  assert.equal(of(GFP_ATOMIC, 0) & ALLOC_HIGHATOMIC, 0);
  assert.notEqual(of(GFP_ATOMIC, 1) & ALLOC_HIGHATOMIC, 0);
  assert.notEqual(of(GFP_ATOMIC, 0) & ALLOC_NON_BLOCK, 0);
  assert.equal(of(GFP_KERNEL, 1) & (ALLOC_HIGHATOMIC | ALLOC_NON_BLOCK), 0);
});

test("4.17: a request that may not wait digs into the reserve only if it is atomic", () => {
  const of = (gfp: number) => slowFlags(tinyMemory("4.17"), { gfp, order: 0, mt: MIGRATE_UNMOVABLE });
  assert.equal(of(__GFP_KSWAPD_RECLAIM) & ALLOC_NON_BLOCK, 0, "GFP_NOWAIT");
  assert.notEqual(of(__GFP_KSWAPD_RECLAIM | __GFP_ATOMIC) & ALLOC_NON_BLOCK, 0);
  // 6.1 asks only whether the request may wait.
  const newer = slowFlags(tinyMemory("6.1"), { gfp: __GFP_KSWAPD_RECLAIM, order: 0, mt: MIGRATE_UNMOVABLE });
  assert.notEqual(newer & ALLOC_NON_BLOCK, 0);
});

test("where a page in use makes the search pass over a range, it names the page", () => {
  // Before 5.13, pfn_range_valid_contig() asks page_count().
  const m = tinyMemory("4.17");
  const range = { start: 1024, pages: 2048 };
  assert.equal(searchBarrier(m, m.zones[0]!, range), -1);
  const large = allocPages(m, GFP_KERNEL, 2);
  assert.equal(searchBarrier(m, m.zones[0]!, range), large);
  assert.equal(searchBarrier(m, m.zones[0]!, { start: large + 4, pages: 8 }), -1);
  const single = allocPages(m, GFP_KERNEL, 0);
  assert.equal(searchBarrier(m, m.zones[0]!, { start: single, pages: 1 }), single);
});

test("a direct run that came to its end defers the next ones, unless it did not wait", () => {
  for (const status of [COMPACT_COMPLETE, COMPACT_PARTIAL_SKIPPED]) {
    const zone = tinyMemory("6.1").zones[0]!;
    zone.compact.orderFailed = 9;
    noteDirectResult(zone, 3, COMPACT_PRIO_ASYNC, status);
    assert.deepEqual([zone.compact.deferShift, zone.compact.orderFailed], [0, 9]);
    noteDirectResult(zone, 3, COMPACT_PRIO_SYNC_LIGHT, status);
    assert.deepEqual([zone.compact.deferShift, zone.compact.orderFailed], [1, 3]);
  }
});

test("huge pages beyond the pool's size go back to the allocator when their users let go", () => {
  const m = tinyMemory("6.1");
  const free = () => m.zones[0]!.nrFreePages + m.zones[0]!.pcp.count;
  const pool = new HugetlbPool(m, { order: 9 });
  assert.equal(pool.setMaxHugePages(2), 2);
  assert.equal(free(), 2048 - 1024);
  const [a, b] = [pool.alloc(), pool.alloc()];
  pool.setMaxHugePages(0);
  assert.deepEqual([pool.total, pool.surplus], [2, 2]);
  pool.release(a);
  assert.deepEqual([pool.total, pool.surplus, free()], [1, 1, 2048 - 512]);
  pool.release(b);
  assert.deepEqual([pool.total, pool.surplus, free()], [0, 0, 2048]);
  pool.setMaxHugePages(2);
  assert.equal(pool.setMaxHugePages(1), 1);
  assert.deepEqual([pool.total, free()], [1, 2048 - 512]);
  const [page] = pool.free;
  assert.ok(pool.dissolve(page!));
  assert.deepEqual([pool.total, free()], [0, 2048]);
  assert.equal(pool.dissolve(page!), false);
});

test("a list is rotated until a page is its first or its last; a frame inside a page rotates nothing", () => {
  const m = tinyMemory("6.1");
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (const pfn of [1030, 1020 + 6 * 2 + 2, 1040])
    freeOnePage(m, m.zones[0]!, pfn, 0, MIGRATE_MOVABLE, false);
  const list = () => freeList(m, 0, MIGRATE_MOVABLE);
  assert.deepEqual(list(), [1040, 1034, 1030]);
  assert.equal(rotateFreeList(m, 1034, true), true);
  assert.deepEqual(list(), [1034, 1030, 1040]);
  assert.equal(rotateFreeList(m, 1034, true), false, "it is the first already");
  assert.equal(rotateFreeList(m, 1034, false), true);
  assert.deepEqual(list(), [1030, 1040, 1034]);
  assert.equal(rotateFreeList(m, 1034, false), false, "it is the last already");
  assert.deepEqual(list(), [1030, 1040, 1034]);
  for (const pfn of [-1, 1031]) assert.equal(rotateFreeList(m, pfn, true), false);
  freeOnePage(m, m.zones[0]!, 2048, 3, MIGRATE_MOVABLE, false);
  rotateFreeList(m, 2049, true);
  assert.deepEqual(list(), [1030, 1040, 1034]);
});

test("a page that migrates goes to a page of its size on its node", () => {
  const m = tinyMemory("6.1");
  const from = allocPages(m, GFP_HIGHUSER_MOVABLE, 2);
  const free = m.zones[0]!.nrFreePages + m.zones[0]!.pcp.count;
  const to = migrationTarget(m, from, 2);
  assert.ok(to >= 1024 && to % 4 === 0 && to !== from);
  assert.equal(m.zones[0]!.nrFreePages + m.zones[0]!.pcp.count, free - 4);
});

test("free pages of neighbouring zones are no buddies", () => {
  const zone = (idx: number, startPfn: number) => ({
    ...{ idx, name: idx === 1 ? "DMA32" : "Normal", startPfn, spanned: 1536, present: 1536, managed: 1536 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 3, high: 320 },
    },
    freeRanges: [{ startPfn, pages: 1536 }],
  });
  const m = bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [zone(1, 0), zone(2, 1536)] },
  });
  // The last page of the first zone, 1024 to 1535, and the first of the second, 1536 to 2047, are both free.
  assert.deepEqual([m.state[1024], m.state[1536]], [10, 10]);
  validate(m, "everything", { plainTypes: true });
});

test("a range with a block of a CMA area is refused because of the area, whatever lies in that block", () => {
  // has_unmovable_pages() looks at no page of a CMA block: it asks whether the request is a CMA request.
  for (const used of [false, true]) {
    const m = tinyMemory("6.1", { cma: 512 });
    const contig = new Contiguous(m);
    if (used) takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
    const got = contig.allocContigRange(2560, 3584);
    assert.ok(!got.ok);
    const { ranges } = got.details;
    assert.deepEqual(
      ranges.map((r) => [r.step, r.blockedPages, r.notReached]),
      [["isolate", 512, 0]],
      "the last block is judged first among the two ends: 3072 is the area's",
    );
    assert.deepEqual([ranges[0]!.blockers[0]!.pfn, ranges[0]!.blockers[0]!.order], [3072, 9]);
    assert.match(
      explainContigFailure(got.details),
      /512 pages, the first at frame 3072: CMA area: is a page block of a CMA area/,
    );
    assert.doesNotMatch(explainContigFailure(got.details), /its owner freeing it|not on the LRU/);
  }
});

test("a request of the area itself names the page in its way, not the area", () => {
  const m = tinyMemory("6.1", { cma: 512 });
  const contig = new Contiguous(m);
  const first = contig.cmaAlloc(1);
  assert.ok(first.ok);
  const again = contig.allocContigRange(3072, 3584, MIGRATE_CMA);
  assert.ok(!again.ok);
  assert.match(explainContigFailure(again.details), /cmaBuffer: is a buffer already taken/);
});

test("huge pages that are split become pages of the smaller pool, one after the other from the last free one", () => {
  const m = tinyMemory("6.1");
  const [large, small] = [new HugetlbPool(m, { order: 9 }), new HugetlbPool(m, { order: 7 })];
  large.setMaxHugePages(3);
  const [, second, third] = large.free;
  assert.equal(large.demote(0, small), 0);
  assert.equal(large.demote(1, small), 1);
  const parts = (pfn: number) => [0, 128, 256, 384].map((n) => pfn + n);
  assert.deepEqual(small.free, parts(third!));
  assert.deepEqual([large.total, small.total], [2, 4]);
  for (const pfn of small.free) {
    assert.equal(m.state[pfn]! & 0x8f, 0x80 | 7, "a page in use of the smaller order");
    assert.equal(ownerKind(m, pfn), "hugetlb");
    assert.equal(m.state[pfn + 1], 0);
  }
  const taken = large.alloc();
  assert.equal(taken, second);
  assert.equal(large.demote(5, small), 1, "only free ones are split");
  assert.deepEqual([large.total, small.total], [1, 8]);
  small.setMaxHugePages(0);
  large.release(taken);
  large.setMaxHugePages(0);
  assert.equal(m.zones[0]!.nrFreePages + m.zones[0]!.pcp.count + m.zones[0]!.pcp.diffNrFree, 2048);
});

test("surplus huge pages: as many as overcommit allows; a pool that grows takes them as its own first", () => {
  const m = tinyMemory("6.1");
  const pool = new HugetlbPool(m, { order: 8, overcommit: 2 });
  assert.equal(pool.setMaxHugePages(1), 1);
  const got = [pool.alloc(), pool.alloc(), pool.alloc(), pool.alloc()];
  assert.deepEqual(
    got.map((pfn) => pfn >= 0),
    [true, true, true, false],
  );
  assert.deepEqual([pool.total, pool.surplus, pool.persistent], [3, 2, 1]);
  assert.equal(pool.setMaxHugePages(2), 2);
  assert.deepEqual([pool.total, pool.surplus], [3, 1]);
  assert.equal(pool.setMaxHugePages(5), 5);
  assert.deepEqual([pool.total, pool.surplus, pool.free.length], [5, 0, 2]);
  assert.equal(pool.setMaxHugePages(1), 1);
  assert.deepEqual([pool.total, pool.surplus, pool.free.length], [3, 2, 0]);
  for (const pfn of got.slice(0, 3)) pool.release(pfn);
  assert.deepEqual([pool.total, pool.surplus, pool.free.length], [1, 0, 1]);
  assert.equal(pool.setMaxHugePages(9), 8, "2,048 frames have room for eight");
  assert.equal(pool.totalOn(0), 8);
});

test("a huge page that moved is released by the frame that its holder was given", () => {
  const m = tinyMemory("6.1");
  const pool = new HugetlbPool(m, { order: 8 });
  pool.setMaxHugePages(3);
  const [free] = pool.free;
  const [a, b] = [pool.alloc(), pool.alloc()];
  assert.equal(pool.moved(5, 6), null);
  assert.equal(pool.moved(free!, 9000), "free");
  assert.deepEqual(pool.free, [9000]);
  assert.equal(pool.moved(a, 7000), "used");
  assert.equal(pool.moved(7000, 8000), "used");
  assert.deepEqual([...pool.used].sort(), [8000, b].map(Number).sort());
  pool.release(a);
  assert.deepEqual(pool.free, [9000, 8000]);
  assert.throws(() => pool.release(a), /is not the first of a huge page in use/);
  pool.moved(b, a);
  pool.release(b);
  assert.deepEqual(pool.free, [9000, 8000, a]);
  assert.equal(pool.used.size, 0);
});
