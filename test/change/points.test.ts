/**
 * Every decision point: a change whose effect is worked out by hand. The machine has the frames 1024 to 3071: two pages of order 10,
 * four page blocks of 512 frames, all movable; a refill takes three pages.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { POINT_NAMES } from "../../lib/change/points";
import { drainAllPages } from "../../lib/mm/allocation/drain-cpus";
import { boostWatermark } from "../../lib/mm/allocation/fallback-steal";
import { freePages } from "../../lib/mm/allocation/page-alloc";
import { compactMemory, proactiveCompactNode } from "../../lib/mm/compaction/compaction";
import { compactionDeferred, deferCompaction } from "../../lib/mm/compaction/compaction-deferral";
import { compactionSuitable } from "../../lib/mm/compaction/compaction-suitable";
import { allocContigPages } from "../../lib/mm/contiguous/contig-pages";
import { Lru } from "../../lib/mm/reclaim/lru";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
} from "../../lib/mm/state/migratetype";
import { list, movable, tiny, unmovable } from "./tiny";

const tested = new Set<string>();

/** A test of one point, so that a point without one is noticed. */
function point(name: (typeof POINT_NAMES)[number], what: string, body: () => void): void {
  tested.add(name);
  test(`${name}: ${what}`, body);
}

/** Takes every frame as single movable pages; the highest frame last on each per-CPU list. */
function fill(m: Memory): number[] {
  const pages: number[] = [];
  for (let p = movable(m); p >= 0; p = movable(m)) pages.push(p);
  return pages;
}

point(
  "fallbackOrder",
  "an unmovable request that may fall back on nothing finds nothing on a movable machine",
  () => {
    for (const release of ["4.17", "6.1", "6.12", "6.19"] as const) {
      assert.notEqual(unmovable(tiny(release, {})), -1);
      const m = tiny(release, { fallbackOrder: () => [] });
      assert.equal(unmovable(m), -1, release);
      assert.equal(movable(m), release === "4.17" ? 2048 : 1024, "the request's own type is no fallback");
      validate(m, "everything", { ownersKnown: true });
    }
  },
);

point("fallbackOrder", "of two foreign types the one named first is used", () => {
  // Unmovable pages come first from blocks of reclaimable pages; the change says movable first.
  for (const [order, expected] of [
    [["movable", "reclaimable"], MIGRATE_MOVABLE],
    [["reclaimable", "movable"], MIGRATE_RECLAIMABLE],
  ] as const) {
    const m = tiny(
      "6.12",
      order[0] === "movable"
        ? { fallbackOrder: ({ type }) => (type === "unmovable" ? ["movable", "reclaimable"] : []) }
        : { fallbackOrder: ({ type }) => (type === "unmovable" ? ["reclaimable", "movable"] : []) },
    );
    m.setBlockType(1024, MIGRATE_RECLAIMABLE);
    m.setBlockType(1536, MIGRATE_RECLAIMABLE);
    // The page of order 10 at 1024 moves to the reclaimable list, as its blocks say.
    const page = movable(m, 10);
    assert.equal(page, 1024);
    freePages(m, page, 10);
    // 6.12 frees a large page block by block: two pages of order 9 that merge to one of order 10.
    assert.deepEqual([list(m, 10, MIGRATE_RECLAIMABLE), list(m, 10, MIGRATE_MOVABLE)], [[1024], [2048]]);
    assert.equal(unmovable(m, 3), expected === MIGRATE_MOVABLE ? 2048 : 1024);
  }
});

