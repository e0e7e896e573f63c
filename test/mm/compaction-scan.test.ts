/**
 * The scanner for sources and the fast searches of compaction (mm/compaction.c) on drawn blocks and lists, against the kernel's rules written down
 * a second time on plain arrays.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import {
  CompactControl,
  MIGRATE_ASYNC,
  MIGRATE_SYNC,
  MIGRATE_SYNC_LIGHT,
} from "../../lib/mm/compaction/compact-control";
import { fastFindMigrateblock, fastFindTarget } from "../../lib/mm/compaction/compaction-fast-search";
import { isolateMigratepagesBlock } from "../../lib/mm/compaction/compaction-migrate-scanner";
import { addToFreeListTail } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE, pcpState } from "../../lib/mm/state/page-state";
import { Random } from "../laws/random";
import { putInDrawnOrder } from "./drawn-lists";
import { freeList, tinyMemory } from "./tiny-memory";

type Release = Parameters<typeof tinyMemory>[0];

function full(release: Release, pages = 2048): Memory {
  const m = tinyMemory(release, { pages });
  for (let i = 0; i < pages / 1024; i++) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 10) >= 0);
  m.state.fill(ALLOCATED, 1024, 1024 + pages);
  return m;
}

/** A page of a drawn block. */
interface Drawn {
  kind: "free" | "listed" | "movable" | "fixed";
  order: number;
}

/** Fills the frames of a block with drawn pages; by first frame. */
function drawBlock(m: Memory, r: Random, start: number, end: number): Map<number, Drawn> {
  const pages = new Map<number, Drawn>();
  const mostly = r.pick(["movable", "movable", "fixed"] as const);
  for (let p = start; p < end; ) {
    const kind = r.chance(70) ? mostly : r.pick(["free", "listed", "movable", "fixed"] as const);
    let order = kind === "listed" || r.chance(70) ? 0 : r.below(6);
    while (p % 2 ** order !== 0 || p + 2 ** order > end) order--;
    m.state.fill(0, p, p + 2 ** order);
    if (kind === "free") addToFreeListTail(m, m.zones[0]!, p, order, MIGRATE_MOVABLE);
    else if (kind === "listed") m.state[p] = pcpState(0, 1);
    else m.state[p] = ALLOCATED | order | (kind === "movable" ? IN_USE_MOVABLE : 0);
    pages.set(p, { kind, order });
    p += 2 ** order;
  }
  return pages;
}

interface ScanGiven {
  low: number;
  end: number;
  /** Order of the request; -1: the whole zone. */
  order: number;
  /** Asynchronous for a request that waits: a group of 2^order frames is given up at the first page that stays. */
  inGroups: boolean;
  ignoresSkip: boolean;
  skip: boolean;
  rescan: boolean;
  /** Sources that were isolated before. */
  before: number[];
  largeFolios: boolean;
  held: ReadonlySet<number>;
}

/** isolate_migratepages_block(). */
function scanned(pages: ReadonlyMap<number, Drawn>, g: ScanGiven) {
  let taken = [...g.before];
  let frames = taken.length;
  let [p, looked, isolated, skip] = [g.low, 0, 0, g.skip];
  let [whole, locked] = [false, false];
  const groupEndAfter = (pfn: number) => (Math.floor(pfn / 2 ** g.order) + 1) * 2 ** g.order;
  let groupEnd = g.inGroups ? groupEndAfter(g.low) : Number.POSITIVE_INFINITY;
  while (p < g.end) {
    if (p >= groupEnd) {
      if (isolated > 0) break;
      groupEnd = groupEndAfter(p);
    }
    looked++;
    if (!whole && p % 512 === 0) {
      if (!g.ignoresSkip && skip) {
        p = g.end;
        break;
      }
      whole = true;
    }
    const page = pages.get(p)!;
    const size = 2 ** page.order;
    if (page.kind === "free") {
      p += size;
      continue;
    }
    const tooLarge = page.order > 0 && (!g.largeFolios || (g.order >= 0 && page.order >= g.order));
    if (page.kind === "movable" && !tooLarge && !g.held.has(p)) {
      if (!locked) {
        locked = true;
        if (p % 512 === 0 && !g.ignoresSkip) {
          if (skip) break;
          skip = true;
        }
      }
      taken.push(p);
      frames += size;
      isolated += size;
      looked += size - 1;
      p += size;
      if (frames >= 32 && !g.rescan) break;
      continue;
    }
    p += size;
    if (!g.inGroups) continue;
    if (isolated > 0) [taken, frames, isolated] = [[], 0, 0];
    // The rest of the group is left; a page that reaches out of it is not.
    if (p - 1 < groupEnd) {
      p = groupEnd;
      groupEnd += 2 ** g.order;
    }
  }
  p = Math.min(p, g.end);
  const done = p === g.end && (isolated === 0 || g.rescan);
  if (done && whole && !locked) skip = true;
  return { taken, frames, isolated, looked, pfn: p, skip, done };
}

