/**
 * A contiguous request step by step as its observer sees it (alloc_contig_range(), isolate_migratepages_range(), mm/compaction.c), and what is said
 * of requests that fail, by counts made by hand.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { allocContigRange, type ContigContext, run } from "../../lib/mm/contiguous/contig-range";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { hugePageShortage, nodeShortage, surplusOf } from "../../lib/mm/contiguous/huge-page-shortage";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { type MigrationWorld, ownersWorld } from "../../lib/mm/contiguous/migrate";
import { EBUSY, ENOMEM } from "../../lib/mm/contiguous/page-isolation";
import { blockUse } from "../../lib/mm/reports/block-use";
import { explainFailure } from "../../lib/mm/reports/explain-failure";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_ATOMIC, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { OWNER_KINDS, ownerKind } from "../../lib/mm/state/owners";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE, MOVABLE_PAGE } from "../../lib/mm/state/page-state";
import { foldDiffs } from "../../lib/mm/state/vmstat";
import { takeAll, tinyMemory } from "./tiny-memory";

type Release = Parameters<typeof tinyMemory>[0];

/** Full of single movable pages, but for `free` single frames at the zone's end, to which pages can go. */
function full(release: Release, free = 0): Memory {
  const m = tinyMemory(release);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (let i = 0; i < free; i++) freeOnePage(m, m.zones[0]!, 3071 - 2 * i, 0, MIGRATE_MOVABLE, false);
  foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
  return m;
}

/** What the observer of a request for [start, end) sees, and its errno. */
function observed(m: Memory, start: number, end: number, world: MigrationWorld = ownersWorld(m)) {
  const log: string[] = [];
  const note =
    (what: string) =>
    (...n: unknown[]) =>
      void log.push([what, ...n].join(" "));
  const failures: string[] = [];
  const cx: ContigContext = {
    ...{ m, world, kind: "driver", stats: { migrated: 0, failedAttempts: 0, dropped: 0 } },
    seen: {
      ...{
        rangeBegin: note("begin"),
        rangeEnd: note("end"),
        isolated: note("isolated"),
        draining: note("drain"),
      },
      ...{
        scanned: note("scanned"),
        skipBit: note("skip"),
        cleaned: note("cleaned"),
        migrating: note("migrating"),
      },
      ...{
        triedToMigrate: note("tried"),
        tested: note("tested"),
        took: note("took"),
        undone: note("undone"),
      },
    },
    failed: ({ step, errno, pfn }) => void failures.push(`${step} ${errno} ${pfn}`),
  };
  const errno = run(allocContigRange(cx, m.zones[0]!, start, end, MIGRATE_MOVABLE));
  return { errno, log, failures, stats: cx.stats };
}

test("a free range: isolated, drained, scanned block by block without a source, tested, taken; its blocks get the skip bit from 5.1 to 6.4", () => {
  for (const release of ["6.1", "4.17"] as const) {
    const m = tinyMemory(release);
    const { errno, log, failures } = observed(m, 1536, 2560);
    assert.equal(errno, 0);
    assert.deepEqual(failures, []);
    const drain = ["drain"];
    assert.deepEqual(log, [
      "begin 1536 2560",
      "isolated 0 1024",
      ...(release === "6.1" ? drain : []),
      // The whole of a free page is passed, from its first frame on or from within.
      ...(release === "6.1" ? ["skip 1536"] : []),
      "scanned 1536 2048 0",
      ...(release === "6.1" ? ["skip 2048"] : []),
      "scanned 2048 2560 0",
      "cleaned",
      ...(release === "6.1" ? [] : drain),
      // 4.17 takes the free page of order 10 whole, and gives back what nobody asked for.
      `tested ${release === "6.1" ? 1536 : 1024} 2560 ${release === "6.1" ? 2560 : 3072}`,
      "took 1024",
      "undone 1024",
      "end 0",
    ]);
    assert.deepEqual(
      [2, 3, 4, 5].map((b) => (m.blocks[b]! & BLOCK_SKIP) !== 0),
      release === "6.1" ? [false, true, true, false] : [false, false, false, false],
    );
    for (const pfn of [1536, 2559])
      assert.deepEqual([m.state[pfn]! >= ALLOCATED, ownerKind(m, pfn)], [true, "driver"]);
    const zone = m.zones[0]!;
    assert.equal(zone.nrFreePages + zone.pcp.diffNrFree + zone.pcp.count, 1024);
    for (const pfn of [1535, 2560]) assert.ok(m.freePlaceOf(pfn));
    validate(m, "everything");
  }
});