point("shouldClaim", "a block is not claimed for a small page unless the change says so", () => {
  // One block is left, in which one page of order 3 is free (the kernel claims blocks for movable requests from order 4 on).
  for (const [answer, type] of [
    [true, MIGRATE_MOVABLE],
    [false, MIGRATE_UNMOVABLE],
  ] as const) {
    const m = answer ? tiny("6.12", { shouldClaim: () => true }) : tiny("6.12", { shouldClaim: () => false });
    for (let i = 0; i < 4; i++) movable(m, 9);
    for (const block of [1024, 1536, 2048, 2560]) m.setBlockType(block, MIGRATE_UNMOVABLE);
    m.splitAllocated(1024, 3);
    freePages(m, 1024, 3);
    drainAllPages(m);
    // Movable pages in use around it are alike: half of the block and more, so that the claim succeeds.
    assert.deepEqual(list(m, 3, MIGRATE_UNMOVABLE), [1024]);
    assert.equal(movable(m, 2), 1024);
    assert.equal(m.blockType(1024), type);
  }
});

point("claimBlock", "a block is claimed though the kernel would not, and is not though it would", () => {
  // 6.1: two blocks are in use by unmovable pages but for one page of order 5 in each, which a movable request finds.
  const half = (m: Memory) => {
    for (let i = 0; i < 4; i++) unmovable(m, 9);
    m.splitAllocated(1024, 5);
    freePages(m, 1024, 5);
  };
  const stock = tiny("6.1", { claimBlock: (given, rules) => rules.claimBlock(given) });
  half(stock);
  assert.equal(movable(stock, 1), 1024);
  assert.equal(stock.blockType(1024), MIGRATE_UNMOVABLE, "32 free pages of 512 are too few");
  assert.deepEqual(list(stock, 4, MIGRATE_MOVABLE), [1040], "its free pages moved all the same");
  const claims = tiny("6.1", { claimBlock: () => "claim" });
  half(claims);
  assert.equal(movable(claims, 1), 1024);
  assert.equal(claims.blockType(1024), MIGRATE_MOVABLE);
  const none = tiny("6.1", { claimBlock: () => "none" });
  half(none);
  assert.equal(movable(none, 1), -1, "nothing else is free");
  assert.deepEqual(list(none, 5, MIGRATE_UNMOVABLE), [1024]);
  validate(none, "everything", { ownersKnown: true });
});

point("stealPage", "claim-only fallbacks: a page of a block that is not claimed stays where it is", () => {
  for (const release of ["6.12", "6.19"] as const) {
    const m = tiny(release, { stealPage: () => false });
    for (let i = 0; i < 4; i++) unmovable(m, 9);
    m.splitAllocated(1024, 5);
    freePages(m, 1024, 5);
    assert.equal(movable(m, 1), -1);
    const stock = tiny(release, {});
    for (let i = 0; i < 4; i++) unmovable(stock, 9);
    stock.splitAllocated(1024, 5);
    freePages(stock, 1024, 5);
    assert.equal(movable(stock, 1), 1024);
  }
});

point("fallbackPage", "unmovable requests keep to the region that they are given", () => {
  for (const release of ["6.1", "6.12"] as const) {
    const m = tiny(release, {
      fallbackPage: ({ type }) => (type === "unmovable" ? { from: 2048, to: 3072 } : "first"),
    });
    assert.equal(unmovable(m), 2048, release);
    assert.equal(m.blockType(1024), MIGRATE_MOVABLE);
    assert.equal(m.blockType(2048), MIGRATE_UNMOVABLE);
    const outside = tiny(release, { fallbackPage: () => ({ from: 0, to: 1024 }) });
    assert.equal(unmovable(outside), -1, "no page lies there");
    const highest = tiny(release, { fallbackPage: () => "highest" });
    assert.equal(unmovable(highest), 2048, "the higher of two pages of order 10");
  }
});