for (const release of ["6.1", "6.12"] as const)
  test(`${release}: what a scan of a block isolates, where it ends, and what it notes`, () => {
    let some = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const r = new Random(seed);
      const m = full(release);
      const pages = drawBlock(m, r, 1536, 2048);
      const heads = [...pages.keys()];
      const mode = r.pick([MIGRATE_ASYNC, MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC]);
      const direct = r.chance(60);
      const order = direct ? 1 + r.below(6) : r.pick([-1, 3, 9]);
      const given: ScanGiven = {
        low: r.chance(60) ? 1536 : r.pick(heads),
        end: 2048,
        order,
        inGroups: direct && mode === MIGRATE_ASYNC,
        ignoresSkip: r.chance(30),
        skip: r.chance(20),
        rescan: r.chance(20),
        before: Array.from({ length: r.pick([0, 0, 5, 31]) }, (_, i) => 1024 + i),
        largeFolios: release === "6.12",
        held: new Set(heads.filter(() => r.chance(10))),
      };
      const zone = m.zones[0]!;
      const options = { order, gfp: GFP_HIGHUSER_MOVABLE, mode, direct, ignoreSkipHint: given.ignoresSkip };
      const cc = new CompactControl(m, zone, options);
      cc.rescan = given.rescan;
      cc.migratepages.push(...given.before);
      cc.nrMigratepages = given.before.length;
      if (given.skip) m.blocks[3]! |= BLOCK_SKIP;
      const asked = new Set<boolean>();
      m.mayIsolate = (pfn, asynchronous) => {
        asked.add(asynchronous);
        return !given.held.has(pfn);
      };
      zone.compact.cachedMigratePfn[0] = r.pick([1024, 4096]);
      zone.compact.cachedMigratePfn[1] = 1024;
      const [cached] = zone.compact.cachedMigratePfn;
      const expected = scanned(pages, given);
      const told: number[][] = [];
      m.trace = { isolateMigratepages: (...what) => void told.push(what) };
      isolateMigratepagesBlock(m, cc, given.low, given.end);
      const at = `seed ${seed}`;
      assert.deepEqual(cc.migratepages, expected.taken, at);
      assert.equal(cc.nrMigratepages, expected.frames, at);
      assert.equal(cc.migratePfn, expected.pfn, at);
      assert.equal(cc.totalMigrateScanned, expected.looked, at);
      assert.equal(m.counters.compact_isolated, expected.isolated, at);
      assert.equal((m.blocks[3]! & BLOCK_SKIP) !== 0, expected.skip, at);
      assert.deepEqual(told, [[given.low, expected.pfn, expected.looked, expected.isolated]], at);
      // Later runs begin behind the next block's start: pageblock_end_pfn(2048).
      const next = expected.done ? 2560 : 0;
      const marks = [Math.max(cached, next), mode === MIGRATE_ASYNC ? 1024 : Math.max(1024, next)];
      assert.deepEqual([...zone.compact.cachedMigratePfn], marks, at);
      for (const asynchronous of asked) assert.equal(asynchronous, mode !== MIGRATE_SYNC);
      some += expected.isolated;
    }
    assert.ok(some > 1000, "pages were isolated");
  });

/** Draws free pages all over eight blocks, on the movable lists in drawn order; the lists, heads first. */
function drawLists(m: Memory, r: Random): number[][] {
  const lists: number[][] = Array.from({ length: 11 }, () => []);
  const share = r.pick([3, 15, 60]);
  for (let p = 1024; p < 5120; ) {
    let order = r.below(7);
    while (p % 2 ** order !== 0) order--;
    if (r.chance(share)) lists[order]!.push(p);
    p += 2 ** order * (1 + r.below(3));
  }
  putInDrawnOrder(m, r, lists);
  return lists;
}

const listsOf = (m: Memory) => Array.from({ length: 11 }, (_, order) => freeList(m, order, MIGRATE_MOVABLE));
const blockStart = (pfn: number) => pfn - (pfn % 512);
const scanLimit = (failed: number) => Math.floor(32 / 2 ** failed) + 1;