test("pages are collected 32 at a time and migrated, the last first; a partly scanned block gets no skip bit", () => {
  const m = full("6.1", 100);
  const moved: number[] = [];
  const owners = ownersWorld(m);
  const { errno, log, stats } = observed(m, 1536, 1600, {
    ...owners,
    moved: (from) => void moved.push(from),
  });
  assert.equal(errno, 0);
  assert.deepEqual(log, [
    ...["begin 1536 1600", "isolated 0 64", "drain"],
    ...["scanned 1536 1568 32", "cleaned", "migrating true", "tried"],
    ...["scanned 1568 1600 32", "cleaned", "migrating true", "tried"],
    ...["tested 1536 1600 1600", "took 64", "undone 64", "end 0"],
  ]);
  assert.equal(stats.migrated, 64);
  assert.deepEqual(moved.slice(0, 3), [1567, 1566, 1565]);
  assert.deepEqual(moved.slice(32, 35), [1599, 1598, 1597]);
  assert.equal(m.blocks[3]! & BLOCK_SKIP, 0);
});

test("larger pages count with all their frames; a scan may end behind the range's end, which is where it stops", () => {
  const m = full("6.1", 200);
  for (const head of [1536, 1552, 1568, 1584]) {
    m.state.fill(0, head, head + 16);
    m.state[head] = ALLOCATED | IN_USE_MOVABLE | 4;
    m.setOwner(head, MOVABLE_PAGE);
  }
  const { log } = observed(m, 1536, 1590);
  assert.deepEqual(
    log.filter((line) => line.startsWith("scanned")),
    ["scanned 1536 1568 32", "scanned 1568 1590 32"],
  );
});

test("pages that do not move: five calls for a list, then the test names the first; the blocks are theirs again", () => {
  const m = full("6.1", 100);
  const { errno, log, failures, stats } = observed(m, 1536, 1600, {
    ...ownersWorld(m),
    move: (from) => (from === 1540 ? -16 : 0),
  });
  assert.equal(errno, EBUSY);
  assert.deepEqual(failures, [`test ${EBUSY} 1540`]);
  assert.deepEqual(
    log.filter((line) => line.startsWith("migrating")),
    ["migrating true", ...new Array(4).fill("migrating false")],
  );
  assert.ok(log.includes("tested 1536 1600 1540"));
  assert.ok(!log.some((line) => line.startsWith("took")));
  assert.deepEqual([stats.migrated, stats.failedAttempts], [31, 5]);
  assert.equal(m.blockType(1536), MIGRATE_MOVABLE);
  assert.equal(m.zones[0]!.nrIsolatePageblock, 0);
});

test("without a target the request ends at once, and says so", () => {
  const m = full("6.1");
  const { errno, failures, log } = observed(m, 1536, 1600);
  assert.equal(errno, ENOMEM);
  assert.deepEqual(failures, [`migrate ${ENOMEM} -1`]);
  assert.ok(!log.some((line) => line.startsWith("tested")));
  assert.deepEqual(log.slice(-2), ["undone 64", `end ${ENOMEM}`]);
});

