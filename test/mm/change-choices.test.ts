/** The page that a change chooses (lib/mm/decisions), on drawn lists against a search of plain arrays. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { rmqueueSmallest } from "../../lib/mm/allocation/rmqueue-smallest";
import { fallbackType } from "../../lib/mm/decisions/fallback";
import { choosePiece } from "../../lib/mm/decisions/free-page";
import { validate } from "../../lib/mm/reports/validate";
import { AllocContext } from "../../lib/mm/state/alloc-context";
import type { Decisions, FallbackPage } from "../../lib/mm/state/decisions";
import { accountFreePages } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED } from "../../lib/mm/state/page-state";
import { Random } from "../laws/random";
import { putInDrawnOrder } from "./drawn-lists";
import { freeList, tinyMemory } from "./tiny-memory";

/** Some free pages between 1024 and 3071, no two of them buddies, on the movable lists in drawn order. */
function drawn(r: Random): { m: Memory; lists: number[][] } {
  const m = tinyMemory("6.12");
  for (let i = 0; i < 2; i++) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 10) >= 0);
  m.state.fill(ALLOCATED, 1024, 3072);
  const lists: number[][] = Array.from({ length: 11 }, () => []);
  const share = r.pick([2, 10, 40]);
  for (let p = 1024; p < 3072; ) {
    let order = r.below(8);
    while (p % 2 ** order !== 0) order--;
    // The upper of two buddies only: its lower one is in use.
    if ((p >> order) % 2 === 1 && r.chance(share)) lists[order]!.push(p);
    p += 2 ** order;
  }
  putInDrawnOrder(m, r, lists);
  lists.forEach((list, order) => {
    accountFreePages(m.zones[0]!, list.length * 2 ** order, MIGRATE_MOVABLE);
  });
  return { m, lists };
}

function chosen(
  lists: readonly number[][],
  order: number,
  wish: FallbackPage,
): { pfn: number; order: number; piece: number } | null {
  const smallest = lists.findIndex((list, o) => o >= order && list.length > 0);
  if (smallest < 0) return null;
  const pages = 2 ** order;
  if (typeof wish === "object") {
    const { from, to } = wish;
    const holding = lists
      .flatMap((list, o) => list.map((pfn) => ({ pfn, order: o })))
      .find((p) => from >= p.pfn && from < p.pfn + 2 ** p.order);
    if (from % pages === 0 && holding !== undefined && holding.order >= order)
      return { ...holding, piece: from };
    for (let o = order; o <= 10; o++)
      for (const pfn of lists[o]!)
        for (let piece = pfn; piece + pages <= pfn + 2 ** o; piece += pages)
          if (piece >= from && piece + pages <= to) return { pfn, order: o, piece };
  }
  const list = lists[smallest]!;
  const pfn = wish === "lowest" ? Math.min(...list) : wish === "highest" ? Math.max(...list) : list[0]!;
  return { pfn, order: smallest, piece: pfn };
}

/** Half of the ranges begin within a free page. */
function drawWish(r: Random, order: number, lists: readonly number[][]): FallbackPage {
  const large = lists.flatMap((list, o) => (o > order ? list.map((pfn) => pfn + r.below(2 ** o)) : []));
  if (large.length > 0 && r.chance(50)) {
    const at = r.pick(large);
    return { from: r.chance(50) ? at - (at % 2 ** order) : at, to: 3072 };
  }
  const from = 1000 + r.below(2090);
  return r.pick<FallbackPage>([
    "first",
    "lowest",
    "highest",
    { from, to: from + 2 ** order + r.below(300) },
    { from: from - (from % 2 ** order), to: 3072 },
  ]);
}

