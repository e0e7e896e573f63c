/** Why a page does not move: one test per cause (FACTS 4.6), with contiguous requests and with compaction. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import {
  CompactControl,
  MIGRATE_ASYNC,
  MIGRATE_SYNC,
  MIGRATE_SYNC_LIGHT,
} from "../../lib/mm/compaction/compact-control";
import { compactZone } from "../../lib/mm/compaction/compaction-run";
import { type ContigResult, Contiguous, type FailedContigRequest } from "../../lib/mm/contiguous/contiguous";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_CMA } from "../../lib/mm/state/migratetype";
import {
  holdPage,
  holdsOf,
  type OwnerKind,
  ownerKind,
  type PageHold,
  releasePage,
  setOwnerKind,
} from "../../lib/mm/state/owners";
import type { KernelSwitches } from "../../lib/mm/state/profile";

const BASE = 1024;
const RAM = 8192;
const CMA = 2048;
const AREA = BASE + RAM;

function fresh(cpus = 1, switches: Partial<KernelSwitches> = {}): Memory {
  return bootMemory({
    release: "6.1",
    switches,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: true,
    thp: false,
    mobilityDisabled: false,
    cpus,
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
    cmaRange: { startPfn: AREA, pages: CMA },
  });
}

/** A page of `kind` in the area; all of the area's other pages are free. */
function onePageInArea(m: Memory, kind: OwnerKind): number {
  const frames: number[] = [];
  while (frames.length === 0 || frames.at(-1)! < AREA) frames.push(allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
  const at = frames.pop()!;
  for (const pfn of frames) freePages(m, pfn, 0);
  setOwnerKind(m, at, kind);
  return at;
}

/** A page of the kernel in ordinary memory, its block otherwise free. */
function kernelPage(m: Memory, kind: OwnerKind): number {
  const at = allocPages(m, GFP_KERNEL, 0);
  setOwnerKind(m, at, kind);
  return at;
}

const failed = (r: ContigResult): FailedContigRequest => {
  assert.equal(r.ok, false);
  return r as FailedContigRequest;
};

/** Requests the whole area: −EBUSY, and the page at `at` is reported as the one in the way. */
function barsTheArea(m: Memory, at: number, says: RegExp, frees: RegExp): Contiguous {
  const contig = new Contiguous(m);
  const r = failed(contig.cmaAlloc(CMA));
  assert.equal(r.errno, -16);
  assert.deepEqual(
    r.busyRanges.map((b) => [b.step, b.blockedPages, b.blockers[0]!.pfn]),
    [["test", 1, at]],
  );
  assert.match(r.reason, says);
  assert.match(r.reason, frees);
  assert.match(r.reason, /Nearest miss: .* 1 of 2048 pages/);
  assert.equal(r.details.nearestMiss!.blockers[0]!.pfn, at);
  validate(m, "everything");
  return contig;
}

/** Requests the block of `at` with alloc_contig_range(): refused before any page moves. */
function barsTheBlock(m: Memory, at: number, says: RegExp, frees: RegExp): void {
  const block = at - (at % 512);
  const r = failed(new Contiguous(m).allocContigRange(block, block + 512));
  assert.equal(r.errno, -16);
  assert.equal(r.migrated, 0);
  assert.deepEqual(
    r.busyRanges.map((b) => [b.step, b.blockers[0]!.pfn]),
    [["isolate", at]],
  );
  assert.match(r.reason, says);
  assert.match(r.reason, frees);
  validate(m, "everything");
}

const REFERENCES: [PageHold["kind"], string, RegExp, RegExp][] = [
  ["get", "vmsplice of pid 7", /vmsplice of pid 7 holds a reference/, /try again later/],
  ["pin", "O_DIRECT read", /O_DIRECT read has it pinned for the length of a call/, /try again later/],
  ["longterm", "RDMA", /RDMA has it pinned for long/, /unpinning; FOLL_LONGTERM/],
];
for (const [kind, by, says, frees] of REFERENCES)
  for (const owner of ["anon", "shmem"] as const)
    test(`1: an extra reference, "${kind}" of ${owner} memory, blocks the area until it is dropped`, () => {
      const m = fresh();
      const at = onePageInArea(m, owner);
      holdPage(m, at, kind, by);
      const contig = barsTheArea(m, at, says, frees);
      assert.ok(releasePage(m, at, kind, by));
      const again = contig.cmaAlloc(CMA);
      assert.ok(again.ok && again.migrated === 1);
    });

test("1: an anonymous page with a reference is never tried, another kind of page fifty times", () => {
  for (const [owner, attempts] of [
    ["anon", 0],
    ["shmem", 50],
  ] as const) {
    const m = fresh();
    const at = onePageInArea(m, owner);
    holdPage(m, at, "get", "a reader");
    assert.equal(failed(new Contiguous(m).cmaAlloc(CMA)).failedAttempts, attempts, owner);
  }
});

const NOT_ON_THE_LRU: [OwnerKind, RegExp, RegExp][] = [
  ["slab", /slab: holds kernel objects/, /freeing every object/],
  ["slabReclaimable", /slabReclaimable: holds cached kernel objects/, /shrinking the cache/],
  ["pageTable", /pageTable: is a page table/, /unmapping the range/],
  ["kernelStack", /kernelStack: is part of a kernel stack/, /end of that task/],
  ["networkBuffer", /networkBuffer: is a network buffer/, /packet being consumed/],
  ["driver", /driver: belongs to a driver/, /its driver freeing it/],
];
for (const [kind, says, frees] of NOT_ON_THE_LRU)
  test(`2: not on the LRU: ${kind}`, () => {
    const m = fresh();
    barsTheBlock(m, kernelPage(m, kind), says, frees);
  });

test("3: reserved at boot", () => {
  const m = fresh();
  barsTheBlock(
    m,
    kernelPage(m, "reserved"),
    /reserved: was reserved at boot/,
    /nothing while the machine runs/,
  );
});

for (const kind of ["writeback", "locked"] as const)
  test(`4: ${kind}: a contiguous request waits for it, compaction only if its mode allows`, () => {
    const m = fresh();
    const at = onePageInArea(m, "fileDirty");
    holdPage(m, at, kind, "kworker");
    assert.ok(new Contiguous(m).cmaAlloc(CMA).ok);
    const moves = { writeback: [false, false, true], locked: [false, true, true] }[kind];
    [MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC].forEach((mode, i) => {
      assert.equal(compactionMoves(mode, "fileDirty", kind), moves[i], `mode ${mode}`);
    });
  });

/** Whether a run over a zone moves the one page in use in its first block; a page in the third makes that a target. */
function compactionMoves(mode: number, owner: OwnerKind, kind: PageHold["kind"], cpus = 1): boolean {
  const m = fresh(cpus);
  const frames = Array.from({ length: 1200 }, () => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
  const at = frames[0]!;
  for (const pfn of frames.slice(1, -1)) freePages(m, pfn, 0);
  setOwnerKind(m, at, owner);
  holdPage(m, at, kind, "someone");
  compactZone(
    m,
    new CompactControl(m, m.zones[0]!, {
      order: -1,
      gfp: GFP_KERNEL,
      mode,
      wholeZone: true,
      ignoreSkipHint: true,
    }),
  );
  validate(m, "everything");
  return m.freePlaceOf(at) !== undefined;
}

test("5: dirty, and the file system has no migrate operation", () => {
  const m = fresh();
  const at = onePageInArea(m, "fileDirty");
  holdPage(m, at, "noMigrate", "a FUSE file system");
  barsTheArea(m, at, /a FUSE file system keeps it dirty .* cannot migrate/, /writing the page back/);
});

test("5: buffer heads in use, as by a journal: tried repeatedly", () => {
  const m = fresh();
  const at = onePageInArea(m, "fileDirty");
  holdPage(m, at, "buffers", "the ext4 journal");
  const contig = barsTheArea(m, at, /the ext4 journal uses its buffer heads/, /dropping the buffers/);
  assert.equal(failed(contig.cmaAlloc(CMA)).failedAttempts, 50);
});

test("6: no page to move to: -12, and the request says which zones are at their watermark", () => {
  const m = fresh();
  while (m.zones[0]!.nrFreePages > 70) setOwnerKind(m, allocPages(m, GFP_HIGHUSER_MOVABLE, 0), "anon");
  const r = failed(new Contiguous(m).cmaAlloc(CMA));
  assert.equal(r.errno, -12);
  assert.equal(r.busyRanges.length, 1, "given up at once");
  assert.match(
    r.reason,
    /no page could be had to move the contents to \(Normal: \d+ free, min watermark 64\)/,
  );
});

test("7: in a CPU's LRU batch: blocks an ordinary range, because the blocks are checked before the batches are drained", () => {
  const m = fresh();
  const at = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  setOwnerKind(m, at, "anon");
  holdPage(m, at, "lruBatch", "CPU 0");
  barsTheBlock(m, at, /CPU 0 has it in its batch/, /draining the CPUs' LRU batches/);
});

test("7: in a CPU's LRU batch: a CMA area is not checked, the batches are drained, and the page moves", () => {
  const m = fresh();
  const at = onePageInArea(m, "anon");
  holdPage(m, at, "lruBatch", "CPU 0");
  const r = new Contiguous(m).cmaAlloc(CMA);
  assert.ok(r.ok && r.migrated === 1);
});

test("7: compaction drains the batch of its own CPU only", () => {
  assert.equal(compactionMoves(MIGRATE_SYNC, "anon", "lruBatch", 1), true);
  assert.equal(compactionMoves(MIGRATE_SYNC, "anon", "lruBatch", 2), false);
});

test("8: a huge page that does not move", () => {
  const m = fresh(1, { contigInUse: "refused" });
  const at = allocPages(m, GFP_KERNEL, 6);
  setOwnerKind(m, at, "hugetlb");
  barsTheBlock(m, at, /hugetlb: is a huge page that does not move/, /freeing that huge page/);
});

test("9: a poisoned page blocks its area and its block permanently", () => {
  const inArea = fresh();
  const page = onePageInArea(inArea, "anon");
  holdPage(inArea, page, "hwPoison", "memory_failure");
  barsTheArea(inArea, page, /memory_failure found it broken/, /nothing: the memory at this place is faulty/);
  const m = fresh();
  const at = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  holdPage(m, at, "hwPoison", "memory_failure");
  barsTheBlock(m, at, /memory_failure found it broken/, /nothing/);
  assert.equal(compactionMoves(MIGRATE_SYNC, "anon", "hwPoison"), false);
});

test("mlock blocks neither; holds of the mapping move with the page", () => {
  const m = fresh();
  const at = onePageInArea(m, "anon");
  holdPage(m, at, "mlock", "a real-time task");
  assert.ok(new Contiguous(m).cmaAlloc(CMA, 0).ok);
  assert.equal(holdsOf(m, at).length, 0);
  assert.equal(ownerKind(m, at), "cmaBuffer");
  assert.equal(compactionMoves(MIGRATE_ASYNC, "anon", "mlock"), true);
  assert.equal(m.blockType(at), MIGRATE_CMA);
});
