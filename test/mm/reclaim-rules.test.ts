/**
 * kswapd and direct reclaim (mm/vmscan.c, 6.1) on a machine whose LRU lists only note what they are asked and answer from a script: how hard
 * they try, for how long, and what they leave, by the kernel's rules.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { COMPACT_PRIO_SYNC_LIGHT, COMPACT_SKIPPED } from "../../lib/mm/compaction/compact-result";
import { type Mechanisms, RoomMaker } from "../../lib/mm/reclaim/vmscan";
import { AllocContext } from "../../lib/mm/state/alloc-context";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { ShrinkResult } from "../../lib/mm/state/lru-lists";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import { foldDiffs } from "../../lib/mm/state/vmstat";
import { tinyMemory } from "./tiny-memory";
import { twoNodes } from "./two-nodes";

/** Everything in use as single movable pages; marks 100, 130 and 160. */
function full(): Memory {
  const m = tinyMemory("6.1");
  for (const order of [10, 10]) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, order) >= 0);
  m.state.fill(ALLOCATED | IN_USE_MOVABLE, 1024, 3072);
  m.zones[0]!.wmark.set([100, 130, 160]);
  return m;
}

/** Frees every other frame from 1024 on, `n` of them: nothing merges. */
function freeSingles(m: Memory, n: number): void {
  const zone = m.zones[0]!;
  for (let i = 0; i < n; i++) freeOnePage(m, zone, 1024 + 2 * i, 0, MIGRATE_MOVABLE, false);
  foldDiffs(zone, zone.pcp);
}

type Step = ShrinkResult & { after?: () => void };

/** What was asked of the lists: priority, goal and zones; "!" if neither writing nor swapping was allowed. */
function scripted(m: Memory, steps: readonly Step[] = []): string[] {
  const asked: string[] = [];
  const script = [...steps];
  m.lru = {
    remove: () => {},
    move: () => {},
    reclaimable: () => 0,
    shrink(zones, priority, goal, cleanOnly = false) {
      asked.push(`${priority}:${goal}${zones.length > 1 ? `x${zones.length}` : ""}${cleanOnly ? "!" : ""}`);
      const { after, ...result } = script.shift() ?? { scanned: 0, reclaimed: 0 };
      after?.();
      return result;
    },
  };
  return asked;
}

const reclaimer = (m: Memory, more: Partial<Mechanisms> = {}) =>
  new RoomMaker(m, { reclaim: true, compaction: false, ...more });

const priorities = (from: number, to: number, goal: number) =>
  Array.from({ length: from - to + 1 }, (_, i) => `${from - i}:${goal}`);

test("direct reclaim scans ever larger parts, from a 4096th to all, until it has 32 pages", () => {
  const m = full();
  const asked = scripted(m);
  assert.equal(reclaimer(m).directReclaim(0, GFP_KERNEL), 0);
  assert.deepEqual(asked, priorities(12, 0, 32));
  assert.equal(m.counters.allocstall, 1);
  for (const [second, calls] of [
    [0, 3],
    [1, 2],
    [40, 2],
  ] as const) {
    const again = full();
    const steps = [
      { scanned: 50, reclaimed: 31 },
      { scanned: 7, reclaimed: second },
      { scanned: 5, reclaimed: 5 },
    ];
    const seen = scripted(again, steps);
    const got = reclaimer(again).directReclaim(3, GFP_KERNEL);
    assert.deepEqual(seen, priorities(12, 13 - calls, 32));
    assert.equal(got, calls === 2 ? 31 + second : 36);
    assert.equal(again.counters.pgscan_direct, calls === 2 ? 57 : 62);
    assert.equal(again.counters.pgsteal_direct, got);
  }
});

test("direct reclaim does nothing if it is off, and leaves zones alone that the request can't use", () => {
  const m = full();
  const asked = scripted(m, [{ scanned: 9, reclaimed: 9 }]);
  assert.equal(reclaimer(m, { reclaim: false }).directReclaim(0, GFP_KERNEL), 0);
  assert.equal(m.counters.allocstall, 0);
  // __GFP_DMA32 (4): zone 1 at most; the only zone is 2.
  assert.equal(reclaimer(m).directReclaim(0, 4), 0);
  assert.deepEqual(asked, []);
  assert.equal(m.counters.allocstall, 1);
});