point("freePage", "a request takes the frames that the change names, and splits around them", () => {
  for (const release of ["4.17", "6.1", "6.12", "6.19"] as const) {
    const m = tiny(release, { freePage: () => ({ from: 1024 + 48, to: 1024 + 64 }) });
    assert.equal(movable(m, 4), 1072, release);
    // 1024 to 2047 is split around 1072: 32 frames below it, 16 at 1056, then 64, 128, 256 and 512 above.
    const orders = [4, 5, 6, 7, 8, 9].map((order) => list(m, order, MIGRATE_MOVABLE));
    assert.deepEqual(orders, [[1056], [1024], [1088], [1152], [1280], [1536]]);
    assert.equal(movable(m, 4), 1056, "the range is in use: the first page of the smallest order");
    validate(m, "everything", { ownersKnown: true });
  }
});

point("freePage", "the change is told what the processor took last from the list", () => {
  const m = tiny("6.12", {
    freePage: ({ lastPfn, lastOrder, zoneEndPfn }) =>
      lastPfn < 0 ? { from: 2000, to: 2048 } : { from: lastPfn + 2 ** lastOrder, to: zoneEndPfn },
  });
  assert.deepEqual([movable(m, 4), movable(m, 4), movable(m, 4)], [2000, 2016, 2032]);
  assert.equal(movable(m, 5), 2048, "into the next page of the top order");
});

point("freePage", "of the pages of an order the highest or the lowest", () => {
  assert.equal(movable(tiny("6.1", { freePage: () => "highest" }), 9), 2048);
  assert.equal(movable(tiny("6.1", { freePage: () => "lowest" }), 9), 1024);
});

point("lists", "movable requests take CMA pages first, though these are only a third", () => {
  // 1024 CMA pages behind the zone's own 2048: a third, so the half rule does not hold. The change reverses that.
  const last = tiny("6.1", {}, { cma: 1024 });
  assert.equal(movable(last, 9), 1024);
  const first = tiny(
    "6.1",
    { lists: ({ type, mayUseCma }) => (mayUseCma ? ["cma", type] : [type]) },
    { cma: 1024 },
  );
  assert.equal(movable(first, 9), 3072, "the first CMA page");
  assert.equal(first.blockType(3072), MIGRATE_CMA);
  assert.equal(unmovable(first, 9), 1024, "an unmovable request may not");
});

point("listEnd", "a page that was freed goes to the tail, so the next request takes another one", () => {
  // Pages of order 4 pass by the per-CPU lists. 1024 and 1056 are freed in this order, their buddies are in use.
  const order = (m: Memory) => {
    const pages = Array.from({ length: 4 }, () => movable(m, 4));
    assert.deepEqual(pages, [1024, 1040, 1056, 1072]);
    freePages(m, 1024, 4);
    freePages(m, 1056, 4);
    return list(m, 4, MIGRATE_MOVABLE);
  };
  assert.deepEqual(order(tiny("6.1", {})), [1056, 1024]);
  assert.deepEqual(order(tiny("6.1", { listEnd: () => "tail" })), [1024, 1056]);
});

point("pcpSize", "the batch sets how many pages a refill takes", () => {
  const m = tiny("6.1", { pcpSize: ({ high }) => ({ batch: 8, high }) });
  movable(m);
  assert.equal(m.zones[0]!.pcp.count, 7);
});

point("pcpRefill", "a refill takes as many pages as the change says", () => {
  const m = tiny("6.1", { pcpRefill: () => 5 });
  movable(m);
  assert.equal(m.zones[0]!.pcp.count, 4);
  movable(m);
  assert.equal(m.zones[0]!.pcp.count, 3);
});

point("pcpHigh", "lists drain one batch of three at the change's limit", () => {
  for (const release of ["4.17", "6.1", "6.12"] as const) {
    const m = tiny(release, { pcpHigh: () => 6, pcpDrain: ({ batch }) => batch });
    const pages = Array.from({ length: 6 }, () => movable(m));
    // 6.12 doubles refills: what is left of them counts too.
    const before = m.zones[0]!.pcp.count;
    let freed = 0;
    while (before + freed < 5) freePages(m, pages[freed++]!, 0);
    assert.equal(m.zones[0]!.pcp.count, 5, release);
    freePages(m, pages[freed]!, 0);
    assert.equal(m.zones[0]!.pcp.count, 3, "six, less a batch");
  }
});

