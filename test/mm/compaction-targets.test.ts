/** The scanner for targets of compaction (isolate_freepages(), mm/compaction.c) on drawn blocks, against the kernel's rules written down a second time. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { CompactControl, MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT } from "../../lib/mm/compaction/compact-control";
import { isolateFreepages } from "../../lib/mm/compaction/compaction-free-scanner";
import { CompactionRun } from "../../lib/mm/compaction/compaction-run";
import { addToFreeListTail } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import { Random } from "../laws/random";
import { tinyMemory } from "./tiny-memory";

function full(pages: number): Memory {
  const m = tinyMemory("6.1", { pages });
  for (let left = pages; left > 0; left -= 1024) assert.ok(allocPages(m, GFP_HIGHUSER_MOVABLE, 10) >= 0);
  m.state.fill(ALLOCATED, 1024, 1024 + pages);
  return m;
}

/** Order of the free page, or of the page in use, that begins at a frame. */
interface Frame {
  free: boolean;
  order: number;
}

interface Given {
  frames: ReadonlyMap<number, Frame>;
  migratePfn: number;
  freePfn: number;
  wanted: number;
  stride: number;
  skips: boolean[];
  types: readonly number[];
  /** Blocks that are one free page. */
  whole: readonly boolean[];
  ignoresSkip: boolean;
  ignoresType: boolean;
  cachedFreePfn: number;
}

/** isolate_freepages() without its fast search; blocks are numbered from 1024 on. */
function isolated(g: Given) {
  const s = {
    taken: [] as number[],
    from: g.freePfn,
    scanned: 0,
    cached: g.cachedFreePfn,
    skips: [...g.skips],
    calls: [] as string[],
  };
  let block = g.freePfn - (g.freePfn % 512);
  let stride = g.stride;
  const low = g.migratePfn - (g.migratePfn % 512) + 512;
  for (; block >= low; block -= 512, s.from = block) {
    const b = (block - 1024) / 512;
    const end = block + 512;
    const suits = g.ignoresType || g.types[b] === MIGRATE_MOVABLE || g.types[b] === MIGRATE_CMA;
    if (!suits || g.whole[b] || (!g.ignoresSkip && s.skips[b])) continue;
    const before = s.taken.length;
    const start = s.from;
    let looked = 0;
    let p = start;
    for (; p < end; p += stride) {
      looked++;
      const frame = g.frames.get(p);
      const pages = 2 ** (frame?.order ?? 0);
      if (frame === undefined || !frame.free) {
        p += pages - 1;
        continue;
      }
      looked += pages - 1;
      for (let i = 0; i < pages; i++) s.taken.push(p + i);
      if (s.taken.length >= g.wanted) {
        p += pages;
        break;
      }
      p += pages - 1;
    }
    s.scanned += looked;
    s.from = Math.min(p, end);
    s.calls.push(`${start} ${s.from} ${looked}`);
    if (s.from === end) {
      s.skips[b] = true;
      s.cached = Math.min(s.cached, block);
    }
    if (s.taken.length >= g.wanted) {
      if (s.from === end) s.from = block - 512;
      break;
    }
    if (s.from < end) break;
    stride = s.taken.length > before ? 1 : Math.min(32, stride * 2);
  }
  return s;
}