test("for a costly order it counts as progress if compaction is ready: above high and twice the request, or not needed", () => {
  const of = (order: number, free: number, more: Partial<Mechanisms> = {}, threshold = 500) => {
    const m = full();
    freeSingles(m, free);
    m.extfragThreshold = threshold;
    const asked = scripted(m);
    return [reclaimer(m, { compaction: true, ...more }).directReclaim(order, GFP_KERNEL), asked.length];
  };
  // 160 + 2 · 16 pages are one too few for order 4.
  assert.deepEqual(of(4, 192), [0, 13]);
  assert.deepEqual(of(4, 193), [1, 0]);
  assert.deepEqual(of(3, 1000), [0, 13], "order 3 is not costly");
  assert.deepEqual(of(4, 193, { compaction: false }), [0, 13]);
  assert.deepEqual(
    of(4, 193, {}, 1000),
    [0, 13],
    "compaction is of no use if memory is lacking, not in pieces",
  );
  const m = full();
  freeOnePage(m, m.zones[0]!, 2048, 9, MIGRATE_MOVABLE, false);
  foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
  const asked = scripted(m);
  assert.equal(
    reclaimer(m, { compaction: true }).directReclaim(4, GFP_KERNEL),
    1,
    "a page of the order is free",
  );
  assert.deepEqual(asked, []);
});

test("kswapd: priorities 12 to 1 with the high mark as its goal; the priority stays while it scans as much as its goal", () => {
  const m = full();
  const asked = scripted(m);
  reclaimer(m).wakeKswapd(0, 0, 2);
  assert.deepEqual(asked, priorities(12, 1, 160));
  assert.equal(m.counters.pageoutrun, 1);
  assert.equal(m.zones[0]!.reclaimActive, false);
  const busy = full();
  const steps = [
    { scanned: 160, reclaimed: 1 },
    { scanned: 159, reclaimed: 1 },
    { scanned: 500, reclaimed: 0 },
    { scanned: 170, reclaimed: 2, after: () => freeSingles(busy, 161) },
  ];
  const seen = scripted(busy, steps);
  let active = false;
  steps[1]!.after = () => (active = busy.zones[0]!.reclaimActive);
  reclaimer(busy).wakeKswapd(0, 0, 2);
  assert.deepEqual(seen, ["12:160", "12:160", "11:160", "10:160"], "then 161 pages are above the mark");
  assert.ok(active, "while kswapd works, the zone says so");
  assert.deepEqual([busy.counters.pgscan_kswapd, busy.counters.pgsteal_kswapd], [989, 4]);
});

test("kswapd's goal is at least 32 pages, and it does not begin if the high mark is met, or if it is off", () => {
  const m = full();
  m.zones[0]!.wmark.set([10, 20, 31]);
  const asked = scripted(m);
  reclaimer(m, { reclaim: false }).wakeKswapd(0, 0, 2);
  reclaimer(m).wakeKswapd(0, 0, 1);
  assert.equal(m.counters.pageoutrun, 1, "no zone up to 1 is above its mark, for there is none");
  assert.deepEqual(asked, priorities(12, 1, 0));
  asked.length = 0;
  reclaimer(m).wakeKswapd(0, 0, 2);
  assert.deepEqual(asked, priorities(12, 1, 32));
  freeSingles(m, 32);
  reclaimer(m).wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 2, "32 pages are above 31");
  reclaimer(m).wakeKswapd(1, 0, 2);
  assert.equal(m.counters.pageoutrun, 3, "but there is no page of order 1");
});

test("kswapd works for order 0 once it has twice the request", () => {
  for (const [reclaimed, rounds] of [
    [15, 12],
    [16, 2],
  ] as const) {
    const m = full();
    freeSingles(m, 200);
    const asked = scripted(m, [
      { scanned: 1, reclaimed },
      { scanned: 1, reclaimed: 0 },
    ]);
    reclaimer(m).wakeKswapd(3, 0, 2);
    // 200 single pages are enough for order 0 alone. It asks after each pass.
    assert.equal(asked.length, rounds === 2 ? 1 : 12, `${reclaimed} of 16 pages`);
  }
});

test("16 runs in a row that reclaim nothing make a node hopeless; one that reclaims begins anew", () => {
  const m = full();
  const asked = scripted(m);
  const kswapd = reclaimer(m);
  for (let i = 0; i < 15; i++) kswapd.wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 15);
  const once = scripted(m, [{ scanned: 1, reclaimed: 1 }]);
  kswapd.wakeKswapd(0, 0, 2);
  assert.equal(once.length, 12);
  for (let i = 0; i < 20; i++) kswapd.wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 16 + 16);
  assert.equal(asked.length, 15 * 12);
});

