/**
 * Contiguous requests on a small machine: the range they get, what blocks them, and how they explain it (FACTS 4.2,
 * 4.3, 4.6).
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { drainAllPages } from "../../lib/mm/allocation/drain-cpus";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { CHECK_OF_2018 } from "../../lib/mm/contiguous/contig-pages";
import { Contiguous, type FailedContigRequest } from "../../lib/mm/contiguous/contiguous";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { holdPage, type PageHold, releasePage, setOwnerKind } from "../../lib/mm/state/owners";
import type { KernelSwitches } from "../../lib/mm/state/profile";

const BASE = 1024;
const RAM = 8192;
const CMA = 4096;

function fresh(release: KernelRelease = "6.1", switches: Partial<KernelSwitches> = {}): Memory {
  return bootMemory({
    release,
    switches,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: true,
    thp: false,
    mobilityDisabled: false,
    cpus: 1,
    zones: [
      {
        idx: 2,
        name: "Normal",
        startPfn: BASE,
        spanned: RAM + CMA,
        present: RAM + CMA,
        managed: RAM + CMA,
        watermarks: { min: 64, low: 80, high: 96 },
        lowmemReserve: [0, 0, 0, 0],
        pageset: { batch: 15, high: 80 },
        freeRanges: [{ startPfn: BASE, pages: RAM }],
      },
    ],
    cmaRange: { startPfn: BASE + RAM, pages: CMA },
  });
}

/** Fills memory except `left` pages with anonymous pages; returns the frames by place. */
function fill(m: Memory, left: number): Set<number> {
  const frames = new Set<number>();
  for (let n = RAM + CMA - left; n > 0; n--) {
    const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    assert.ok(pfn >= 0, "memory ended early");
    setOwnerKind(m, pfn, "anon");
    frames.add(pfn);
  }
  return frames;
}

const failed = (r: { ok: boolean }): FailedContigRequest => {
  assert.equal(r.ok, false);
  return r as FailedContigRequest;
};

for (const release of ["4.17", "6.1", "6.12", "6.19", "7.3"] as const)
  test(`${release}: an empty area serves from its base, first fit, aligned as requested; released pages are free again`, () => {
    const m = fresh(release);
    const contig = new Contiguous(m);
    assert.equal(contig.areas.length, 1);
    assert.equal(contig.areas[0]!.basePfn, BASE + RAM);
    const first = contig.cmaAlloc(100);
    assert.ok(first.ok && first.pfn === BASE + RAM);
    const second = contig.cmaAlloc(256, 8);
    assert.ok(second.ok && second.pfn === BASE + RAM + 256);
    const third = contig.cmaAlloc(10);
    assert.ok(third.ok && third.pfn === BASE + RAM + 100);
    assert.deepEqual(contig.validate(), []);
    validate(m, "everything");
    contig.cmaRelease(second.pfn, 256);
    const fourth = contig.cmaAlloc(1024, 8);
    assert.ok(fourth.ok && fourth.pfn === BASE + RAM + 256);
    assert.deepEqual(contig.validate(), []);
    validate(m, "everything");
  });

for (const release of ["4.17", "6.1", "6.12", "6.19", "7.3"] as const)
  test(`${release}: a full area is emptied by migration; the pages go elsewhere`, () => {
    const m = fresh(release);
    const contig = new Contiguous(m);
    fill(m, 3000);
    const got = contig.cmaAlloc(512);
    assert.ok(got.ok);
    assert.deepEqual(contig.validate(), []);
    validate(m, "everything");
  });

test("too large for the area: -12 before any range is tried; in 6.19 the same is -16", () => {
  const contig = new Contiguous(fresh("6.1"));
  const r = failed(contig.cmaAlloc(CMA + 1));
  assert.equal(r.errno, -12);
  assert.match(r.reason, /has 4096 pages in all/);
  assert.equal(failed(new Contiguous(fresh("6.19")).cmaAlloc(CMA + 1)).errno, -16);
});

test("no free memory to move to: -12 (ENOMEM) and it says so", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  fill(m, 120);
  const r = failed(contig.cmaAlloc(1024));
  assert.equal(r.errno, -12);
  assert.match(r.reason, /no page could be had to move the contents to/);
  validate(m, "everything");
});

