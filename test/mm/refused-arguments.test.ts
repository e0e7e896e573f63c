/** What callers may not ask for: every refusal names the action, the limit and the value, and each limit itself is allowed. */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { collapseHugePage, GFP_TRANSHUGE_LIGHT, thpGfp } from "../../lib/mm/allocation/thp";
import { CmaArea, cmaRelease } from "../../lib/mm/contiguous/cma-area";
import { allocContigPages } from "../../lib/mm/contiguous/contig-pages";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { PageAllocator, parseGfp } from "../../lib/mm/page-allocator";
import { __GFP_KSWAPD_RECLAIM, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { tinyMemory } from "./tiny-memory";

/** The words of the refusal. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (e) {
    assert.ok(e instanceof InputError, String(e));
    return e.message;
  }
  return "";
}

test("areas: sizes in whole bits, and one to eight ranges", () => {
  const bits = (count: number, orderPerBit: number) =>
    refusal(() => new CmaArea("a", 1024, count, orderPerBit));
  assert.equal(bits(2, 1), "");
  assert.equal(bits(3, 1), "CMA area a: its size must be a multiple of 2 pages (order_per_bit 1): got 3");
  assert.equal(bits(4, 3), "CMA area a: its size must be a multiple of 8 pages (order_per_bit 3): got 4");
  assert.equal(bits(0, 0), "CMA area a: its size must be a multiple of 1 pages (order_per_bit 0): got 0");
  assert.match(bits(-8, 3), /: got -8$/);
  const ranges = (n: number) =>
    refusal(
      () =>
        new CmaArea(
          "a",
          Array.from({ length: n }, (_, i) => ({ basePfn: 1024 * i, count: 1 })),
        ),
    );
  assert.deepEqual([ranges(1), ranges(8)], ["", ""]);
  assert.equal(ranges(0), "CMA area a: must have 1 to 8 ranges: got 0");
  assert.equal(ranges(9), "CMA area a: must have 1 to 8 ranges: got 9");
});

test("cma_alloc() and cma_release(): alignments up to order 20, and pages that the area handed out", () => {
  const m = tinyMemory("6.1", { cma: 512 });
  const contig = new Contiguous(m);
  const align = (order: number) => refusal(() => contig.cmaAlloc(1, order));
  assert.deepEqual([align(0), align(20)], ["", ""]);
  for (const order of [-1, 21, 0.5])
    assert.equal(align(order), `cma_alloc: align must be an order from 0 to 20: got ${order}`);
  assert.equal(
    refusal(() => contig.cmaRelease(3071, 2)),
    "cma_release: pages 3071 to 3072 are not in any area",
  );
  const area = new CmaArea("a", [
    { basePfn: 3072, count: 256 },
    { basePfn: 3400, count: 100 },
  ]);
  const freed: number[] = [];
  const release = (pfn: number, count: number) =>
    refusal(() => cmaRelease({ m, seen: { free: (p) => freed.push(p) } }, area, pfn, count));
  assert.equal(
    release(3326, 4),
    "cma_release: pages 3326 to 3329 must be in the area, 3072 to 3327, 3400 to 3499",
  );
  area.mark(3402, 1, 1);
  assert.equal(release(3402, 2), "cma_release: page 3403 is not allocated from area a");
  assert.deepEqual([freed, area.used], [[], 1]);
});

test("cma_release() frees page by page, ascending, and clears the bits; an observer sees each", () => {
  for (const observed of [true, false]) {
    const m = tinyMemory("6.1", { cma: 512 });
    const contig = new Contiguous(m);
    const got = contig.cmaAlloc(5);
    assert.ok(got.ok);
    const area = contig.areas[0]!;
    assert.equal(area.used, 5);
    const freed: number[] = [];
    const { pcp } = m.zones[0]!;
    const before = pcp.lists[1]!.toArray();
    cmaRelease({ m, seen: observed ? { free: (p) => freed.push(p) } : {} }, area, got.pfn, 5);
    const frames = [0, 1, 2, 3, 4].map((i) => got.pfn + i);
    if (observed) assert.deepEqual(freed, frames);
    assert.deepEqual(pcp.lists[1]!.toArray(), [...frames.reverse(), ...before], "the last at the head");
    assert.equal(area.used, 0);
  }
});

test("ranges: whole numbers of pages, orders up to 30, nodes that the machine has, and frames that are in use", () => {
  const m = tinyMemory("6.1");
  const contig = new Contiguous(m);
  const pages = (n: number, nid?: number) =>
    refusal(() =>
      allocContigPages(m, { pages: n, gfp: GFP_KERNEL, kind: "driver", ...(nid !== undefined && { nid }) }),
    );
  for (const n of [0, -1, 1.5])
    assert.equal(pages(n), `alloc_contig_pages: pages must be a whole number, 1 or more: got ${n}`);
  assert.equal(pages(1), "");
  assert.equal(pages(1, 1), "alloc_contig_pages: the machine has nodes 0 to 0: got 1");
  const order = (n: number) => refusal(() => contig.findAllocContigPages(n));
  for (const n of [-1, 31, 0.5])
    assert.equal(order(n), `find_alloc_contig_pages: order must be a whole number from 0 to 30: got ${n}`);
  assert.deepEqual([order(0), order(30)], ["", ""]);
  const [a] = [allocPages(m, GFP_KERNEL, 0)];
  assert.equal(
    refusal(() => contig.freeContigRange(a, 2000)).replace(/\d+/, "N"),
    "free_contig_range: frame N is free already",
  );
});

test("hugetlb: orders of 1 and more, whole numbers of pages, nodes that exist, smaller pages to split into", () => {
  const m = tinyMemory("6.1");
  const pool = (order: number) => refusal(() => new HugetlbPool(m, { order }));
  assert.equal(pool(1), "");
  for (const order of [0, -1, 1.5])
    assert.equal(pool(order), `hugetlb: order of a huge page must be 1 or more: got ${order}`);
  const of = new HugetlbPool(m, { order: 9 });
  for (const n of [-1, 0.5])
    assert.equal(
      refusal(() => of.setMaxHugePages(n)),
      `nr_hugepages: must be a whole number, 0 or more: got ${n}`,
    );
  assert.equal(
    refusal(() => of.setMaxHugePages(1, 1)),
    "hugetlb: the machine has nodes 0 to 0: got 1",
  );
  assert.equal(
    refusal(() => of.demote(1, new HugetlbPool(m, { order: 9 }))),
    "demote: the smaller size must be below order 9: got 9",
  );
  assert.equal(
    refusal(() => of.release(1024)),
    "hugetlb: frame 1024 is not the first of a huge page in use",
  );
  assert.match(
    refusal(() => new HugetlbPool(m, { order: 11 }).setMaxHugePages(1)),
    /order 11 is larger than the largest of the allocator, 10/,
  );
});

test("pages: orders and flags that exist; frames that are in a zone and aligned", () => {
  const kernel = new PageAllocator(tinyMemory("6.1"), "6.1");
  const free = (pfn: number, order: number) => refusal(() => kernel.freePages(pfn, order));
  for (const order of [-1, 11, 0.5])
    assert.equal(free(1024, order), `free: order must be a whole number from 0 to 10: got ${order}`);
  for (const [pfn, order] of [
    [1025, 1],
    [3072, 0],
    [1020, 0],
  ] as const)
    assert.equal(
      free(pfn, order),
      `free: frame ${pfn} of order ${order} must be in a zone and aligned to its order`,
    );
  for (const gfp of [-1, 2 ** 31, 0.5])
    assert.equal(
      refusal(() => parseGfp(gfp)),
      `gfp: flags must be a whole number from 0 to 2^31 − 1: got ${gfp}`,
    );
  assert.equal(parseGfp(0), 0);
  assert.equal(parseGfp(2 ** 31 - 1), 2 ** 31 - 1);
  const got = kernel.allocPages({ order: 10 });
  assert.ok(got.ok);
  assert.equal(free(got.pfn, 10), "");
});

test("huge page faults: what each mode may do, and khugepaged's pages go back only if there is a huge page", () => {
  assert.equal(thpGfp("defer", false), GFP_TRANSHUGE_LIGHT | __GFP_KSWAPD_RECLAIM);
  const m = tinyMemory("6.1");
  const frames = [0, 1, 2].map(() => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
  assert.equal(
    refusal(() => collapseHugePage(m, new Array(513).fill(1024))),
    "collapse: a huge page holds 512 frames: got 513",
  );
  const huge = collapseHugePage(m, frames);
  assert.equal(huge % 512, 0);
  const free = m.zones[0]!.nrFreePages;
  for (const order of [10, 9]) while (allocPages(m, GFP_HIGHUSER_MOVABLE, order) >= 0);
  assert.ok(m.zones[0]!.nrFreePages < free);
  const single = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  const count = m.zones[0]!.pcp.count;
  assert.equal(collapseHugePage(m, [single]), -1);
  assert.equal(m.zones[0]!.pcp.count, count, "nothing was freed");
});