point("pcpDrain", "full lists give back what the change says", () => {
  const m = tiny("6.1", { pcpDrain: () => 4 }, { high: 6 });
  const pages = Array.from({ length: 6 }, () => movable(m));
  for (const page of pages) freePages(m, page, 0);
  assert.equal(m.zones[0]!.pcp.count, 2, "six, less four");
});

/** Blocks 1024 and 2560 are filled with movable pages, of which every second one is freed; the others are in use whole. */
function scattered(m: Memory): void {
  const pages = fill(m);
  for (const page of pages) if ((page < 1536 || page >= 2560) && page % 2 === 1) freePages(m, page, 0);
  drainAllPages(m);
}

const used = (m: Memory, from: number, to: number) => {
  let n = 0;
  for (let p = from; p < to; p++) if (m.freePlaceOf(p) === undefined) n++;
  return n;
};

point("compactionSource", "the block that a change spares is not emptied", () => {
  const stock = tiny("6.1", {});
  scattered(stock);
  compactMemory(stock);
  assert.equal(used(stock, 1024, 1536), 0, "256 pages go to the 256 free frames of the last block");
  const spared = tiny("6.1", { compactionSource: ({ blockPfn }) => blockPfn !== 1024 });
  scattered(spared);
  compactMemory(spared);
  assert.equal(used(spared, 1024, 1536), 256);
});

point("compactionTarget", "the block that a change keeps free is not filled", () => {
  const m = tiny("6.1", { compactionTarget: ({ blockPfn }) => blockPfn !== 2560 });
  scattered(m);
  compactMemory(m);
  assert.equal(used(m, 2560, 3072), 256);
});

point("compactionSuitable", "a change sees no use in compaction", () => {
  const m = tiny("6.1", { compactionSuitable: () => "skipped" });
  assert.equal(compactionSuitable(m, m.zones[0]!, 9, 0, 2), 1, "COMPACT_SKIPPED");
  const stock = tiny("6.1", { compactionSuitable: (given, rules) => rules.compactionSuitable(given) });
  assert.equal(compactionSuitable(stock, stock.zones[0]!, 9, 0, 2), 8, "COMPACT_SUCCESS: there is a page");
});

point("compactionFinished", "a run over the whole zone ends before it has begun", () => {
  const moved = (m: Memory) => {
    scattered(m);
    compactMemory(m);
    return 256 - used(m, 1024, 1536);
  };
  assert.equal(moved(tiny("6.1", {})), 256);
  assert.equal(moved(tiny("6.1", { compactionFinished: () => "success" })), 0);
  assert.equal(moved(tiny("6.1", { compactionFinished: () => "continue" })), 256);
});

point("compactionDeferred", "attempts are not skipped", () => {
  const skips = (m: Memory) => {
    deferCompaction(m.zones[0]!, 9);
    return [1, 2, 3].map(() => compactionDeferred(m, m.zones[0]!, 9));
  };
  assert.deepEqual(skips(tiny("6.1", {})), [true, false, false]);
  assert.deepEqual(skips(tiny("6.1", { compactionDeferred: () => false })), [false, false, false]);
  assert.deepEqual(skips(tiny("6.1", { compactionDeferred: () => true })), [true, true, true]);
});

point("contigSearch", "ranges are tried from the highest, or at every block", () => {
  const ask = (m: Memory, pages: number) =>
    allocContigPages(m, { pages, gfp: GFP_HIGHUSER_MOVABLE, kind: "driver" });
  assert.equal(ask(tiny("6.1", {}), 512), 1024);
  assert.equal(
    ask(tiny("6.1", { contigSearch: ({ pages }) => ({ from: "highest", unit: pages }) }), 512),
    2560,
  );
  // Both aligned ranges of 1024 pages hold a page that cannot move; the one from 1536 to 2559 lies across them.
  const barred = (m: Memory) => ask(m, 1024);
  assert.equal(barred(taken(tiny("6.1", {}))), -1);
  assert.equal(
    barred(taken(tiny("6.1", { contigSearch: ({ blockPages }) => ({ from: "lowest", unit: blockPages }) }))),
    1536,
  );
});

