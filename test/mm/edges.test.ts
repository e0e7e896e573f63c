/** Edges of rules, each of which was a defect that could be planted without a test's notice; counts by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { asKswapd } from "../../lib/mm/allocation/drain-cpus";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { rotateFreeList } from "../../lib/mm/allocation/rotate-free-list";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { Memblock } from "../../lib/mm/boot/memblock";
import { reservedMemInit } from "../../lib/mm/boot/reserved-mem";
import { CompactControl, MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT } from "../../lib/mm/compaction/compact-control";
import { compactFinished } from "../../lib/mm/compaction/compact-finished";
import { COMPACT_SUCCESS } from "../../lib/mm/compaction/compact-result";
import { fastFindMigrateblock, fastIsolateFreepages } from "../../lib/mm/compaction/compaction-fast-search";
import { CmaArea, cmaRelease } from "../../lib/mm/contiguous/cma-area";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { stopAt } from "../../lib/mm/contiguous/huge-page-candidates";
import { explainHugePageShortage } from "../../lib/mm/contiguous/huge-page-shortage-text";
import { ownersWorld } from "../../lib/mm/contiguous/migrate";
import { startIsolatePageRange } from "../../lib/mm/contiguous/page-isolation";
import { choosePiece } from "../../lib/mm/decisions/free-page";
import { LRU_INACTIVE_FILE, Lru } from "../../lib/mm/reclaim/lru";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { validate } from "../../lib/mm/reports/validate";
import type { Decisions } from "../../lib/mm/state/decisions";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { materialiseRange } from "../../lib/mm/state/materialise-range";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { OWNER_KINDS } from "../../lib/mm/state/owners";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE, MOVABLE_PAGE, pcpState } from "../../lib/mm/state/page-state";
import { foldDiffs } from "../../lib/mm/state/vmstat";
import { freeList, takeAll, tinyMemory } from "./tiny-memory";

/** All in use as single movable pages. */
function full(more: Parameters<typeof tinyMemory>[1] = {}): Memory {
  const m = tinyMemory("6.1", more);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  return m;
}

test("an area's pages go back one by one, each of order 0", () => {
  const m = full();
  const area = new CmaArea("a", 1024, 512);
  area.mark(1100, 3, 1);
  const seen: number[][] = [];
  cmaRelease({ m, seen: { free: (...page) => seen.push(page) } }, area, 1100, 3);
  assert.deepEqual(
    seen,
    [1100, 1101, 1102].map((p) => [p, 0]),
  );
  assert.equal(m.zones[0]!.pcp.count, 3);
});

test("a contiguous request asks nobody about frames of free pages, whether it begins at their head or inside", () => {
  for (const start of [1536, 1537, 1540, 1544]) {
    const m = full();
    m.state.fill(0, 1537, 1544);
    m.state.fill(0, 1553, 1556);
    freeOnePage(m, m.zones[0]!, 1536, 3, MIGRATE_MOVABLE, false);
    freeOnePage(m, m.zones[0]!, 1552, 2, MIGRATE_MOVABLE, false);
    for (let p = 2600; p < 2700; p += 2) freeOnePage(m, m.zones[0]!, p, 0, MIGRATE_MOVABLE, false);
    const asked: number[] = [];
    const owners = ownersWorld(m);
    const world = { ...owners, isolate: (pfn: number) => (asked.push(pfn) > 0 ? owners.isolate(pfn) : -1) };
    const got = new Contiguous(m).allocContigRange(start, 1560, MIGRATE_MOVABLE, { world });
    assert.ok(got.ok);
    const inUse = [1544, 1545, 1546, 1547, 1548, 1549, 1550, 1551, 1556, 1557, 1558, 1559];
    assert.deepEqual(
      asked,
      inUse.filter((p) => p >= start),
    );
  }
});