test("the page and the piece of it that a change wishes for; the rest of the page goes back in halves", () => {
  let pieces = 0;
  for (let seed = 1; seed <= 1200; seed++) {
    const r = new Random(seed);
    const { m, lists } = drawn(r);
    const zone = m.zones[0]!;
    const order = r.below(6);
    const wish = drawWish(r, order, lists);
    const told: object[] = [];
    m.change = {
      freePage: (given: object) => {
        told.push(given);
        return wish;
      },
    } as unknown as Decisions;
    const expected = chosen(lists, order, wish);
    const at = `seed ${seed}`;
    const got = choosePiece(m, zone, order, MIGRATE_MOVABLE);
    if (expected === null) {
      assert.equal(got, null, at);
      assert.equal(rmqueueSmallest(m, zone, order, MIGRATE_MOVABLE, new AllocContext()), -1, at);
      assert.deepEqual(told, [], "a change is asked if there is a page");
      continue;
    }
    assert.deepEqual(got, expected, at);
    const about = { zone: "Normal", node: 0, type: "movable", order, cpu: 0, lastPfn: -1, lastOrder: -1 };
    assert.deepEqual(told, [{ ...about, zoneStartPfn: 1024, zoneEndPfn: 3072, blockPages: 512 }], at);
    const free = zone.nrFreePages + zone.pcp.diffNrFree;
    const ac = new AllocContext();
    assert.equal(rmqueueSmallest(m, zone, order, MIGRATE_MOVABLE, ac), expected.piece, at);
    assert.equal(zone.nrFreePages + zone.pcp.diffNrFree, free - 2 ** order, at);
    assert.equal(ac.takenMt, MIGRATE_MOVABLE);
    // Halves without the piece go to the heads of their lists, the largest first.
    const { pfn, piece } = expected;
    lists[expected.order] = lists[expected.order]!.filter((p) => p !== pfn);
    for (let [high, start] = [expected.order - 1, pfn]; high >= order; high--) {
      const upper = start + 2 ** high;
      lists[high]!.unshift(piece < upper ? upper : start);
      if (piece >= upper) start = upper;
    }
    assert.deepEqual(
      Array.from({ length: 11 }, (_, o) => freeList(m, o, MIGRATE_MOVABLE)),
      lists,
      at,
    );
    m.state[piece] = ALLOCATED | order;
    validate(m, "everything");
    if (piece !== pfn) pieces++;
    choosePiece(m, zone, order, MIGRATE_MOVABLE);
    if (told.length > 2)
      assert.deepEqual(told.at(-1), { ...told[0], lastPfn: piece, lastOrder: order }, "what was taken last");
  }
  assert.ok(pieces > 50, `${pieces} pieces`);
});

test("which foreign type a fallback takes, and which of its pages: the types that a change names, in its order", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const r = new Random(seed);
    const { m, lists } = drawn(r);
    const zone = m.zones[0]!;
    const order = r.below(7);
    const wish = r.pick<FallbackPage>([
      "first",
      "lowest",
      "highest",
      { from: 1024 + r.below(2000), to: 3072 },
    ]);
    const names = r.pick([undefined, ["movable"], ["reclaimable", "movable"], ["reclaimable"], []]);
    m.change = {
      fallbackPage: () => wish,
      ...(names !== undefined && { fallbackOrder: () => names }),
    } as unknown as Decisions;
    const list = lists[order]!;
    const fitting =
      typeof wish === "object" ? list.filter((p) => p >= wish.from && p + 2 ** order <= wish.to) : list;
    let page = -1;
    if (fitting.length > 0)
      page =
        wish === "lowest" ? Math.min(...fitting) : wish === "highest" ? Math.max(...fitting) : fitting[0]!;
    // Unmovable requests fall back to reclaimable and movable pages; all free pages are movable.
    const found = page >= 0 && (names === undefined || names.includes("movable"));
    assert.equal(fallbackType(m, zone, order, 0), found ? MIGRATE_MOVABLE : -1, `seed ${seed}`);
    assert.equal(m.fallbackPfn, found ? page : -1, `seed ${seed}`);
  }
});

test("6.12: a fallback that claims a block or steals a page is told to an observer", () => {
  const events: object[] = [];
  const m = tinyMemory("6.12");
  m.trace = { extfrag: (e) => void events.push(e) };
  assert.equal(allocPages(m, 0xcc0, 4), 1024);
  assert.deepEqual(events, [
    { pfn: 1024, order: 4, mt: 0, fallbackOrder: 10, fallbackMt: 1, changedOwnership: true },
  ]);
});