const CAUSES: [PageHold["kind"], string, RegExp][] = [
  ["get", "O_DIRECT of pid 7", /O_DIRECT of pid 7 holds a reference/],
  ["longterm", "RDMA registration", /RDMA registration has it pinned for long/],
  ["buffers", "ext4 journal", /ext4 journal uses its buffer heads/],
  ["noMigrate", "a FUSE file system", /cannot migrate/],
];
for (const [kind, by, says] of CAUSES)
  test(`a page held by "${kind}" blocks every range that contains it, and is named`, () => {
    const m = fresh();
    const contig = new Contiguous(m);
    fill(m, 5000);
    const area = BASE + RAM;
    const at = [...Array(CMA).keys()].map((i) => area + i).find((p) => m.freePlaceOf(p) === undefined)!;
    if (kind === "buffers" || kind === "noMigrate") setOwnerKind(m, at, "fileDirty");
    holdPage(m, at, kind, by);
    const r = failed(contig.cmaAlloc(CMA));
    assert.equal(r.errno, -16);
    assert.equal(r.busyRanges[0]!.blockedPages, 1);
    assert.equal(r.busyRanges[0]!.blockers[0]!.pfn, at);
    assert.match(r.reason, says);
    assert.match(r.reason, /Nearest miss: .* 1 of 4096 pages/);
    const data = r.details;
    assert.equal(data.nearestMiss!.blockers[0]!.heldBy[0]!.by, by);
    assert.deepEqual(JSON.parse(JSON.stringify(data)).ranges.length, r.busyRanges.length);
    assert.ok(releasePage(m, at, kind, by));
    assert.ok(contig.cmaAlloc(CMA).ok, "released, the same request succeeds");
    assert.deepEqual(contig.validate(), []);
    validate(m, "everything");
  });

test("anholt/linux #76: with CMA_ALIGNMENT 8 the retries step by 0x100 pages", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  fill(m, 4000);
  const area = BASE + RAM;
  for (let p = area; p < area + CMA; p += 128)
    if (m.freePlaceOf(p) === undefined) holdPage(m, p, "get", "video decoder");
  const r = failed(contig.cmaAlloc(2048, 8));
  assert.equal(r.errno, -16);
  const starts = r.busyRanges.map((range) => range.startPfn);
  assert.ok(starts.length >= 2);
  assert.equal(starts[0], area);
  for (let i = 1; i < starts.length; i++) assert.equal(starts[i]! - starts[i - 1]!, 0x100);
  assert.equal(starts.length, (CMA - 2048) / 0x100 + 1);
  assert.match(r.reason, /in steps of 256 \(0x100\) pages/);
});

/** The first page in use at or after `from`. */
const inUseFrom = (m: Memory, from: number): number => {
  let p = from;
  while (m.freePlaceOf(p) !== undefined) p++;
  return p;
};

test("without alignment, the next attempt starts one page further: free span − request + 1 attempts", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  fill(m, 5000);
  const pinned = inUseFrom(m, BASE + RAM + 16);
  assert.ok(pinned < BASE + RAM + CMA - 16);
  holdPage(m, pinned, "longterm", "io_uring");
  const r = failed(contig.cmaAlloc(CMA - 16));
  assert.equal(r.busyRanges.length, 17);
});

test("the search skips a pinned page if the area is large enough after it", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  fill(m, 5000);
  const pinned = inUseFrom(m, BASE + RAM);
  const before = pinned - (BASE + RAM);
  const first = before - 100;
  assert.ok(first > 0 && contig.cmaAlloc(first).ok, "the free start of the area, all but 100 pages");
  holdPage(m, pinned, "longterm", "VFIO");
  const got = contig.cmaAlloc(101);
  assert.ok(got.ok);
  assert.equal(got.pfn, pinned + 1);
  assert.equal(got.busyRanges.length, 101);
  validate(m, "everything");
});