/** Some positions of the two scanners, and what earlier searches left. */
function drawControl(
  m: Memory,
  r: Random,
  options: { order: number; gfp?: number; ignoreSkipHint?: boolean },
) {
  const cc = new CompactControl(m, m.zones[0]!, {
    gfp: GFP_HIGHUSER_MOVABLE,
    mode: MIGRATE_SYNC_LIGHT,
    direct: r.chance(50),
    ...options,
  });
  cc.migratePfn = r.pick([1024, 1024, 1536, 2048, 1600]);
  cc.freePfn = r.pick([5120, 4608, 4096, 3072, 3500]);
  cc.fastSearchFail = r.pick([0, 0, 1, 3, 5, 6]);
  return cc;
}

test("the fast search for a source block: the first page below the middle whose block has no skip bit; the lists are turned", () => {
  let found = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const r = new Random(seed);
    const m = full("6.1", 4096);
    const zone = m.zones[0]!;
    const lists = drawLists(m, r);
    const gfp = r.chance(85) ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL;
    const cc = drawControl(m, r, { order: r.pick([3, 4, 5, 7, 9]), gfp, ignoreSkipHint: r.chance(10) });
    cc.fastStartPfn = r.pick([0, 0, 1100, 3000, Number.POSITIVE_INFINITY]);
    const skips = new Set([2, 3, 4, 5, 6, 7, 8, 9].filter(() => r.chance(40)));
    for (const block of skips) m.blocks[block]! |= BLOCK_SKIP;
    const { order, direct, migratePfn, freePfn, ignoreSkipHint } = cc;
    let { fastStartPfn, fastSearchFail } = cc;
    let [pfn, looked, position] = [migratePfn, 0, migratePfn];
    const aligned = migratePfn === zone.startPfn || migratePfn % 512 === 0;
    if (!ignoreSkipHint && aligned && order > 3 && !(direct && gfp === GFP_KERNEL)) {
      let distance = Math.floor((freePfn - migratePfn) / 2);
      if (migratePfn !== zone.startPfn) distance = Math.floor(distance / 4);
      const high = blockStart(migratePfn + distance);
      const limit = scanLimit(fastSearchFail);
      let block = -1;
      for (let o = order - 1; o >= 3 && block < 0 && looked < limit; o--) {
        const list = lists[o]!;
        for (const [i, p] of list.entries()) {
          const beyond = looked++ >= limit;
          if (!beyond && (p >= high || skips.has(p >> 9))) continue;
          lists[o] = [...list.slice(i + 1), ...list.slice(0, i + 1)];
          if (beyond) break;
          if (fastStartPfn !== Number.POSITIVE_INFINITY)
            fastStartPfn = fastStartPfn === 0 ? p : Math.min(fastStartPfn, p);
          block = Math.max(blockStart(p), zone.startPfn);
          fastSearchFail = 0;
          skips.add(p >> 9);
          break;
        }
      }
      if (block >= 0) {
        pfn = block;
        found++;
      } else {
        fastSearchFail++;
        if (fastStartPfn !== 0 && fastStartPfn !== Number.POSITIVE_INFINITY) {
          pfn = position = fastStartPfn;
          fastStartPfn = Number.POSITIVE_INFINITY;
        }
      }
    }
    const at = `seed ${seed}`;
    assert.equal(fastFindMigrateblock(m, cc), pfn, at);
    assert.deepEqual(
      [cc.fastStartPfn, cc.fastSearchFail, cc.totalMigrateScanned, cc.migratePfn],
      [fastStartPfn, fastSearchFail, looked, position],
      at,
    );
    assert.deepEqual(listsOf(m), lists, at);
    for (let block = 2; block < 10; block++)
      assert.equal((m.blocks[block]! & BLOCK_SKIP) !== 0, skips.has(block), at);
  }
  assert.ok(found > 100, `${found} found`);
});