/** The frames 1024 and 2560 are in use by unmovable pages, the rest is free. */
function taken(m: Memory): Memory {
  for (let i = 0; i < 4; i++) unmovable(m, 9);
  for (const block of [1024, 1536, 2048, 2560]) m.setBlockType(block, MIGRATE_MOVABLE);
  for (const block of [1024, 2560]) {
    m.splitAllocated(block, 0);
    for (let p = block + 1; p < block + 512; p++) freePages(m, p, 0);
  }
  for (const block of [1536, 2048]) freePages(m, block, 9);
  drainAllPages(m);
  return m;
}

point("watermark", "a request is refused at a mark that the kernel thinks is met", () => {
  const m = tiny("6.1", { watermark: ({ freePages }) => freePages > 2046 });
  const got = [movable(m, 4), movable(m, 4)];
  assert.deepEqual(got, [1024, -1], "2048 free pages, then 2032");
});

point("watermarkBoost", "the boost is what the change says, whatever the kernel would add", () => {
  const marks = { watermarks: { min: 100, low: 125, high: 150 } };
  const boosted = (m: Memory) => {
    boostWatermark(m, m.zones[0]!);
    return m.zones[0]!.watermarkBoost;
  };
  // One and a half times the high watermark is 225 pages; a block of 512 is the least.
  assert.equal(boosted(tiny("6.1", {}, marks)), 512);
  assert.equal(boosted(tiny("6.1", { watermarkBoost: () => 0 }, marks)), 0);
  assert.equal(boosted(tiny("6.1", { watermarkBoost: ({ most }) => most + 1 }, marks)), 513);
});

point("reclaimPriority", "reclaim leaves file pages alone and takes anonymous ones", () => {
  const left = (m: Memory) => {
    const lru = new Lru(m, 1000);
    m.lru = lru;
    for (let i = 0; i < 64; i++) lru.add(movable(m), i % 2 === 0 ? 1 : 3);
    lru.shrink(m.zones, 0, 16);
    return [lru.count[1], lru.count[3]];
  };
  assert.deepEqual(
    left(tiny("6.1", {})),
    [32, 16],
    "file pages come first, and the goal is reached with them",
  );
  const anon = tiny("6.1", { reclaimPriority: ({ list, priority }) => (list === "file" ? -1 : priority) });
  assert.deepEqual(left(anon), [16, 32]);
});

/** Memory is full of file pages but for the low watermark of 125; the high one is 150. */
function short(points: Parameters<typeof tiny>[1]): { m: Memory; room: RoomMaker; free: () => number } {
  const m = tiny("6.1", points, { watermarks: { min: 100, low: 125, high: 150 } });
  const lru = new Lru(m, 0);
  m.lru = lru;
  for (const page of fill(m)) lru.add(page, 3);
  drainAllPages(m);
  const room = new RoomMaker(m, { reclaim: true, compaction: true });
  return { m, room, free: () => m.zones[0]!.nrFreePages };
}

point(
  "kswapdWake",
  "kswapd works though nothing lacks, sleeps on though memory lacks, and works for whole blocks",
  () => {
    const woken = ({ m, room }: ReturnType<typeof short>) => {
      room.wakeKswapd(0, 0, 2, m.zonelist);
      return m.counters.pageoutrun;
    };
    assert.equal(woken(short({})), 1);
    assert.equal(woken(short({ kswapdWake: () => -1 })), 0);
    // Nothing is in use: every mark is met.
    const idle = (points: Parameters<typeof tiny>[1]) => {
      const m = tiny("6.1", points);
      return woken({ m, room: new RoomMaker(m, { reclaim: true, compaction: true }), free: () => 0 });
    };
    assert.equal(idle({}), 0);
    assert.equal(idle({ kswapdWake: () => 0 }), 1);
    const told = short({
      kswapdWake: ({ blockOrder }) => blockOrder,
      kswapdBalanced: ({ when, order, markMet }) => {
        if (when === "work") throw new Error(`works for order ${order}`);
        return markMet;
      },
    });
    assert.throws(() => woken(told), /kswapdBalanced, event 3: threw Error: works for order 9$/);
  },
);