test("pages on per-CPU lists are drained, and a block that can't be isolated ends the request before", () => {
  const m = full("6.1", 40);
  for (let p = 1536; p < 1544; p++) freePages(m, p, 0);
  assert.equal(observed(m, 1536, 1544).errno, 0);
  assert.equal(m.zones[0]!.pcp.count, 0);
  const kept = full("6.1", 40);
  kept.state[1700] = ALLOCATED;
  const { errno, log, failures } = observed(kept, 1536, 1600);
  assert.deepEqual([errno, failures], [EBUSY, [`isolate ${EBUSY} 1700`]]);
  assert.deepEqual(log, ["begin 1536 1600", `isolated ${EBUSY} 64`, `end ${EBUSY}`]);
});

test("alloc_contig_range() is for frames of one zone", () => {
  const contig = new Contiguous(tinyMemory("6.1"));
  for (const [start, end] of [
    [1000, 1030],
    [3000, 3073],
    [1030, 1030],
    [1031, 1030],
  ] as const)
    assert.throws(
      () => contig.allocContigRange(start, end),
      (e: Error) => e.message === `alloc_contig_range: frames ${start} to ${end - 1} must be in one zone`,
    );
  assert.ok(contig.allocContigRange(3000, 3072).ok);
});

test("surplus pages: what overcommit leaves, what is free in pages of the size, and which of the two is the limit", () => {
  const m = tinyMemory("6.1");
  for (const [overcommit, couldGive, why] of [
    [0, 0, "nr_overcommit_hugepages allows 0 more"],
    [3, 3, "nr_overcommit_hugepages allows 3 more"],
    [4, 4, "as many as are free"],
    [9, 4, "as many as are free"],
  ] as const) {
    const pool = new HugetlbPool(m, { order: 9, overcommit });
    assert.deepEqual(surplusOf(m, pool), { overcommit, inUse: 0, available: 4, couldGive, why });
  }
  const pool = new HugetlbPool(m, { order: 9, overcommit: 3 });
  for (let i = 0; i < 4; i++) pool.alloc();
  assert.deepEqual(surplusOf(m, pool), {
    overcommit: 3,
    inUse: 3,
    available: 1,
    couldGive: 0,
    why: "nr_overcommit_hugepages allows 0 more",
  });
  for (let i = 0; i < 2; i++) allocPages(m, GFP_HIGHUSER_MOVABLE, 9);
  assert.deepEqual(surplusOf(m, pool).why, "surplus pages come from the same memory: none is free");
  const gigantic = new HugetlbPool(m, { order: 11, overcommit: 3 });
  assert.deepEqual(surplusOf(m, gigantic), {
    overcommit: 3,
    inUse: 0,
    available: 0,
    couldGive: 0,
    why: "the kernel takes no surplus pages of this size",
  });
});

test("the shortage of a pool: places of its own pages stop nothing; what the request may not use is told as such", () => {
  const m = full("6.1");
  for (let p = 1024; p < 3072; p++) m.setOwner(p, MOVABLE_PAGE | OWNER_KINDS.anon);
  const pool = new HugetlbPool(m, { order: 9 });
  m.state.fill(0, 2048, 2560);
  m.state[2048] = ALLOCATED | 9;
  m.setOwner(2048, OWNER_KINDS.hugetlb);
  pool.free.push(2048);
  const { nodes, bytes, wanted, got, node } = hugePageShortage(m, pool, { wanted: 4, pageSize: 4096 }, 1);
  assert.deepEqual([bytes, wanted, got, node], [2 * 1024 * 1024, 4, 1, null]);
  const [of] = nodes;
  assert.deepEqual([of!.candidates, of!.pages, of!.tried, of!.allowed], [4, 1, null, true]);
  assert.deepEqual(
    of!.stopped.map((s) => [s.cause, s.kind, s.candidates, s.firstPfn]),
    [["watermark", null, 3, 1024]],
  );
  assert.deepEqual(of!.zones, [
    { name: "Normal", freePages: 0, minPages: 0, reservePages: 0, belowMin: true, largestFreeOrder: -1 },
  ]);
  const other = nodeShortage(m, pool, 0, { node: 1 });
  assert.deepEqual(
    [other.allowed, other.stopped.map((s) => [s.cause, s.candidates])],
    [false, [["node-not-allowed", 3]]],
  );
  const fixed = nodeShortage(m, pool, 0, { fixed: true });
  assert.deepEqual(
    fixed.stopped.map((s) => [s.cause, s.candidates]),
    [["pool-limit", 3]],
  );
  assert.equal(nodeShortage(m, pool, 0, { node: 0 }).allowed, true);
});