test("a place whose pages all move: put off while compaction of its order is deferred, else just not compacted", () => {
  const m = full();
  const zone = m.zones[0]!;
  for (let p = 1024; p < 3072; p++) m.setOwner(p, MOVABLE_PAGE | OWNER_KINDS.anon);
  // Three of four frames of the other blocks: 1,152 pages, more than twice a block, and none larger than two.
  for (let p = 1536; p < 3072; p++) if (p % 4 !== 3) freeOnePage(m, zone, p, 0, MIGRATE_MOVABLE, false);
  foldDiffs(zone, zone.pcp);
  const cause = (orderFailed: number, deferShift: number, considered: number) => {
    Object.assign(zone.compact, { orderFailed, deferShift, considered });
    return stopAt({ m, zone, order: 9, highest: 2, tried: null }, 1024).cause;
  };
  assert.equal(cause(0, 0, 1), "not-compacted");
  assert.equal(cause(9, 2, 3), "deferred");
  assert.equal(cause(9, 2, 4), "not-compacted");
  assert.equal(cause(10, 2, 3), "not-compacted");
  assert.equal(cause(8, 0, 0), "deferred");
});

test("a driver's request is for whole bytes, and one is enough", () => {
  const contig = new Contiguous(tinyMemory("6.1"));
  for (const bytes of [0, -1, 0.5])
    assert.throws(() => contig.dmaAllocContiguous(bytes, 4 * KiB), /must be whole bytes, at least 1: got/);
  const got = contig.dmaAllocContiguous(1, 4 * KiB);
  assert.deepEqual([got.ok, got.ok && got.count, got.ok && got.order], [true, 1, 0]);
});

test("the block around a target gives the rest: marked if even that is too little; not taken by runs in a hurry", () => {
  for (const [wanted, taken, marked] of [
    [1, 1, false],
    [2, 2, false],
    [3, 3, false],
    [4, 3, true],
  ] as const)
    for (const hurry of [false, true]) {
      const m = full();
      for (const p of [2600, 2602, 2700, 1030, 1032, 1034, 1036, 1038])
        freeOnePage(m, m.zones[0]!, p, 0, MIGRATE_MOVABLE, false);
      foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
      const mode = hurry ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT;
      const cc = new CompactControl(m, m.zones[0]!, {
        order: 1,
        gfp: GFP_HIGHUSER_MOVABLE,
        mode,
        direct: true,
      });
      cc.migratePfn = 1024;
      cc.freePfn = 3072;
      cc.nrMigratepages = wanted;
      fastIsolateFreepages(m, cc);
      assert.equal(cc.nrFreepages, hurry ? 1 : taken, `${wanted} wanted, ${mode}`);
      assert.equal((m.blocks[5]! & BLOCK_SKIP) !== 0, marked && !hurry);
      for (const pfn of cc.freepages) assert.ok(pfn >= 2560);
    }
});

test("a region that is not mapped is refused only where there is memory, which ends where it ends", () => {
  const setup = { release: "6.1", minAlignment: 2 * MiB, cmdline: false, cma: true, arm: false };
  for (const [base, refused] of [
    [GiB - MiB, false],
    [GiB - MiB + 4 * KiB, true],
    [2 * GiB - 4 * KiB, true],
    [2 * GiB, false],
  ] as const) {
    const memblock = new Memblock(4 * KiB);
    memblock.add(GiB, 2 * GiB);
    memblock.reserve("firmware", base, MiB);
    const node = {
      name: "dsp",
      bytes: MiB,
      base,
      noMap: true,
      reusable: false,
      cmaDefault: false,
      compatible: "",
    };
    const { messages } = reservedMemInit(
      memblock,
      [node] as unknown as Parameters<typeof reservedMemInit>[1],
      setup as Parameters<typeof reservedMemInit>[2],
    );
    assert.equal(
      messages.some((text) => text.includes("failed to reserve memory for node 'dsp'")),
      refused,
      `${base}`,
    );
  }
});

test("6.1: of a block that reaches out of the zone a fallback takes the page alone", () => {
  const m = tinyMemory("6.1", { pages: 2048 + 256 });
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  assert.equal(allocPages(m, GFP_KERNEL, 0), 3072);
  assert.equal(m.blockType(3072), MIGRATE_MOVABLE);
});