point("kswapdBalanced", "kswapd goes on to the watermark that the change names", () => {
  const after = (points: Parameters<typeof tiny>[1]) => {
    const machine = short(points);
    machine.room.wakeKswapd(0, 0, 2, machine.m.zonelist);
    return machine.free();
  };
  const before = short({}).free();
  assert.ok(before <= 125, "the low watermark is not met");
  const stock = after({});
  assert.ok(stock > 150 && stock <= 400, `${stock}`);
  assert.ok(after({ kswapdBalanced: ({ freePages }) => freePages > 400 }) > 400);
  assert.equal(after({ kswapdBalanced: () => true }), before);
  assert.ok(
    after({ kswapdBalanced: () => false }) > 1800,
    "to its hardest pass: nearly all of 2048 file pages",
  );
});

point("kcompactdWake", "kcompactd is woken for whole blocks when kswapd goes to sleep, or not at all", () => {
  const wakes = (points: Parameters<typeof tiny>[1], boost = 0) => {
    const { m, room } = short(points);
    m.zones[0]!.watermarkBoost = boost;
    room.wakeKswapd(0, 0, 2, m.zonelist);
    return m.counters.compact_daemon_wake;
  };
  assert.equal(wakes({}), 0, "order 0 needs no compaction");
  assert.equal(wakes({ kcompactdWake: ({ by, blockOrder }) => (by === "sleep" ? blockOrder : -1) }), 1);
  assert.equal(wakes({ kcompactdWake: (given, rules) => rules.kcompactdWake(given) }), 0);
  assert.equal(wakes({ kcompactdWake: ({ by, order }) => (by === "boost" ? order : -1) }, 64), 1);
  assert.equal(wakes({ kcompactdWake: () => -1 }, 64), 0);
  assert.throws(() => wakes({ kcompactdWake: () => 0 }), /must answer an order from 1 to mostOrder/);
});

point("kcompactdProactive", "kcompactd compacts unasked, or does not, whatever the score", () => {
  const spread = tiny("6.1", { kcompactdProactive: () => false });
  const stock = tiny("6.1", {});
  for (const m of [spread, stock]) scattered(m);
  // Every free page is single: the score is 100, above the threshold of 90.
  assert.deepEqual([proactiveCompactNode(stock, 20), proactiveCompactNode(spread, 20)], [true, false]);
  assert.deepEqual([used(stock, 1024, 1536), used(spread, 1024, 1536)], [0, 256]);
  assert.equal(proactiveCompactNode(tiny("6.1", {}), 20), false);
  assert.equal(proactiveCompactNode(tiny("6.1", { kcompactdProactive: () => true }), 20), true);
});

point(
  "compactionFinished",
  "the change sees free pages, those in whole blocks, and the high watermark",
  () => {
    const m = tiny("6.1", {
      compactionFinished: ({ freePages, freeBlockPages, highPages }) => {
        throw new Error(`${freePages} free, ${freeBlockPages} in blocks, mark ${highPages}`);
      },
    });
    scattered(m);
    freePages(m, 1536, 0);
    assert.throws(() => compactMemory(m), /threw Error: 512 free, 0 in blocks, mark 0$/);
  },
);

test("every decision point has a test here", () => {
  assert.deepEqual([...tested].sort(), [...POINT_NAMES].sort());
});
