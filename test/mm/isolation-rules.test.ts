/**
 * Isolating page blocks, moving pages away and the bitmaps of CMA areas (mm/page_isolation.c, mm/migrate.c, mm/cma.c): counts made by hand, and
 * every small bitmap against a search that looks at each bit.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { isolateFreePage } from "../../lib/mm/allocation/isolate-free-page";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { CmaArea, CmaRange } from "../../lib/mm/contiguous/cma-area";
import { run } from "../../lib/mm/contiguous/contig-range";
import {
  type IsolatedPage,
  type MigrationContext,
  migratePages,
  ownersWorld,
  reclaimCleanPages,
} from "../../lib/mm/contiguous/migrate";
import {
  EAGAIN,
  EBUSY,
  ENOMEM,
  firstNotFree,
  hasUnmovablePages,
  isolateBlock,
  isolatedSpan,
  startIsolatePageRange,
  undoIsolatePageRange,
  unisolateBlock,
} from "../../lib/mm/contiguous/page-isolation";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
} from "../../lib/mm/state/migratetype";
import { holdPage, setOwnerKind } from "../../lib/mm/state/owners";
import { ALLOCATED, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import { foldDiffs } from "../../lib/mm/state/vmstat";
import { freeList, takeAll, tinyMemory } from "./tiny-memory";

type Release = Parameters<typeof tinyMemory>[0];
const RELEASES = ["4.17", "6.1", "6.12", "7.3"] as const;

const free = (m: Memory) => {
  foldDiffs(m.zones[0]!, m.zones[0]!.pcp);
  return m.zones[0]!.nrFreePages;
};
const types = (m: Memory) => [1024, 1536, 2048, 2560].map((pfn) => m.blockType(pfn));
/** Heads of the free pages of an order and type, ascending. */
const heads = (m: Memory, order: number, mt: number) => freeList(m, order, mt).sort((a, b) => a - b);

function full(release: Release): Memory {
  const m = tinyMemory(release);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  return m;
}

for (const release of RELEASES)
  test(`${release}: blocks in the middle of free pages are isolated, counted as no longer free, and given back whole`, () => {
    const m = tinyMemory(release);
    const zone = m.zones[0]!;
    const whole = release === "4.17";
    assert.deepEqual(
      isolatedSpan(m, 1600, 2500),
      whole ? { from: 1024, to: 3072 } : { from: 1536, to: 2560 },
    );
    assert.deepEqual(
      isolatedSpan(m, 1536, 2048),
      whole ? { from: 1024, to: 2048 } : { from: 1536, to: 2048 },
    );
    assert.equal(startIsolatePageRange(m, zone, 1600, 2500, MIGRATE_MOVABLE), 0);
    const [inside, outside] = [MIGRATE_ISOLATE, whole ? MIGRATE_ISOLATE : MIGRATE_MOVABLE];
    assert.deepEqual(types(m), [outside, inside, inside, outside]);
    assert.equal(zone.nrIsolatePageblock, whole ? 4 : 2);
    assert.equal(free(m), whole ? 0 : 1024);
    if (whole) assert.deepEqual(heads(m, 10, MIGRATE_ISOLATE), [1024, 2048]);
    else {
      assert.deepEqual(heads(m, 9, MIGRATE_ISOLATE), [1536, 2048]);
      assert.deepEqual(heads(m, 9, MIGRATE_MOVABLE), [1024, 2560]);
    }
    assert.equal(startIsolatePageRange(m, zone, 1600, 2000, MIGRATE_MOVABLE), EBUSY, "isolated already");
    assert.equal(m.barrierPfn, -1, "no page is in the way");
    undoIsolatePageRange(m, zone, 1600, 2500, MIGRATE_MOVABLE);
    assert.deepEqual(types(m), [1, 1, 1, 1]);
    assert.equal(zone.nrIsolatePageblock, 0);
    assert.equal(free(m), 2048);
    assert.deepEqual(heads(m, 10, MIGRATE_MOVABLE), [1024, 2048]);
    validate(m, "everything", { plainTypes: true });
  });