test("which free pages a search isolates, where it ends, how it strides, and what it notes", () => {
  let found = 0;
  for (let seed = 1; seed <= 600; seed++) {
    const r = new Random(seed);
    const blocks = 6;
    const m = full(512 * blocks);
    const zone = m.zones[0]!;
    const frames = new Map<number, Frame>();
    const [skips, types, whole]: [boolean[], number[], boolean[]] = [[], [], []];
    const share = r.pick([1, 5, 40]);
    for (let b = 0; b < blocks; b++) {
      const start = 1024 + 512 * b;
      types.push(r.pick([MIGRATE_MOVABLE, MIGRATE_MOVABLE, MIGRATE_MOVABLE, MIGRATE_CMA, 0]));
      m.setBlockType(start, types[b]!);
      skips.push(r.chance(25));
      if (skips[b]) m.blocks[start >> 9]! |= BLOCK_SKIP;
      whole.push(r.chance(8));
      if (whole[b]) {
        m.state.fill(0, start, start + 512);
        addToFreeListTail(m, zone, start, 9, MIGRATE_MOVABLE);
        continue;
      }
      for (let p = start; p < start + 512; ) {
        let order = r.chance(80) ? 0 : r.below(5);
        while (p % 2 ** order !== 0) order--;
        const free = r.chance(share);
        m.state.fill(0, p, p + 2 ** order);
        if (free) addToFreeListTail(m, zone, p, order, MIGRATE_MOVABLE);
        else m.state[p] = ALLOCATED | order;
        frames.set(p, { free, order });
        p += 2 ** order;
      }
    }
    // Far above every mark, so that isolating a page is never refused.
    zone.nrFreePages = 100_000;
    const mode = r.pick([MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT]);
    const [ignoreSkipHint, ignoreBlockSuitable] = [r.chance(30), r.chance(30)];
    const cc = new CompactControl(m, zone, {
      order: -1,
      gfp: GFP_HIGHUSER_MOVABLE,
      mode,
      ignoreSkipHint,
      ignoreBlockSuitable,
    });
    const headOfLast = r.pick([...frames.keys(), 3584]);
    cc.freePfn = r.chance(50) ? 3584 : headOfLast;
    cc.migratePfn = r.pick([1024, 1300, 2048]);
    cc.nrMigratepages = r.pick([1, 4, 20, 300]);
    zone.compact.cachedFreePfn = r.pick([4096, 2048, 1024]);
    const expected = isolated({
      ...{
        frames,
        skips,
        types,
        whole,
        migratePfn: cc.migratePfn,
        freePfn: cc.freePfn,
        wanted: cc.nrMigratepages,
      },
      ...{
        stride: mode === MIGRATE_ASYNC ? 32 : 1,
        ignoresSkip: ignoreSkipHint,
        ignoresType: ignoreBlockSuitable,
      },
      cachedFreePfn: zone.compact.cachedFreePfn,
    });
    const calls: string[] = [];
    m.trace = { isolateFreepages: (from, to, scanned) => void calls.push(`${from} ${to} ${scanned}`) };
    isolateFreepages(m, cc);
    const at = `seed ${seed}`;
    assert.deepEqual(cc.freepages, expected.taken, at);
    assert.equal(cc.nrFreepages, expected.taken.length, at);
    assert.equal(m.counters.compact_isolated, expected.taken.length, at);
    assert.equal(cc.freePfn, expected.from, at);
    assert.equal(cc.totalFreeScanned, expected.scanned, at);
    assert.deepEqual(calls, expected.calls, at);
    assert.equal(zone.compact.cachedFreePfn, expected.cached, at);
    assert.deepEqual(
      skips.map((_, b) => (m.blocks[2 + b]! & BLOCK_SKIP) !== 0),
      expected.skips,
      at,
    );
    for (const pfn of cc.freepages) assert.equal(m.state[pfn]! >= ALLOCATED || m.state[pfn] === 0, true, at);
    found += expected.taken.length;
  }
  assert.ok(found > 1000, `${found}`);
});

test("where a run places its scanners: at the ends of the zone, or where earlier ones stopped; one outside begins anew", () => {
  for (const wholeZone of [true, false])
    for (const mode of [MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT])
      for (const free of [0, 1023, 1024, 2100, 3071, 3072])
        for (const [first, second] of [
          [1023, 1500],
          [1500, 1023],
          [1024, 1536],
          [2048, 3072],
          [3072, 2048],
        ] as const)
          for (const init of [0, 1536]) {
            const m = full(2048);
            m.state.fill(ALLOCATED | IN_USE_MOVABLE, 1024, 3072);
            const zone = m.zones[0]!;
            Object.assign(zone.compact, {
              cachedFreePfn: free,
              cachedMigratePfn: [first, second],
              initMigratePfn: init,
            });
            const cc = new CompactControl(m, zone, { order: -1, gfp: GFP_HIGHUSER_MOVABLE, mode, wholeZone });
            new CompactionRun(m, cc);
            const cached = mode === MIGRATE_ASYNC ? first : second;
            const inZone = (pfn: number) => pfn >= 1024 && pfn < 3072;
            const source = wholeZone || !inZone(cached) ? 1024 : cached;
            const target = wholeZone || !inZone(free) ? 2560 : free;
            const at = `${wholeZone} ${mode} ${free} ${first} ${second} ${init}`;
            assert.deepEqual([cc.migratePfn, cc.freePfn], [source, target], at);
            assert.equal(cc.wholeZone, wholeZone || source <= init, at);
            const { compact } = zone;
            const kept = wholeZone || inZone(cached) ? [first, second] : [1024, 1024];
            assert.deepEqual([...compact.cachedMigratePfn], kept, at);
            assert.equal(compact.cachedFreePfn, wholeZone ? free : target, at);
          }
});