/** What fast_isolate_freepages() finds, on arrays; changes `lists`. */
function target(
  lists: number[][],
  cc: CompactControl,
  initFreePfn: number,
  cachedFreePfn: number,
  takes: (pfn: number) => boolean,
) {
  const s = {
    page: -1,
    fail: cc.fastSearchFail,
    searchOrder: Math.min(cc.order - 1, cc.searchOrder),
    freePfn: cc.freePfn,
    looked: 0,
    cached: cachedFreePfn,
  };
  const first = cc.freePfn >= initFreePfn;
  let limit = first ? 256 : Math.max(1, Math.floor(scanLimit(s.fail) / 2));
  const distance = cc.freePfn - cc.migratePfn;
  const low = blockStart(cc.freePfn - Math.floor(distance / 4));
  const min = blockStart(cc.freePfn - Math.floor(distance / 2));
  let highest = 0;
  for (let order = s.searchOrder; s.page < 0 && order >= 0; ) {
    const list = lists[order]!;
    if (list.length > 0) {
      let [inOrder, best, high] = [0, -1, 0];
      let turnTo = -1;
      for (let i = list.length - 1; i >= 0; i--) {
        const p = list[i]!;
        inOrder++;
        if (p >= highest) highest = Math.max(blockStart(p), 1024);
        if (p >= low) {
          [s.fail, s.searchOrder, best, turnTo] = [0, order, p, i];
          break;
        }
        if (p >= min && p > high) {
          high = p;
          limit = Math.floor(limit / 2);
        }
        if (inOrder >= limit) {
          turnTo = i;
          break;
        }
      }
      if (best < 0 && high > 0) {
        best = high;
        turnTo = list.indexOf(high);
      }
      if (turnTo >= 0) lists[order] = [...list.slice(turnTo), ...list.slice(0, turnTo)];
      s.looked += inOrder;
      const asked = order;
      if (best >= 0) {
        if (takes(best)) {
          s.page = best;
          s.looked += 2 ** asked - 1;
        } else order = s.searchOrder + 1;
      }
      if (inOrder >= limit) limit = Math.max(1, Math.floor(limit / 2));
    }
    // The next smaller order, round to the largest, until the one that was begun with.
    order = order - 1 < 0 ? cc.order - 1 : order - 1;
    if (order === s.searchOrder) {
      s.searchOrder = s.searchOrder - 1 < 0 ? cc.order - 1 : s.searchOrder - 1;
      order = -1;
    }
    if (s.page >= 0) break;
  }
  if (s.page < 0) {
    s.fail++;
    if (first && (highest >= min || cc.direct)) s.page = s.freePfn = highest >= min ? highest : min;
  }
  if (highest > 0 && highest >= s.cached) s.cached = highest - 512;
  return s;
}

test("the fast search for a target: a page in the last quarter, or the highest of the last half; the lists are turned", () => {
  const results = new Map<string, number>();
  for (let seed = 1; seed <= 2500; seed++) {
    const r = new Random(seed);
    const m = full("6.1", 4096);
    const zone = m.zones[0]!;
    const lists = drawLists(m, r);
    const cc = drawControl(m, r, { order: 1 + r.below(7) });
    if (r.chance(50)) cc.migratePfn = r.pick([2048, 3000, 4000]);
    cc.searchOrder = r.below(9);
    zone.compact.initFreePfn = r.pick([4608, 3000]);
    zone.compact.cachedFreePfn = r.pick([1024, 4096, 4608]);
    const picky = r.pick([0, 0, 60]);
    const refused = new Set(lists.flat().filter(() => r.chance(picky)));
    const asked: number[] = [];
    const { initFreePfn, cachedFreePfn } = zone.compact;
    const expected = target(lists, cc, initFreePfn, cachedFreePfn, (pfn) => !refused.has(pfn));
    const page = fastFindTarget(m, cc, (pfn) => {
      asked.push(pfn);
      return !refused.has(pfn);
    });
    const at = `seed ${seed}`;
    // After the search the search order has moved on only if nothing was taken.
    assert.deepEqual(
      {
        page,
        fail: cc.fastSearchFail,
        freePfn: cc.freePfn,
        looked: cc.totalFreeScanned,
        cached: zone.compact.cachedFreePfn,
      },
      {
        page: expected.page,
        fail: expected.fail,
        freePfn: expected.freePfn,
        looked: expected.looked,
        cached: expected.cached,
      },
      at,
    );
    assert.equal(cc.searchOrder, expected.searchOrder, at);
    assert.deepEqual(listsOf(m), lists, at);
    const how = page < 0 ? "none" : asked.includes(page) ? "taken" : "sent on";
    results.set(how, (results.get(how) ?? 0) + 1);
  }
  for (const how of ["none", "taken", "sent on"])
    assert.ok(results.get(how)! > 20, `${how}: ${results.get(how)}`);
});

test("4.17 has no fast search, and a run for the whole zone makes none", () => {
  for (const [release, order, found] of [
    ["4.17", 5, false],
    ["6.1", -1, false],
    ["6.1", 5, true],
  ] as const) {
    const m = full(release, 4096);
    addToFreeListTail(m, m.zones[0]!, 5000, 3, MIGRATE_MOVABLE);
    addToFreeListTail(m, m.zones[0]!, 1600, 3, MIGRATE_MOVABLE);
    const cc = new CompactControl(m, m.zones[0]!, {
      order,
      gfp: GFP_HIGHUSER_MOVABLE,
      mode: MIGRATE_SYNC_LIGHT,
    });
    assert.equal(
      fastFindTarget(m, cc, () => true),
      found ? 5000 : -1,
    );
    assert.equal(fastFindMigrateblock(m, cc), found ? 1536 : 1024);
  }
});