test("a boost alone is worked off with clean pages, no harder than a 1024th, and ends with a pass that finds none", () => {
  const boosted = (steps: readonly Step[]) => {
    const m = full();
    freeSingles(m, 800);
    m.zones[0]!.watermarkBoost = 50;
    const asked = scripted(m, steps);
    reclaimer(m).wakeKswapd(0, 0, 2);
    return [asked.join(" "), m.zones[0]!.watermarkBoost];
  };
  assert.deepEqual(boosted([]), ["12:210!", 0]);
  const some = { scanned: 5, reclaimed: 5 };
  const many = { scanned: 210, reclaimed: 5 };
  assert.deepEqual(boosted([some, some, some, some]), ["12:210! 11:210! 10:210! 10:210! 10:210!", 0]);
  assert.deepEqual(boosted([many, many, some]), ["12:210! 12:210! 12:210! 11:210!", 0]);
  // After 50 pages nothing is left of the boost.
  assert.deepEqual(boosted([{ scanned: 1, reclaimed: 49 }, some]), ["12:210! 11:210!", 0]);
  assert.deepEqual(boosted([{ scanned: 1, reclaimed: 50 }, some]), ["12:210!", 0]);
});

test("a boost that is not all there is: kswapd begins again without it, as hard as ever", () => {
  const m = full();
  m.zones[0]!.watermarkBoost = 50;
  const asked = scripted(m, [{ scanned: 0, reclaimed: 3, after: () => (m.zones[0]!.watermarkBoost += 7) }]);
  reclaimer(m).wakeKswapd(0, 0, 2);
  assert.deepEqual(asked, ["12:210", ...priorities(11, 1, 217)]);
  assert.equal(m.zones[0]!.watermarkBoost, 7, "what was raised meanwhile stays");
});

test("after a boost kcompactd is woken for a page block, if it suits: more than low and two blocks free, in pieces", () => {
  const wakes = (boost: number, free: number, compaction = true) => {
    const m = full();
    m.mayMigrate = () => false;
    m.zones[0]!.wmark.set([0, 0, 10]);
    m.zones[0]!.watermarkBoost = boost;
    freeSingles(m, 1000);
    for (let i = 0; i < free - 1000; i++)
      freeOnePage(m, m.zones[0]!, 1025 + 16 * i, 0, MIGRATE_MOVABLE, false);
    foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
    scripted(m);
    reclaimer(m, { compaction }).wakeKswapd(0, 0, 2);
    assert.equal(m.zones[0]!.watermarkBoost, 0);
    return m.counters.compact_daemon_wake;
  };
  assert.equal(wakes(50, 1025), 1);
  assert.equal(wakes(1, 1025), 1);
  assert.equal(wakes(0, 1025), 0);
  assert.equal(wakes(50, 1024), 0);
  assert.equal(wakes(50, 1025, false), 0);
});

test("a kswapd with a lag begins so many requests later, with the largest task that came meanwhile", () => {
  const m = full();
  const asked = scripted(m);
  const kswapd = reclaimer(m, { kswapdLag: 3 });
  assert.equal(kswapd.due, false);
  kswapd.tick();
  kswapd.wakeKswapd(0, 0, 1);
  assert.equal(kswapd.due, true);
  kswapd.tick();
  kswapd.tick();
  assert.deepEqual(asked, []);
  kswapd.wakeKswapd(2, 0, 2);
  kswapd.tick();
  assert.deepEqual(asked, priorities(12, 1, 160), "zones up to 2, though no sooner and no later");
  assert.equal(kswapd.due, false);
  kswapd.tick();
  assert.equal(asked.length, 12);
  // The order of the second caller counts as well: 200 single pages would be enough for order 0.
  const more = full();
  freeSingles(more, 200);
  const seen = scripted(more);
  const late = reclaimer(more, { kswapdLag: 1 });
  late.wakeKswapd(0, 0, 2);
  late.wakeKswapd(1, 0, 2);
  late.wakeKswapd(0, 0, 1);
  late.tick();
  assert.equal(seen.length, 12);
});