for (const release of RELEASES)
  for (const [at, what] of [
    [1100, "the first block"],
    [1700, "a block between"],
    [2100, "the last block"],
  ] as const)
    test(`${release}: a page that can't move in ${what} keeps the whole range, and is named`, () => {
      const m = full(release);
      const zone = m.zones[0]!;
      m.state[at] = ALLOCATED;
      freeOnePage(m, zone, 1030, 0, MIGRATE_MOVABLE, false);
      freeOnePage(m, zone, 1800, 3, MIGRATE_MOVABLE, false);
      const before = free(m);
      assert.equal(startIsolatePageRange(m, zone, 1024, 2560, MIGRATE_MOVABLE), EBUSY);
      assert.equal(m.barrierPfn, at);
      assert.deepEqual(types(m), [1, 1, 1, 1]);
      assert.equal(zone.nrIsolatePageblock, 0);
      assert.equal(free(m), before);
      assert.deepEqual([heads(m, 0, 1), heads(m, 3, 1)], [[1030], [1800]]);
      validate(m, "everything");
      m.state[at] = ALLOCATED | IN_USE_MOVABLE;
      assert.equal(startIsolatePageRange(m, zone, 1024, 2560, MIGRATE_MOVABLE), 0);
      assert.equal(free(m), before - 9);
    });

test("a page in use that crosses the range's edge keeps it, and is named", () => {
  const m = tinyMemory("6.1");
  assert.equal(allocPages(m, GFP_HIGHUSER_MOVABLE, 10), 1024);
  assert.equal(startIsolatePageRange(m, m.zones[0]!, 1024, 1536, MIGRATE_MOVABLE), EBUSY);
  assert.equal(m.barrierPfn, 1024);
  assert.equal(m.zones[0]!.nrIsolatePageblock, 0);
  assert.deepEqual(types(m), [1, 1, 1, 1]);
});

test("only the part of a block that is asked for must be movable, but an end block as a whole", () => {
  const m = full("6.1");
  const zone = m.zones[0]!;
  m.state[1700] = ALLOCATED;
  for (const [startPfn, endPfn, ret] of [
    [1536, 1700, 0],
    [1536, 1701, EBUSY],
    [1700, 2048, EBUSY],
    [1701, 2048, 0],
    [1024, 4096, EBUSY],
  ] as const) {
    assert.equal(
      isolateBlock(m, zone, 1536, MIGRATE_MOVABLE, { startPfn, endPfn }),
      ret,
      `${startPfn} ${endPfn}`,
    );
    assert.equal(m.barrierPfn, ret === 0 ? -1 : 1700);
    if (ret === 0) unisolateBlock(m, zone, 1536, MIGRATE_MOVABLE);
  }
  assert.equal(zone.nrIsolatePageblock, 0);
  unisolateBlock(m, zone, 1536, MIGRATE_MOVABLE);
  assert.equal(zone.nrIsolatePageblock, 0, "a block that is not isolated stays as it is");
});

test("what is movable: free pages, pages on per-CPU lists, and pages on the LRU; each is passed as a whole", () => {
  const m = full("6.1");
  const zone = m.zones[0]!;
  const of = (start: number, end: number, mt = MIGRATE_MOVABLE) => hasUnmovablePages(m, zone, start, end, mt);
  assert.equal(of(1024, 2048), -1);
  freeOnePage(m, zone, 1040, 4, MIGRATE_MOVABLE, false);
  freePages(m, 1100, 0);
  assert.equal(of(1024, 2048), -1);
  assert.equal(of(1044, 2048), -1, "from inside a free page on");
  // A movable page of eight frames, whose other frames say nothing.
  m.state.fill(0, 1200, 1208);
  m.state[1200] = ALLOCATED | IN_USE_MOVABLE | 3;
  m.setOwner(1200, 0x08);
  assert.equal(of(1024, 2048), -1);
  m.state[1208] = ALLOCATED;
  assert.equal(of(1024, 2048), 1208);
  assert.equal(of(1024, 1208), -1);
  assert.equal(of(1209, 2048), -1);
  m.state[1023 + 1] = ALLOCATED;
  assert.equal(of(1024, 2048), 1024);
  // A page that waits in a CPU's batch is not on the LRU.
  holdPage(m, 1300, "lruBatch", "cpu");
  assert.equal(of(1209, 2048), 1300);
  m.setBlockType(1536, MIGRATE_CMA);
  assert.equal(of(1536, 2048), 1536, "a block of an area, for a request that is not the area's");
  assert.equal(of(1536, 2048, MIGRATE_CMA), -1);
});

test("the first frame of a range that is not free", () => {
  const m = full("6.1");
  const zone = m.zones[0]!;
  freeOnePage(m, zone, 1536, 3, MIGRATE_MOVABLE, false);
  freeOnePage(m, zone, 1544, 1, MIGRATE_MOVABLE, false);
  for (const [start, end, first] of [
    [1536, 1600, 1546],
    [1536, 1546, 1546],
    [1536, 1540, 1544],
    [1544, 1600, 1546],
    [1546, 1600, 1546],
    [1600, 1600, 1600],
  ] as const)
    assert.equal(firstNotFree(m, start, end), first, `${start} ${end}`);
});