test("why a request got nothing, zone by zone: marks, reserves, CMA pages, the largest free page", () => {
  const m = tinyMemory("6.1", { watermarks: { min: 4, low: 5, high: 6 } });
  const zone = m.zones[0]!;
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE | 0x20000, order));
  const why = (order: number, gfp = GFP_KERNEL) => explainFailure(m, gfp, order);
  assert.equal(why(11), "order 11 is above the largest buddy order, 10");
  assert.equal(explainFailure(m, 4, 0), "no zone is low enough for this request");
  assert.equal(why(0), "order 0, unmovable: zone Normal: 0 pages free, not above the min watermark 4");
  assert.equal(
    why(1, GFP_ATOMIC),
    "order 1, unmovable (the request may not wait for reclaim or compaction): zone Normal: 0 pages free less the 1 of the request, not above the min watermark 4",
  );
  for (let i = 0; i < 6; i++) freeOnePage(m, zone, 1100 + 2 * i, 0, MIGRATE_MOVABLE, false);
  foldDiffs(zone, zone.pcp);
  assert.match(why(1), /: 6 pages free, the largest free page is of order 0$/);
  assert.match(why(0), /: 6 pages free, none that this request may take$/);
  assert.match(why(2), /: 6 pages free less the 3 of the request, not above the min watermark 4$/);
  freeOnePage(m, zone, 2048, 3, MIGRATE_MOVABLE, false);
  foldDiffs(zone, zone.pcp);
  assert.match(why(3), /: 14 pages free, none that this request may take$/);
  assert.match(why(4), /: 14 pages free less the 15 of the request, not above the min watermark 4$/);
  zone.lowmemReserve[2] = 20;
  zone.watermarkBoost = 3;
  assert.match(why(0), /: 14 pages free, not above the min watermark 7 and the 20 kept for lower requests$/);
  const cma = tinyMemory("6.1", { cma: 512, watermarks: { min: 4, low: 5, high: 6 } });
  for (const order of [10, 10]) allocPages(cma, GFP_KERNEL | 0x20000, order);
  assert.match(
    explainFailure(cma, GFP_KERNEL, 0),
    /: 512 pages free, of them 512 CMA pages that it may not use, not above the min watermark 4$/,
  );
  assert.match(explainFailure(cma, GFP_HIGHUSER_MOVABLE, 10), /less the 1023 of the request, not above/);
  assert.match(
    explainFailure(cma, GFP_HIGHUSER_MOVABLE, 9),
    /movable: zone Normal: 512 pages free less the 511 of the request, not above/,
  );
  assert.match(
    explainFailure(cma, GFP_HIGHUSER_MOVABLE, 8),
    /: 512 pages free, none that this request may take$/,
  );
});

test("page blocks by what lies in them: pages that stay, pages that move, both", () => {
  const m = full("6.1");
  assert.deepEqual(blockUse(m), { blocks: 4, unmovable: 0, mixed: 0 });
  m.state[1030] = ALLOCATED;
  assert.deepEqual(blockUse(m), { blocks: 4, unmovable: 1, mixed: 1 });
  m.state.fill(ALLOCATED, 2048, 2560);
  assert.deepEqual(blockUse(m), { blocks: 4, unmovable: 2, mixed: 1 });
  for (let p = 2048; p < 2560; p++) m.setOwner(p, OWNER_KINDS.cmaBuffer);
  assert.deepEqual(blockUse(m), { blocks: 4, unmovable: 1, mixed: 1 });
});
