/** What is counted and said of a failed contiguous request and of a pool that lacks huge pages, from groups made by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { causesOf, type FailedRange, nearestMiss } from "../../lib/mm/contiguous/contig-failure";
import { placesIn, stopAt } from "../../lib/mm/contiguous/huge-page-candidates";
import type { NodeShortage, StoppedPlaces } from "../../lib/mm/contiguous/huge-page-shortage";
import { nodeText } from "../../lib/mm/contiguous/huge-page-shortage-text";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import { MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { holdPage, OWNER_KINDS } from "../../lib/mm/state/owners";
import { ALLOCATED, IN_USE_MOVABLE, MOVABLE_PAGE } from "../../lib/mm/state/page-state";
import { takeAll, tinyMemory } from "./tiny-memory";

const range = (blockedPages: number, blockers: object[] = [], step = "isolate") =>
  ({
    startPfn: 1024,
    endPfn: 1536,
    errno: -16,
    step,
    blockedPages,
    notReached: 0,
    blockers,
    note: null,
  }) as unknown as FailedRange;
const blocker = (pfn: number, order: number, owner = "slab", why = "stays") => ({
  pfn,
  order,
  owner,
  why,
  wouldFree: `free ${owner}`,
});

test("pages in the way are summed by owner and reason; each counts once, the largest group first", () => {
  const causes = causesOf([
    range(3, [blocker(1030, 0), blocker(1040, 2, "driver"), blocker(1050, 1)]),
    range(9, [blocker(1030, 0), blocker(1060, 3), blocker(1070, 0, "slab", "is held")]),
  ]);
  assert.deepEqual(
    causes.map(({ owner, why, pages, firstPfn, wouldFree }) => [owner, why, pages, firstPfn, wouldFree]),
    [
      ["slab", "stays", 1 + 2 + 8, 1030, "free slab"],
      ["driver", "stays", 4, 1040, "free driver"],
      ["slab", "is held", 1, 1070, "free slab"],
    ],
  );
});

test("the nearest miss has the fewest pages in the way; ranges whose pages had no place to go count only if there is no other", () => {
  const [a, b, c, d] = [range(5), range(3), range(3), range(0, [], "migrate")];
  assert.equal(nearestMiss([]), null);
  assert.equal(nearestMiss([a, b, c, d]), b);
  assert.equal(nearestMiss([d, a]), a);
  assert.equal(nearestMiss([d]), d);
});

const group = (cause: string, candidates: number, kind: string | null = null, firstPfn = 7) =>
  ({ cause, kind, candidates, firstPfn, why: "why" }) as StoppedPlaces;
const shortage = (stopped: StoppedPlaces[], more: object = {}) =>
  ({
    ...{
      node: 1,
      allowed: true,
      pages: 2,
      candidates: 9,
      tried: null,
      stopped,
      cacheOnly: 0,
      reclaimablePages: 0,
      zones: [],
    },
    ...{ first: stopped[0] ?? null, mostFrequent: stopped[0] ?? null },
    ...more,
  }) as NodeShortage;

test("a node in a sentence: five groups at most, one place or many, tried or not", () => {
  assert.equal(
    nodeText(shortage([], { allowed: false }), true),
    "Node 1 has 2 in the pool; the request may not use it.",
  );
  assert.equal(nodeText(shortage([]), false), "Of 9 places for such a page 2 are in the pool.");
  assert.equal(
    nodeText(shortage([], { candidates: 1, pages: 1, tried: 1 }), true),
    "Node 1: of 1 place for such a page 1 is in the pool, and 1 was tried.",
  );
  assert.match(nodeText(shortage([], { tried: 3 }), true), /, and 3 were tried\.$/);
  const one = nodeText(shortage([group("huge-page", 1)]), false);
  assert.equal(
    one,
    "Of 9 places for such a page 2 are in the pool; 1 holds a huge page. First in the way: frame 7: why.",
  );
  const many = nodeText(shortage([group("huge-page", 4, "hugetlb"), group("isolated", 2)]), false);
  assert.match(
    many,
    /; 4 hold a huge page \(hugetlb\); 2 are isolated by another request\. First in the way: frame 7, hugetlb: why\.$/,
  );
  const groups = Array.from({ length: 6 }, (_, i) => group("not-tried", i + 2));
  assert.doesNotMatch(nodeText(shortage(groups.slice(0, 5)), false), /and others/);
  assert.match(
    nodeText(shortage(groups), false),
    /; 6 were not tried: the request ended before; and others\. First/,
  );
  assert.doesNotMatch(nodeText(shortage(groups), false), /; 7 were/);
  assert.match(
    nodeText(shortage([group("reserved", 2, "reserved")]), false),
    /^[^(]*$/,
    "a kind that the cause says is not said twice",
  );
});

test("zones are named if places fail for their watermark: those that are below, with what they keep for lower requests", () => {
  const zone = (name: string, belowMin: boolean, reservePages: number) => ({
    name,
    belowMin,
    reservePages,
    freePages: 5,
    minPages: 6,
  });
  const zones = [zone("DMA", true, 0), zone("DMA32", false, 3), zone("Normal", true, 4)];
  const text = (cause: string, of = zones) =>
    nodeText(shortage([group("isolated", 2), group(cause, 1)], { zones: of }), false);
  assert.match(
    text("watermark"),
    / Zone DMA 5 pages free, 6 its min watermark; zone Normal 5 pages free, 6 its min watermark and 4 kept for lower requests\.$/,
  );
  assert.doesNotMatch(text("deferred"), /Zone/);
  assert.doesNotMatch(text("watermark", [zone("DMA", false, 0)]), /Zone/);
});

test("what stops a place: what never moves before what is held, the first of its kind, then why what could move did not", () => {
  const m = tinyMemory("6.1", { watermarks: { min: 0, low: 0, high: 0 } });
  const zone = m.zones[0]!;
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (let p = 1024; p < 3072; p++) {
    m.state[p] = ALLOCATED | IN_USE_MOVABLE;
    m.setOwner(p, MOVABLE_PAGE | OWNER_KINDS.anon);
  }
  assert.deepEqual([...placesIn(m, zone, 9)], [1024, 1536, 2048, 2560]);
  assert.deepEqual([...placesIn(m, zone, 10)], [1024, 2048]);
  assert.deepEqual([...placesIn(m, zone, 11)], []);
  const of = (start = 1536) => {
    const { cause, kind, pfn, cacheOnly } = stopAt({ m, zone, order: 9, highest: 2, tried: null }, start);
    return [cause, kind, pfn, cacheOnly];
  };
  assert.deepEqual(of(), ["watermark", null, 1536, false], "nothing is free: below min with the page");
  const fixed = (pfn: number, kind: keyof typeof OWNER_KINDS) => {
    m.state[pfn] = ALLOCATED;
    m.setOwner(pfn, OWNER_KINDS[kind]);
  };
  holdPage(m, 1700, "pin", "rdma");
  assert.deepEqual(of(), ["held-page", "anon", 1700, false]);
  fixed(1800, "slab");
  assert.deepEqual(of(), ["held-page", "anon", 1700, false], "the first of the two");
  fixed(1600, "driver");
  assert.deepEqual(of(), ["unmovable-page", "driver", 1600, false]);
  fixed(1900, "hugetlb");
  assert.deepEqual(of(), ["huge-page", "hugetlb", 1900, false]);
  fixed(2000, "reserved");
  assert.deepEqual(of(), ["reserved", "reserved", 2000, false]);
  fixed(2001, "hole");
  assert.deepEqual(of(), ["hole", "hole", 2001, false]);
  // Another block: nothing but clean cache, or nothing at all.
  for (let p = 2048; p < 2560; p++) m.setOwner(p, MOVABLE_PAGE | OWNER_KINDS.fileClean);
  assert.deepEqual(of(2048), ["watermark", null, 2048, true]);
  m.setOwner(2059, MOVABLE_PAGE | OWNER_KINDS.anon);
  assert.deepEqual(of(2048), ["watermark", null, 2048, false]);
  m.setBlockType(2048, MIGRATE_HIGHATOMIC);
  assert.equal(of(2048)[0], "highatomic");
  m.setBlockType(2048, MIGRATE_ISOLATE);
  assert.equal(of(2048)[0], "isolated");
  m.setBlockType(2048, MIGRATE_MOVABLE);
  // Enough is free elsewhere, in pieces: 1,025 pages for compaction, of which 512 are to be moved.
  for (const start of [1024, 2560])
    for (let p = start; p < start + 512; p += 2) freeOnePage(m, zone, p, 0, MIGRATE_MOVABLE, false);
  for (let p = 1025; p < 1536; p += 16) freeOnePage(m, zone, p, 0, MIGRATE_MOVABLE, false);
  assert.equal(of(2048)[0], "no-memory", "544 pages: too few for compaction, which wants 1,024");
  for (let p = 2561; p < 3072; p += 1)
    if (m.state[p]! >= ALLOCATED) freeOnePage(m, zone, p, 0, MIGRATE_MOVABLE, false);
  for (let p = 1537; p < 1600; p++) freeOnePage(m, zone, p, 0, MIGRATE_MOVABLE, false);
  const free = stopAt({ m, zone, order: 9, highest: 2, tried: null }, 2560);
  assert.deepEqual(
    [free.cause, free.pfn, free.cacheOnly],
    ["watermark", 2560, false],
    "a place that is free as a whole",
  );
});