/** Drives a generator and counts its pauses. */
function driven<T>(steps: Generator<void, T>): [T, number] {
  for (let n = 0; ; n++) {
    const next = steps.next();
    if (next.done) return [next.value, n];
  }
}

/** A migration whose unmapping and moving answer from scripts, and what happened. */
function migration(m: Memory, more: Partial<MigrationContext["world"]> = {}) {
  const log: string[] = [];
  const stats = { migrated: 0, failedAttempts: 0, dropped: 0 };
  const cx: MigrationContext = {
    m,
    stats,
    world: {
      ...{ isolate: () => 0, dropped: () => false, unmap: () => 1, move: () => 0 },
      ...{
        moved: (from: number) => log.push(`moved ${from}`),
        gone: (pfn: number) => log.push(`gone ${pfn}`),
      },
      target: (mem, _pfn, order) => allocPages(mem, GFP_KERNEL, order),
      ...more,
    },
    seen: {
      alloc: (_pfn, order) => log.push(`alloc ${order}`),
      free: (pfn, order) => log.push(`free ${pfn} ${order}`),
      unmap: (from, _to, rc) => log.push(`unmap ${from} ${rc}`),
      move: (from, _to, rc) => log.push(`move ${from} ${rc}`),
    },
  };
  return { cx, log, stats };
}

const single = (...pfns: number[]): IsolatedPage[] => pfns.map((pfn) => ({ pfn, order: 0 }));