test("every node of a request's zones has its kswapd woken, once each", () => {
  const m = twoNodes(9000);
  const asked = scripted(m);
  reclaimer(m).wakeKswapd(0, 0, 2);
  assert.equal(m.counters.pageoutrun, 2);
  assert.deepEqual(asked.slice(0, 1), ["12:18000x2"], "both zones of node 0");
  assert.deepEqual(asked.slice(12, 13), ["12:9000"]);
  const late = reclaimer(m, { kswapdLag: 1 });
  late.wakeKswapd(0, 0, 2, [m.zones[2]!]);
  late.tick();
  assert.equal(m.counters.pageoutrun, 3);
  assert.equal(asked.at(-1), "1:9000");
});

test("before it sleeps, kswapd clears the skip bits that are to be cleared; not if order 0 is still short", () => {
  for (const [free, cleared] of [
    [0, false],
    [161, true],
  ] as const)
    for (const flush of [true, false]) {
      const m = full();
      const zone = m.zones[0]!;
      zone.compact.blockskipFlush = flush;
      m.blocks[3]! |= BLOCK_SKIP;
      scripted(m, [{ scanned: 1, reclaimed: 1, after: () => freeSingles(m, free) }]);
      reclaimer(m).wakeKswapd(0, 0, 2);
      assert.equal((m.blocks[3]! & BLOCK_SKIP) === 0, cleared && flush, `${free} free, ${flush}`);
    }
});

test("kcompactd takes over from a kswapd that made room for the order, and not from one that did not", () => {
  for (const [reclaimed, wakes] of [
    [31, 0],
    [32, 1],
  ] as const) {
    const m = full();
    m.mayMigrate = () => false;
    scripted(m, [{ scanned: 1, reclaimed, after: () => freeSingles(m, 400) }]);
    reclaimer(m, { compaction: true }).wakeKswapd(4, 0, 2);
    assert.equal(m.counters.compact_daemon_wake, wakes, `${reclaimed} of 32 pages`);
  }
});

test("a direct run that was skipped is no stall; what came of one is counted, and success ends the deferral", () => {
  const m = full();
  const room = reclaimer(m, { compaction: true });
  const ac = Object.assign(new AllocContext(), {
    order: 4,
    gfp: GFP_HIGHUSER_MOVABLE,
    highest: 2,
    zonelist: m.zones,
  });
  assert.equal(room.directCompact(ac, COMPACT_PRIO_SYNC_LIGHT), -1);
  assert.equal(room.compactResult, COMPACT_SKIPPED);
  assert.equal(m.counters.compact_stall, 0);
  freeSingles(m, 400);
  assert.equal(
    room.directCompact(Object.assign(ac, { mt: MIGRATE_MOVABLE }), COMPACT_PRIO_SYNC_LIGHT) >= -1,
    true,
  );
  assert.notEqual(room.compactResult, COMPACT_SKIPPED);
  assert.equal(m.counters.compact_stall, 1);
  const zone = m.zones[0]!;
  Object.assign(zone.compact, { blockskipFlush: true, considered: 3, deferShift: 2, orderFailed: 4 });
  room.compacted(null, 4);
  assert.deepEqual([m.counters.compact_fail, m.counters.compact_success], [1, 0]);
  assert.equal(zone.compact.blockskipFlush, true);
  room.compacted(zone, 4);
  assert.deepEqual([m.counters.compact_fail, m.counters.compact_success], [1, 1]);
  assert.deepEqual(
    [zone.compact.blockskipFlush, zone.compact.considered, zone.compact.deferShift, zone.compact.orderFailed],
    [false, 0, 0, 5],
  );
});

test("kswapd for order 1 works for order 0 once it has four pages, and without lists it counts nothing", () => {
  for (const [reclaimed, calls] of [
    [3, 12],
    [4, 1],
  ] as const) {
    const m = full();
    freeSingles(m, 200);
    const asked = scripted(m, [{ scanned: 1, reclaimed }]);
    reclaimer(m).wakeKswapd(1, 0, 2);
    assert.equal(asked.length, calls, `${reclaimed} of 4 pages`);
  }
  const bare = full();
  reclaimer(bare).wakeKswapd(0, 0, 2);
  const { pageoutrun, pgscan_kswapd, pgsteal_kswapd } = bare.counters;
  assert.deepEqual([pageoutrun, pgscan_kswapd, pgsteal_kswapd], [1, 0, 0]);
});
