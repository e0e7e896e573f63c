/**
 * When compaction ends, begins unasked, and forgets which blocks it has seen (mm/compaction.c, 6.1), in small cases against the rules written down a
 * second time.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { CompactControl, MIGRATE_SYNC_LIGHT } from "../../lib/mm/compaction/compact-control";
import { compactFinished } from "../../lib/mm/compaction/compact-finished";
import {
  COMPACT_COMPLETE,
  COMPACT_CONTINUE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SUCCESS,
} from "../../lib/mm/compaction/compact-result";
import { captureFor, fragmentationScore, proactiveThreshold } from "../../lib/mm/compaction/compaction";
import { resetCachedPositions, resetIsolationSuitable } from "../../lib/mm/compaction/compaction-skip-bits";
import { addToFreeListTail } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
} from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE, pcpState } from "../../lib/mm/state/page-state";
import { Random } from "../laws/random";
import { tinyMemory } from "./tiny-memory";

function full(pages = 2048, cma = 0): Memory {
  const m = tinyMemory("6.1", { pages, cma });
  for (let left = pages; left > 0; left -= 1024) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 10) >= 0);
  if (cma > 0) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 9) >= 0);
  m.state.fill(ALLOCATED, 1024, 1024 + pages + cma);
  return m;
}

function add(m: Memory, pfn: number, order: number, mt: number): void {
  m.state.fill(0, pfn, pfn + 2 ** order);
  addToFreeListTail(m, m.zones[0]!, pfn, order, mt);
}

type Options = ConstructorParameters<typeof CompactControl>[2];
function control(m: Memory, more: Partial<Options> = {}): CompactControl {
  const options = { order: 5, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_SYNC_LIGHT, ...more };
  return Object.assign(new CompactControl(m, m.zones[0]!, options), { migratePfn: 1024, freePfn: 2560 });
}

test("a run ends where its scanners are in one block: complete if it began at the zone's ends, else a part; the next begins anew", () => {
  for (const [migratePfn, freePfn, met] of [
    [1024, 1536, false],
    [1535, 1536, false],
    [1024, 1535, true],
    [1535, 1024, true],
    [2048, 1536, true],
  ] as const)
    for (const wholeZone of [true, false])
      for (const direct of [true, false]) {
        const m = full();
        const zone = m.zones[0]!;
        const cc = Object.assign(control(m, { order: -1, wholeZone, direct }), { migratePfn, freePfn });
        Object.assign(zone.compact, { cachedMigratePfn: [5, 6], cachedFreePfn: 7 });
        const expected = met ? (wholeZone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED) : COMPACT_CONTINUE;
        assert.equal(compactFinished(m, cc), expected, `${migratePfn} ${freePfn}`);
        assert.equal(zone.compact.blockskipFlush, met && direct);
        assert.deepEqual(
          [zone.compact.cachedMigratePfn, zone.compact.cachedFreePfn],
          met ? [[1024, 1024], 2560] : [[5, 6], 7],
        );
      }
});

test("a run for an order ends with a page that the request may have: of its type, CMA for movable ones, or of a block it may claim", () => {
  for (const gfp of [GFP_HIGHUSER_MOVABLE, GFP_KERNEL])
    for (const order of [0, 2, 4, 5])
      for (let free = 0; free <= 10; free++)
        for (const mt of [0, 1, 2, MIGRATE_HIGHATOMIC, MIGRATE_CMA, MIGRATE_ISOLATE]) {
          const m = full(2048, 512);
          add(m, 1024, free, mt);
          const movable = gfp === GFP_HIGHUSER_MOVABLE;
          const own = mt === (movable ? MIGRATE_MOVABLE : 0);
          const area = movable && mt === MIGRATE_CMA;
          // Movable requests claim blocks for pages of half a block's order and more, unmovable ones always.
          const claims = mt < 3 && !own && (!movable || free >= 4);
          const ends = free >= order && (own || area || claims);
          const at = `${movable ? "movable" : "unmovable"} order ${order}: order ${free} of type ${mt}`;
          assert.equal(
            compactFinished(m, control(m, { order, gfp })),
            ends ? COMPACT_SUCCESS : COMPACT_CONTINUE,
            at,
          );
          // In the middle of a block it goes on.
          const inBlock = Object.assign(control(m, { order, gfp }), { migratePfn: 1025 });
          assert.equal(compactFinished(m, inBlock), COMPACT_CONTINUE, at);
        }
});

test("an unasked run ends at the score that proactiveness allows: 100 less it, and 5 at least", () => {
  for (const [proactiveness, goal] of [
    [20, 80],
    [0, 100],
    [95, 5],
    [96, 5],
    [100, 5],
    [94, 6],
  ] as const)
    for (const score of [goal, goal + 1]) {
      if (score > 100) continue;
      const m = full(2048);
      // Of 2,048 free frames `score` percent are no whole block; only the counts are read.
      const { nrFree } = m.zones[0]!;
      nrFree.fill(0);
      nrFree[9] = 100 - score;
      nrFree[0] = 512 * score;
      const cc = control(m, { order: -1, proactive: true, proactiveness });
      assert.equal(
        compactFinished(m, cc),
        score > goal ? COMPACT_CONTINUE : COMPACT_SUCCESS,
        `${proactiveness}: ${score}`,
      );
    }
  for (const [proactiveness, threshold] of [
    [20, 90],
    [1, 100],
    [10, 100],
    [11, 99],
    [90, 20],
    [94, 16],
    [95, 15],
    [100, 15],
  ] as const)
    assert.equal(proactiveThreshold(proactiveness), threshold, `${proactiveness}`);
});

test("a node's score: each zone's part of free memory that is in no whole block, by its share of the node's pages", () => {
  const m = full();
  const [zone] = m.zones;
  zone!.nrFree.fill(0);
  assert.equal(fragmentationScore(m), 0);
  zone!.nrFree[0] = 512;
  zone!.nrFree[9] = 1;
  // ⌊2,048 · 50 ÷ 2,049⌋
  assert.equal(fragmentationScore(m), 49);
  zone!.nrFree[9] = 0;
  assert.equal(fragmentationScore(m), 99);
  const other = { ...zone!, idx: 1, present: 1024, nrFree: Int32Array.of(100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) };
  (m as { zones: unknown[] }).zones = [zone!, other];
  assert.equal(fragmentationScore(m), Math.floor((2048 * 100) / 3073) + Math.floor((1024 * 100) / 3073));
});

test("what a direct run captures: the first page of its order in its zone, not of CMA or isolated, nor a movable one below a block", () => {
  const m = full();
  const [zone] = m.zones;
  for (const [wanted, order, mt, other, captured] of [
    [4, 4, 0, false, true],
    [4, 4, 2, false, true],
    [4, 3, 0, false, false],
    [4, 5, 0, false, false],
    [4, 4, MIGRATE_MOVABLE, false, false],
    [8, 8, MIGRATE_MOVABLE, false, false],
    [9, 9, MIGRATE_MOVABLE, false, true],
    [9, 9, MIGRATE_CMA, false, false],
    [9, 9, MIGRATE_ISOLATE, false, false],
    [4, 4, 0, true, false],
  ] as const) {
    const capc = { pfn: -1 };
    const capture = captureFor(m, zone!, wanted, capc);
    const from = other ? ({ ...zone! } as NonNullable<typeof zone>) : zone!;
    assert.equal(capture(from, 1040, order, mt), captured, `${wanted} ${order} ${mt}`);
    assert.equal(capc.pfn, captured ? 1040 : -1);
    if (captured) assert.equal(capture(from, 1060, order, mt), false, "one is enough");
  }
});

/** __reset_isolation_suitable() on a table of what each frame is: head of a free page, single page on the LRU, or neither. */
function forgotten(
  kinds: readonly ("free" | "lru" | "other")[],
  skips: boolean[],
  types: readonly number[],
  wholePages: readonly boolean[],
) {
  const blocks = skips.length;
  const skip = [...skips];
  const end = 1024 + 512 * blocks - 1;
  const s = { init: [0, 0], cached: [5, 6, 7] };
  const suits = (pfn: number, source: boolean, target: boolean): boolean => {
    const b = Math.floor((pfn - 1024) / 512);
    if (wholePages[b]) return false;
    if (source && target && !skip[b]) return true;
    if (!source && target && types[b] !== MIGRATE_MOVABLE) return false;
    for (let p = 512 * b; p < 512 * b + 512; p += 8)
      if ((source && kinds[p] === "lru") || (target && kinds[p] === "free")) {
        skip[b] = false;
        return true;
      }
    return false;
  };
  let [migrate, free] = [1024, end];
  let [firstSource, lastTarget] = [free, migrate];
  let [sourceSet, targetSet] = [false, false];
  for (; migrate < free; migrate += 512, free -= 512) {
    if (suits(migrate, true, sourceSet) && migrate < firstSource) {
      sourceSet = true;
      firstSource = s.init[0] = s.cached[0] = s.cached[1] = migrate;
    }
    if (suits(free, targetSet, true) && free > lastTarget) {
      targetSet = true;
      lastTarget = s.init[1] = s.cached[2] = free;
    }
  }
  if (firstSource >= lastTarget) s.cached = [migrate, migrate, free];
  return { ...s, skip };
}