for (const stepwise of [false, true])
  test(`migration: unmap, move, free the old place; ten attempts${stepwise ? ", step by step" : ""}`, () => {
    const used = () => {
      const m = tinyMemory("6.1");
      const pages = [0, 0, 0].map(() => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
      return { m, pages };
    };
    {
      const { m, pages } = used();
      const { cx, log, stats } = migration(m);
      const list = single(pages[0]!, pages[1]!);
      const [ret, pauses] = driven(migratePages(Object.assign(cx, { stepwise }), list));
      assert.deepEqual([ret, list], [0, []]);
      assert.deepEqual(
        log,
        [pages[0], pages[1]].flatMap((p) => [
          "alloc 0",
          `unmap ${p} 1`,
          `move ${p} 0`,
          `moved ${p}`,
          `free ${p} 0`,
        ]),
      );
      assert.deepEqual(stats, { migrated: 2, failedAttempts: 0, dropped: 0 });
      // After the target, after the move, after the page is settled.
      assert.equal(pauses, stepwise ? 6 : 0);
    }
    {
      // The page is freed while its target is taken: it counts as moved, and the target goes back.
      const { m, pages } = used();
      let to = -1;
      const { cx, log, stats } = migration(m, {
        target: (mem, pfn, order) => {
          to = allocPages(mem, GFP_KERNEL, order);
          freePages(mem, pfn, 0);
          return to;
        },
      });
      const list = single(pages[0]!);
      assert.equal(run(migratePages(Object.assign(cx, { stepwise }), list)), 0);
      assert.deepEqual(list, []);
      assert.deepEqual(log, ["alloc 0", `free ${to} 0`]);
      assert.deepEqual(stats, { migrated: 0, failedAttempts: 0, dropped: 0 });
    }
    for (const [rc, attempts] of [
      [EAGAIN, 10],
      [EBUSY, 1],
    ] as const)
      for (const step of ["unmap", "move"] as const) {
        const { m, pages } = used();
        const { cx, log, stats } = migration(m, {
          [step]: (from: number) => (from === pages[0] ? rc : step === "unmap" ? 1 : 0),
        });
        const list = single(pages[0]!, pages[1]!);
        assert.equal(run(migratePages(Object.assign(cx, { stepwise }), list)), 1, "one page is left");
        assert.deepEqual(list, single(pages[0]!));
        assert.equal(log.filter((line) => line === `${step} ${pages[0]} ${rc}`).length, attempts);
        assert.equal(log.filter((line) => line === `moved ${pages[1]}`).length, 1);
        assert.deepEqual(stats, { migrated: 1, failedAttempts: attempts, dropped: 0 });
      }
    {
      // No target for the second page: the rest is not tried, and everything that did not move is in the list.
      const { m, pages } = used();
      let n = 0;
      const { cx, stats } = migration(m, {
        target: (mem) => (++n === 2 ? -1 : allocPages(mem, GFP_KERNEL, 0)),
      });
      const list = single(...pages);
      assert.equal(run(migratePages(Object.assign(cx, { stepwise }), list)), ENOMEM);
      assert.deepEqual(list.map(({ pfn }) => pfn).sort(), pages.slice(1).sort());
      assert.equal(stats.migrated, 1);
      assert.equal(n, 2);
    }
    {
      // A large page without a target is split; its frames are tried after the rest.
      const { m, pages } = used();
      const large = allocPages(m, GFP_HIGHUSER_MOVABLE, 1);
      m.setOwner(large, 0x08);
      const split: number[][] = [];
      const { cx, log, stats } = migration(m, {
        target: (mem, _pfn, order) => (order > 0 ? -1 : allocPages(mem, GFP_KERNEL, 0)),
        split: (pfn, order) => split.push([pfn, order]),
      });
      const list = [{ pfn: large, order: 1 }, ...single(pages[0]!)];
      assert.equal(run(migratePages(Object.assign(cx, { stepwise }), list)), 0);
      assert.deepEqual(split, [[large, 1]]);
      assert.deepEqual(
        log.filter((line) => line.startsWith("moved")),
        [`moved ${pages[0]}`, `moved ${large}`, `moved ${large + 1}`],
      );
      assert.equal(stats.migrated, 3);
    }
  });

test("if migration is off, nothing moves", () => {
  const m = tinyMemory("6.1");
  const pages = [0, 0].map(() => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
  m.migration = false;
  const { cx, log } = migration(m);
  const list = single(...pages);
  assert.equal(run(migratePages(cx, list)), 2);
  assert.deepEqual([list.length, log], [2, []]);
});

test("clean file pages of a list are dropped; one that is gone leaves the list; the others stay", () => {
  for (const stepwise of [false, true]) {
    const m = tinyMemory("6.1");
    const pages = [0, 0, 0, 0, 0].map(() => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
    const { cx, log, stats } = migration(m, { dropped: (pfn) => pfn === pages[1] || pfn === pages[2] });
    freePages(m, pages[3]!, 0);
    const list = single(...pages);
    const [, pauses] = driven(reclaimCleanPages(Object.assign(cx, { stepwise }), list));
    assert.deepEqual(list, single(pages[0]!, pages[4]!));
    assert.deepEqual(
      log,
      [pages[1], pages[2]].flatMap((p) => [`gone ${p}`, `free ${p} 0`]),
    );
    assert.equal(stats.dropped, 2);
    assert.equal(pauses, stepwise ? 2 : 0);
  }
});

test("owners: clean file pages that nothing holds may be dropped; a pin, buffers or a page without migration keep a page", () => {
  const m = tinyMemory("6.1");
  const world = ownersWorld(m);
  const page = (kind: Parameters<typeof setOwnerKind>[2]) => {
    const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    m.setOwner(pfn, 0x08);
    setOwnerKind(m, pfn, kind);
    return pfn;
  };
  const [clean, held, anon] = [page("fileClean"), page("fileClean"), page("anon")];
  holdPage(m, held, "get", "reader");
  assert.deepEqual(
    [clean, held, anon].map((p) => world.dropped(p)),
    [true, false, false],
  );
  assert.deepEqual(
    [clean, held, anon].map((p) => world.isolate(p)),
    [0, 0, 0],
  );
  holdPage(m, anon, "pin", "rdma");
  assert.equal(world.isolate(anon), -1, "a pinned anonymous page is not even isolated");
  assert.equal(world.isolate(allocPages(m, GFP_KERNEL, 0)), -1);
  assert.equal(world.unmap(clean, 0), 1);
  assert.deepEqual(
    [clean, held, anon].map((p) => world.move(p, 0)),
    [0, EAGAIN, EAGAIN],
  );
  for (const [kind, rc] of [
    ["buffers", EAGAIN],
    ["noMigrate", -16],
    ["writeback", 0],
    ["locked", 0],
  ] as const) {
    const pfn = page("fileDirty");
    holdPage(m, pfn, kind, "file system");
    assert.equal(world.move(pfn, 0), rc, kind);
  }
});

test("the search of an area's bitmap: every bitmap of seven bits, start, length and alignment", () => {
  for (let pattern = 0; pattern < 128; pattern++) {
    const range = new CmaRange("a", 1024, 7, 0);
    for (let i = 0; i < 7; i++) range.bitmap[i] = (pattern >> i) & 1;
    assert.equal(
      range.used,
      range.bitmap.reduce((n, bit) => n + bit, 0),
    );
    for (let from = 0; from <= 7; from++)
      for (let bits = 1; bits <= 4; bits++)
        for (const [mask, offset] of [
          [0, 0],
          [1, 0],
          [1, 1],
          [3, 0],
          [3, 1],
          [3, 3],
        ] as const) {
          let expected = -1;
          for (let at = 7 - bits; at >= from; at--)
            if (
              (at + offset) % (mask + 1) === 0 &&
              range.bitmap.subarray(at, at + bits).every((bit) => bit === 0)
            )
              expected = at;
          assert.equal(
            range.findZeroArea(from, bits, mask, offset),
            expected,
            `${pattern} ${from} ${bits} ${mask} ${offset}`,
          );
        }
  }
});

test("a range with four pages a bit: which bits a request marks, what it holds, and how it aligns", () => {
  const range = new CmaRange("a", 1028, 32, 2);
  assert.equal(range.bitmap.length, 8);
  range.mark(1036, 5, 1);
  assert.deepEqual([...range.bitmap], [0, 0, 1, 1, 0, 0, 0, 0]);
  assert.equal(range.used, 8);
  range.mark(1040, 4, 0);
  assert.deepEqual([...range.bitmap], [0, 0, 1, 0, 0, 0, 0, 0]);
  for (const [pfn, count, held] of [
    [1027, 1, false],
    [1028, 1, true],
    [1028, 32, true],
    [1028, 33, false],
    [1059, 1, true],
    [1059, 2, false],
    [1060, 1, false],
  ] as const)
    assert.equal(range.holds(pfn, count), held, `${pfn} ${count}`);
  assert.equal(range.holds(1059), true);
  assert.equal(range.holds(1060), false);
  // Frame 1028 is 4 above a multiple of 1024: one bit.
  for (const [align, mask, offset] of [
    [0, 0, 0],
    [2, 0, 0],
    [3, 1, 1],
    [4, 3, 1],
    [5, 7, 1],
  ] as const)
    assert.deepEqual(range.alignment(align), { mask, offset }, `align ${align}`);
});

test("an area of two ranges: its counts, which range has a page, and what is taken as used in one whose past is not known", () => {
  const area = new CmaArea("a", [
    { basePfn: 1024, count: 512 },
    { basePfn: 2048, count: 1024 },
  ]);
  assert.deepEqual([area.basePfn, area.count, area.used, area.available], [1024, 1536, 0, 1536]);
  assert.equal(area.bitmap, area.ranges[0]!.bitmap);
  assert.deepEqual(
    [1023, 1024, 1535, 1536, 2047, 2048, 3071, 3072].map((p) => area.holds(p)),
    [false, true, true, false, false, true, true, false],
  );
  assert.equal(area.rangeOf(1530, 7), undefined);
  assert.equal(area.rangeOf(2048, 1024), area.ranges[1]);
  area.mark(2050, 3, 1);
  area.mark(1600, 3, 1);
  assert.deepEqual([area.used, area.available, area.ranges[0]!.used], [3, 1533, 0]);
  const m = full("6.1");
  freeOnePage(m, m.zones[0]!, 1024, 4, MIGRATE_MOVABLE, false);
  m.state[1040] = ALLOCATED;
  m.state[1535] = ALLOCATED;
  m.state[1536] = ALLOCATED;
  const other = new CmaArea("b", 1024, 512);
  other.markUsed(m);
  assert.deepEqual(
    [...other.bitmap.keys()].filter((i) => other.bitmap[i] === 1),
    [16, 511],
  );
});

for (const release of ["6.1", "6.12"] as const)
  test(`${release}: a free page taken off its list makes its blocks movable if it is half a block or more`, () => {
    for (const [order, becomes] of [
      [7, false],
      [8, true],
      [9, true],
      [10, true],
    ] as const)
      for (const type of [0, 2, MIGRATE_HIGHATOMIC, MIGRATE_CMA]) {
        const m = full(release);
        const zone = m.zones[0]!;
        for (const block of [1024, 1536]) m.setBlockType(block, type);
        freeOnePage(m, zone, 1024, order, type, false);
        // The rest of the block has a free page, too, if there is a rest.
        if (order < 9) freeOnePage(m, zone, 1024 + 300, 2, type, false);
        const before = free(m);
        isolateFreePage(m, zone, 1024, order);
        assert.equal(free(m), before - 2 ** order);
        // CMA and HIGHATOMIC are never mixed with other types.
        const now = becomes && type < 3 ? MIGRATE_MOVABLE : type;
        assert.equal(m.blockType(1024), now, `order ${order}, type ${type}`);
        assert.equal(m.blockType(1536), order === 10 ? now : type);
        if (order < 9) assert.deepEqual(freeList(m, 2, release === "6.12" ? now : type), [1324]);
        assert.deepEqual(freeList(m, order, type), []);
      }
  });