test("reclaimable pages of the last zone of the last of five nodes", () => {
  const zone = (nid: number, idx: number) => ({
    ...{ idx, name: "Movable", nid, startPfn: 1024 * (nid + 1), spanned: 1024, present: 1024, managed: 1024 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 1, high: 4 },
    },
    freeRanges: [{ startPfn: 1024 * (nid + 1), pages: 1024 }],
  });
  const m = bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [0, 1, 2, 3, 4].map((nid) => zone(nid, 3)) },
  });
  const lru = new Lru(m);
  for (const z of m.zones) m.state[z.startPfn] = ALLOCATED | IN_USE_MOVABLE;
  for (const z of m.zones) lru.add(z.startPfn, LRU_INACTIVE_FILE);
  assert.deepEqual(
    m.zones.map((z) => lru.reclaimable(z)),
    [1, 1, 1, 1, 1],
  );
});

test("where nothing is or may be reclaimed, the free pages count, in the releases that do so", () => {
  for (const reclaim of [true, false]) {
    const m = full();
    for (let p = 1024; p < 1044; p += 2) freeOnePage(m, m.zones[0]!, p, 0, MIGRATE_MOVABLE, false);
    assert.equal(new RoomMaker(m, { reclaim, compaction: true }).reclaimablePages(m.zones[0]!), 10);
    m.lru = { reclaimable: () => 7 } as unknown as NonNullable<Memory["lru"]>;
    assert.equal(
      new RoomMaker(m, { reclaim, compaction: true }).reclaimablePages(m.zones[0]!),
      reclaim ? 7 : 10,
    );
  }
});

test("a machine has frames up to the end of the last block of the largest order, and heads of lists behind them", () => {
  for (const [pages, end] of [
    [2048, 3072],
    [2049, 4096],
    [3072, 4096],
  ] as const) {
    const m = tinyMemory("6.1", { pages });
    assert.equal(m.endPfn, end);
    assert.deepEqual([m.state.length, m.owner.length, m.blocks.length], [end, end, end / 512]);
    assert.equal(m.zones[0]!.listBase, end);
    assert.equal(m.virginBase, end + 88, "eight heads for each of eleven orders");
  }
});

test("the block at frame 0 can be a source of the fast search", () => {
  const zone = {
    ...{ idx: 2, name: "Normal", startPfn: 0, spanned: 4096, present: 4096, managed: 4096 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 3, high: 320 },
    },
    freeRanges: [{ startPfn: 0, pages: 4096 }],
  };
  const m = bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [zone] },
  });
  for (let i = 0; i < 4; i++) allocPages(m, GFP_HIGHUSER_MOVABLE, 10);
  m.state.fill(ALLOCATED | IN_USE_MOVABLE, 0, 4096);
  m.state.fill(0, 64, 72);
  freeOnePage(m, m.zones[0]!, 64, 3, MIGRATE_MOVABLE, false);
  const cc = new CompactControl(m, m.zones[0]!, {
    order: 9,
    gfp: GFP_HIGHUSER_MOVABLE,
    mode: MIGRATE_SYNC_LIGHT,
  });
  cc.migratePfn = 1024;
  cc.freePfn = 4096;
  assert.equal(fastFindMigrateblock(m, cc), 0);
  assert.equal(cc.fastSearchFail, 0);
});

test("a change that ends runs is told a score and its goal for unasked runs alone", () => {
  for (const [proactive, order, told] of [
    [true, -1, { score: 0, scoreGoal: 80, pageFree: false }],
    [false, -1, { score: 0, scoreGoal: 0, pageFree: false }],
    [false, 4, { score: 0, scoreGoal: 0, pageFree: true }],
  ] as const) {
    const m = tinyMemory("6.1");
    const given: Record<string, unknown>[] = [];
    const compactionFinished = (g: Record<string, unknown>) => {
      given.push(g);
      return "success";
    };
    m.change = { compactionFinished } as unknown as Decisions;
    const options = { order, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_SYNC_LIGHT, proactive };
    const cc = Object.assign(new CompactControl(m, m.zones[0]!, options), { freePfn: 2560 });
    assert.equal(compactFinished(m, cc), COMPACT_SUCCESS);
    const { score, scoreGoal, pageFree } = given[0]!;
    assert.deepEqual({ score, scoreGoal, pageFree }, told);
  }
});