test("alloc_contig_pages: steps of its size past unmovable pages", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  const kernel = allocPages(m, GFP_KERNEL, 0);
  setOwnerKind(m, kernel, "pageTable");
  assert.equal(kernel, BASE);
  const got = contig.allocContigPages(1024);
  assert.ok(got.ok);
  assert.equal(got.pfn, BASE + 1024);
  assert.equal(got.busyRanges.length, 1, "the range with the page table was tried first");
  assert.equal(got.busyRanges[0]!.blockers[0]!.owner, "pageTable");
  validate(m, "everything");
  contig.freeContigRange(got.pfn, 1024);
  validate(m, "everything");
});

// pfn_range_valid_gigantic() of 4.17 and pfn_range_valid_contig() of 5.5 to 5.12 return false for page_count() > 0;
// eb14d4eefdc4 (5.13) dropped that. contig_pfn_range_valid() of the patches of 2018 never had it.
test("a movable page in use: passed over by the search before 5.13, moved since then and by the patches of 2018", () => {
  const busy = (release: string, patch = false) => {
    const m = fresh(release);
    const contig = new Contiguous(m);
    const page = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    // Up to 5.18 the lists are drained after the pages have moved, so that a page may move within the range.
    drainAllPages(m);
    const first = Math.floor(page / 1024) * 1024;
    const got = contig.allocContigPages(1024, undefined, patch ? { check: CHECK_OF_2018 } : {});
    validate(m, "everything");
    assert.ok(got.ok);
    return { tookFirst: got.pfn === first, moved: got.migrated, tried: got.busyRanges.length };
  };
  for (const release of ["5.4", "5.10", "5.12"])
    assert.deepEqual(busy(release), { tookFirst: false, moved: 0, tried: 0 }, release);
  for (const release of ["5.13", "6.1", "7.3"])
    assert.deepEqual(busy(release), { tookFirst: true, moved: 1, tried: 0 }, release);
  assert.deepEqual(busy("5.10", true), { tookFirst: true, moved: 1, tried: 0 });
});

test("before 5.13: one page in use in each range is enough for a refusal, and no range is tried", () => {
  const m = fresh("5.10");
  const contig = new Contiguous(m);
  for (const pfn of fill(m, 200)) if (pfn % 512 !== 0) freePages(m, pfn, 0);
  drainAllPages(m);
  const r = failed(contig.allocContigPages(1024));
  assert.deepEqual([r.errno, r.busyRanges.length], [-12, 0]);
  assert.match(r.reason, /and none in use/);
  assert.ok(contig.findAllocContigPages(10).ok, "the patch of 2018 moves them");
  validate(m, "everything");
});

test("alloc_contig_pages on untouched memory: aligned to its size if that is a power of two", () => {
  const m = fresh();
  const got = new Contiguous(m).allocContigPages(4096);
  assert.ok(got.ok);
  assert.equal(got.pfn, 4096);
  validate(m, "everything");
});

test("a slab page in every movable block: the request names it and what would free it", () => {
  const m = fresh();
  const contig = new Contiguous(m);
  const taken: number[] = [];
  for (let i = 0; i < RAM - 200; i++) taken.push(allocPages(m, GFP_KERNEL, 0));
  for (const pfn of taken) setOwnerKind(m, pfn, "slab");
  for (const pfn of taken) if (pfn % 512 !== 0) freePages(m, pfn, 0);
  const r = failed(contig.findAllocContigPages(10));
  assert.equal(r.errno, -16);
  assert.match(r.reason, /slab: holds kernel objects/);
  assert.match(r.reason, /freeing every object in the slab/);
  validate(m, "everything");
});

test("invalid arguments throw an error with the limit and the value", () => {
  const contig = new Contiguous(fresh());
  // cma_alloc() of 0 pages returns nothing and prints nothing (mm/cma.c, all releases).
  assert.equal(contig.cmaAlloc(0).ok, false);
  assert.throws(() => contig.cmaAlloc(-1), /got -1/);
  assert.throws(() => contig.cmaAlloc(1, 0, 3), /no area 3: the machine has 1/);
  assert.throws(() => contig.cmaRelease(BASE, 4), /are not in any area/);
  assert.throws(() => contig.cmaRelease(BASE + RAM, 4), /is not allocated/);
});