test("before kswapd sleeps, blocks that have a page to move or to fill may be scanned again: one frame in eight is looked at", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const r = new Random(seed);
    const blocks = r.pick([4, 6]);
    const m = full(512 * blocks);
    const zone = m.zones[0]!;
    const kinds: ("free" | "lru" | "other")[] = new Array(512 * blocks).fill("other");
    const [skips, types, wholePages]: [boolean[], number[], boolean[]] = [[], [], []];
    for (let b = 0; b < blocks; b++) {
      const start = 1024 + 512 * b;
      types.push(r.pick([MIGRATE_MOVABLE, MIGRATE_MOVABLE, 0]));
      m.setBlockType(start, types[b]!);
      skips.push(r.chance(70));
      if (skips[b]) m.blocks[start >> 9]! |= BLOCK_SKIP;
      wholePages.push(r.chance(10));
      if (wholePages[b]) {
        m.state.fill(0, start, start + 512);
        m.state[start] = ALLOCATED | IN_USE_MOVABLE | 9;
        continue;
      }
      for (let n = r.pick([0, 1, 2, 6]); n > 0; n--) {
        const order = r.pick([0, 0, 3, 4, 6]);
        const at = r.below(512 >> order) << order;
        if (
          kinds.slice(512 * b + at, 512 * b + at + 2 ** order).some((k) => k !== "other") ||
          m.state[start + at] !== ALLOCATED
        )
          continue;
        const kind = r.pick(["free", "lru", "large", "pcp"] as const);
        m.state.fill(0, start + at, start + at + 2 ** order);
        if (kind === "free") add(m, start + at, order, MIGRATE_MOVABLE);
        else if (kind === "pcp" && order <= 3) m.state[start + at] = pcpState(order, 1);
        else if (kind === "lru" && order === 0) m.state[start + at] = ALLOCATED | IN_USE_MOVABLE;
        else m.state[start + at] = ALLOCATED | IN_USE_MOVABLE | (order === 0 ? 0 : order);
        const lru = order === 0 && (m.state[start + at]! & ALLOCATED) !== 0;
        kinds.fill("other", 512 * b + at, 512 * b + at + 2 ** order);
        kinds[512 * b + at] = kind === "free" ? "free" : lru ? "lru" : "other";
      }
    }
    Object.assign(zone.compact, { blockskipFlush: true, cachedMigratePfn: [5, 6], cachedFreePfn: 7 });
    const expected = forgotten(kinds, skips, types, wholePages);
    resetIsolationSuitable(m, zone);
    const at = `seed ${seed}`;
    const { compact } = zone;
    assert.deepEqual([...compact.cachedMigratePfn, compact.cachedFreePfn], expected.cached, at);
    assert.deepEqual([compact.initMigratePfn, compact.initFreePfn], expected.init, at);
    assert.deepEqual(
      skips.map((_, b) => (m.blocks[2 + b]! & BLOCK_SKIP) !== 0),
      expected.skip,
      at,
    );
    assert.equal(compact.blockskipFlush, false);
  }
});

test("nothing is forgotten unless it is to be; cached positions go to the zone's ends", () => {
  const m = full();
  const { compact } = m.zones[0]!;
  m.blocks[2]! |= BLOCK_SKIP;
  add(m, 1024, 3, MIGRATE_MOVABLE);
  resetIsolationSuitable(m, m.zones[0]!);
  assert.ok(m.blocks[2]! & BLOCK_SKIP);
  resetCachedPositions(m, m.zones[0]!);
  assert.deepEqual([compact.cachedMigratePfn, compact.cachedFreePfn], [[1024, 1024], 2560]);
});