test("a range that a change wishes for may lie in memory that nobody has touched", () => {
  for (const [from, order, pfn, piece] of [
    [2048 + 500, 9, 2048, 2560],
    [1024 + 3, 10, 2048, 2048],
    [1030, 2, 1024, 1032],
  ] as const) {
    const m = tinyMemory("6.12");
    m.change = { freePage: () => ({ from, to: 3072 }) } as unknown as Decisions;
    assert.deepEqual(choosePiece(m, m.zones[0]!, order, MIGRATE_MOVABLE), { pfn, order: 10, piece });
  }
});

test("lists of the largest pages are rotated, too; pages on per-CPU lists rotate nothing", () => {
  const m = tinyMemory("6.1", { pages: 4096 });
  materialiseRange(m, 1024, 5120);
  const list = () => freeList(m, 10, MIGRATE_MOVABLE);
  assert.deepEqual(list(), [1024, 2048, 3072, 4096]);
  rotateFreeList(m, 3072, true);
  assert.deepEqual(list(), [3072, 4096, 1024, 2048]);
  rotateFreeList(m, 3072, false);
  assert.deepEqual(list(), [4096, 1024, 2048, 3072]);
  for (const pfn of [-1, 5120, 1025]) rotateFreeList(m, pfn, true);
  m.state[1030] = pcpState(0, 1);
  rotateFreeList(m, 1030, true);
  assert.deepEqual(list(), [4096, 1024, 2048, 3072]);
});

test("what would help, with its places: none named, one, or more", () => {
  const remedy = (candidates: number | null) => ({ what: "a", how: "b", candidates });
  const words = (...candidates: (number | null)[]) =>
    explainHugePageShortage({
      ...{ bytes: 2 * MiB, node: 1, wanted: 5, got: 3, nodes: [] },
      surplus: { overcommit: 0, inUse: 0, available: 0, couldGive: 0, why: "none" },
      remedies: candidates.map(remedy),
    });
  assert.equal(
    words(null, 1, 2),
    "the pool has 3 of 5 pages of 2 MiB on node 1.\nSurplus pages could give 0 more: none.\nWould help: a (b); or a (b; 1 place); or a (b; 2 places).",
  );
});

test("isolated free pages are counted apart from those that are free", () => {
  const m = tinyMemory("6.1");
  assert.equal(startIsolatePageRange(m, m.zones[0]!, 1024, 2048, MIGRATE_MOVABLE), 0);
  validate(m, "everything", { ownersKnown: true });
  m.zones[0]!.managed++;
  assert.throws(
    () => validate(m, "everything", { ownersKnown: true }),
    /: 1024 \+ 1024 \+ 0 \+ 0 against 2049 /,
  );
});

test("kswapd of a node acts on the node's last CPU, where CPUs are told apart; nodes count by their numbers", () => {
  const zone = (nid: number, startPfn: number) => ({
    ...{ idx: 2, name: "Normal", nid, startPfn, spanned: 1024, present: 1024, managed: 1024 },
    ...{
      watermarks: { min: 0, low: 0, high: 0 },
      lowmemReserve: [0, 0, 0, 0],
      pageset: { batch: 1, high: 4 },
    },
    freeRanges: [{ startPfn, pages: 1024 }],
  });
  for (const [cpus, acting] of [
    [1, [0, 0, 0]],
    [2, [0, 1, 1]],
    [3, [0, 1, 2]],
    [6, [1, 3, 5]],
    [7, [2, 4, 6]],
  ] as const) {
    // Node 2 has the lowest frames.
    const m = bootMemory({
      ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
      ...{ mobilityDisabled: false, cpus, zones: [zone(2, 1024), zone(0, 2048), zone(1, 3072)] },
    });
    m.smp = true;
    for (const nid of [0, 1, 2])
      asKswapd(m, nid, () => assert.equal(m.cpu, acting[nid], `${cpus} CPUs, node ${nid}`));
    assert.equal(m.cpu, 0, "the CPU that woke it goes on");
    m.smp = false;
    asKswapd(m, 2, () => assert.equal(m.cpu, 0));
  }
});
