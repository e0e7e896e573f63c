/**
 * Vectors derived by hand from the kernel's rules (FACTS 2.11): one CPU, a fresh zone of the frames 1024–3071, that is
 * two order-10 blocks with page blocks of order 9, no CMA, pcp batch 3. The numbers are not our output.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { bootMemory } from "../../lib/mm/boot-memory";
import { freeOnePage } from "../../lib/mm/free-one-page";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/gfp";
import { listFrames } from "../../lib/mm/list-frames";
import type { Memory } from "../../lib/mm/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from "../../lib/mm/migratetype";
import { allocPages, freePages } from "../../lib/mm/page-alloc";

function fresh(release: KernelRelease, more: { pages?: number; cma?: number } = {}): Memory {
  const pages = more.pages ?? 2048;
  const cma = more.cma ?? 0;
  return bootMemory({
    release,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: cma > 0,
    thp: false,
    mobilityDisabled: false,
    cpus: 1,
    zones: [
      {
        idx: 2,
        name: "Normal",
        startPfn: 1024,
        spanned: pages + cma,
        present: pages + cma,
        managed: pages + cma,
        watermarks: { min: 0, low: 0, high: 0 },
        lowmemReserve: [0, 0, 0, 0],
        pageset: { batch: 3, high: 320 },
        freeRanges: [{ startPfn: 1024, pages }],
      },
    ],
    ...(cma > 0 && { cmaRange: { startPfn: 1024 + pages, pages: cma } }),
  });
}

const movable = (m: Memory, order = 0) => allocPages(m, GFP_HIGHUSER_MOVABLE, order);
const list = (m: Memory, order: number, mt = MIGRATE_MOVABLE) =>
  listFrames(m, m.zones[0]!.listBase + order * 8 + mt);

test("V1: three movable pages climb; the last freed is the next handed out", () => {
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

test("V4: what three pages leave of a block, and two order-1 requests after them", () => {
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
  test(`V5 (${release}): a page whose parent's buddy is free goes to the tail, else to the head`, () => {
    for (const parentsBuddyFree of [false, true]) {
      const m = fresh(release);
      const zone = m.zones[0]!;
      assert.ok(movable(m, 10) >= 0 && movable(m, 10) >= 0);
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

test("V6: CMA blocks activated upwards, without THP, lie in descending pairs", () => {
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

test("4.17: a full list gives back a batch, visiting the lists in turn, an empty one makes the next give more", () => {
  const m = fresh("4.17");
  const zone = m.zones[0]!;
  // Six pages of each type; the pages of each list lie in a block of their own.
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

test("4.17: no CMA-first balance: CMA is touched when the movable lists are empty", () => {
  const a = fresh("4.17", { pages: 1024, cma: 4096 });
  assert.equal(movable(a), 1024);
  const b = fresh("6.1", { pages: 1024, cma: 4096 });
  assert.equal(movable(b), 5120);
});

for (const [release, expected, left, leftType] of [
  // Moved in ascending order to the head each: the last one moved is the first one taken.
  ["4.17", 1056, 1024, MIGRATE_UNMOVABLE],
  // Moved to the tail: the lowest is taken. The block is not claimed: 32 of its pages are free, the others movable.
  ["6.1", 1024, 1056, MIGRATE_UNMOVABLE],
  // One page is stolen, the head of the movable list; nothing is moved.
  ["6.12", 1056, 1024, MIGRATE_MOVABLE],
] as const)
  test(`stealing from a block with two free pages (${release})`, () => {
    const m = fresh(release);
    const zone = m.zones[0]!;
    assert.ok(movable(m, 10) >= 0 && movable(m, 10) >= 0);
    m.splitAllocated(1024, 4);
    freeOnePage(m, zone, 1024, 4, MIGRATE_MOVABLE, false);
    freeOnePage(m, zone, 1056, 4, MIGRATE_MOVABLE, false);
    assert.equal(allocPages(m, GFP_KERNEL, 4), expected);
    assert.deepEqual(list(m, 4, leftType), [left]);
    assert.equal(m.blockType(1024), MIGRATE_MOVABLE);
  });
