/**
 * The slow path of a request, step by step, with a helper that only notes what it is asked (__alloc_pages_slowpath(), should_reclaim_retry()
 * and should_compact_retry() of 6.1): which steps follow one another, and how often, by the kernel's rules.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { shouldCompactRetry, shouldReclaimRetry } from "../../lib/mm/allocation/alloc-retry";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { reserveHighatomicPageblock } from "../../lib/mm/allocation/highatomic";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import {
  COMPACT_COMPLETE,
  COMPACT_CONTENDED,
  COMPACT_CONTINUE,
  COMPACT_DEFERRED,
  COMPACT_NO_SUITABLE_PAGE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "../../lib/mm/compaction/compact-result";
import { AllocContext } from "../../lib/mm/state/alloc-context";
import {
  __GFP_MEMALLOC,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_THISNODE,
  GFP_ATOMIC,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
} from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_HIGHATOMIC, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from "../../lib/mm/state/migratetype";
import type { SlowPathHelp } from "../../lib/mm/state/slow-path-help";
import { takeAll, tinyMemory } from "./tiny-memory";

const MARKS = { min: 100, low: 120, high: 140 };

/** Everything in use; the watermarks are MARKS, and nothing raises them. */
function full(release: Parameters<typeof tinyMemory>[0] = "6.1"): Memory {
  const m = tinyMemory(release, { watermarks: MARKS });
  m.watermarkBoostFactor = 0;
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC, order));
  return m;
}

interface Answers {
  /** What direct reclaim says that it got, by its calls; the last answer stays. */
  progress?: number[];
  reclaimable?: number;
  compactResult?: number;
  canCompact?: boolean;
  /** Called at each reclaim. */
  reclaim?: () => void;
}

/** Notes the steps: W wake, R reclaim, C0 to C2 compaction by its priority, f or s what came of a compaction. */
function noting(steps: string[], given: Answers): SlowPathHelp {
  const progress = [...(given.progress ?? [0])];
  const help = {
    compactResult: COMPACT_SKIPPED,
    canCompact: given.canCompact ?? true,
    wakeKswapd: () => steps.push("W"),
    directCompact: (_: unknown, priority: number) => {
      steps.push(`C${priority}`);
      help.compactResult = given.compactResult ?? COMPACT_SKIPPED;
      return -1;
    },
    compacted: (zone: unknown) => steps.push(zone === null ? "f" : "s"),
    directReclaim: () => {
      steps.push("R");
      given.reclaim?.();
      return progress.length > 1 ? progress.shift()! : progress[0]!;
    },
    reclaimablePages: () => given.reclaimable ?? 0,
  };
  return help as unknown as SlowPathHelp;
}

function stepsOf(gfp: number, order: number, given: Answers = {}, m = full()): string {
  const steps: string[] = [];
  m.help = noting(steps, given);
  const pfn = allocPages(m, gfp, order);
  return `${steps.join(" ")}${pfn >= 0 ? " granted" : ""}`;
}

test("an atomic request wakes kswapd twice, and waits for nothing", () => {
  assert.equal(stepsOf(GFP_ATOMIC, 0), "W W");
  assert.equal(stepsOf(GFP_ATOMIC, 5), "W W");
});

test("a request that may wait reclaims until nothing is left to reclaim, or 16 times without progress", () => {
  assert.equal(stepsOf(GFP_KERNEL, 0), "W W R");
  const enough = { reclaimable: 5000 };
  // A page is to be had if all were free; nothing ever becomes free. The 17th time without progress is the last.
  assert.equal(stepsOf(GFP_KERNEL, 0, enough), `W${" W R".repeat(17)}`);
  // Progress begins the count anew.
  assert.equal(
    stepsOf(GFP_KERNEL, 0, { ...enough, progress: [0, 0, 1, 0] }),
    `W${" W R".repeat(2 + 1 + 17)}`,
  );
  assert.equal(stepsOf(GFP_KERNEL | __GFP_NORETRY, 0, enough), "W W R");
});

test("before it reclaims, a request compacts if it is costly, or above order 0 and not movable", () => {
  assert.equal(stepsOf(GFP_KERNEL, 1), "W C2 W R C1");
  assert.equal(stepsOf(GFP_HIGHUSER_MOVABLE, 1), "W W R C1");
  assert.equal(stepsOf(GFP_HIGHUSER_MOVABLE, 3), "W W R C1");
  assert.equal(stepsOf(GFP_HIGHUSER_MOVABLE, 4), "W C2 W R C1");
  assert.equal(stepsOf(GFP_KERNEL, 4, { canCompact: false }), "W W R");
  // A run that was not skipped is followed by a look at the lists, whose result is told.
  assert.equal(stepsOf(GFP_KERNEL, 4, { compactResult: COMPACT_COMPLETE }), "W C2 f W R C1 f");
});

test("a costly request without retries gives up if compaction is skipped or deferred, and else tries once more without waiting", () => {
  const gfp = GFP_KERNEL | __GFP_NORETRY;
  assert.equal(stepsOf(gfp, 4), "W C2");
  assert.equal(stepsOf(gfp, 4, { compactResult: COMPACT_DEFERRED }), "W C2 f");
  for (const compactResult of [COMPACT_COMPLETE, COMPACT_PARTIAL_SKIPPED, COMPACT_CONTENDED]) {
    assert.equal(stepsOf(gfp, 4, { compactResult }), "W C2 f W R C2 f");
    assert.equal(stepsOf(gfp | __GFP_THISNODE, 4, { compactResult }), "W C2 f");
  }
  assert.equal(stepsOf(gfp, 3), "W C2 W R C1", "order 3 is not costly");
  assert.equal(stepsOf(gfp, 3, { compactResult: COMPACT_DEFERRED }), "W C2 f W R C1 f");
});

test("a costly request goes on only with __GFP_RETRY_MAYFAIL, and if there is compaction", () => {
  const gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL;
  const given = { reclaimable: 5000, progress: [1, 1, 0], compactResult: COMPACT_COMPLETE };
  // No page of order 4 is free, so that no amount of reclaimable pages is enough; there is progress: compaction with more effort?
  // Its priority is the costly minimum already.
  assert.equal(stepsOf(gfp, 4, given), "W C2 f W R C1 f");
  assert.equal(stepsOf(GFP_KERNEL, 4, given), "W C2 f W R C1 f");
  // Order 3: once more with the highest effort.
  assert.equal(stepsOf(GFP_KERNEL, 3, given), "W C2 f W R C1 f W R C0 f");
  assert.equal(stepsOf(GFP_KERNEL, 3, { ...given, canCompact: false }), "W W R");
  assert.equal(stepsOf(gfp, 4, { ...given, canCompact: false }), "W W R");
  assert.equal(
    stepsOf(GFP_KERNEL, 3, { ...given, progress: [0] }),
    "W C2 f W R C1 f",
    "without progress it ends",
  );
});

test("a request that frees memory for others ignores watermarks, unless it is told not to", () => {
  const few = () => {
    const m = full();
    freeOnePage(m, m.zones[0]!, 1030, 0, MIGRATE_MOVABLE, false);
    return m;
  };
  assert.equal(stepsOf(GFP_KERNEL | __GFP_MEMALLOC, 0, {}, few()), "W W granted");
  assert.equal(stepsOf(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOMEMALLOC, 0, {}, few()), "W W R");
  assert.equal(stepsOf(GFP_KERNEL, 0, {}, few()), "W W R");
});

test("after reclaim with progress the request looks at the lists, then drains what CPUs hold and looks again", () => {
  for (const [progress, drained] of [
    [0, false],
    [1, true],
  ] as const) {
    const m = full();
    const zone = m.zones[0]!;
    const gfp = GFP_KERNEL | __GFP_NORETRY;
    const steps = stepsOf(
      gfp,
      3,
      {
        progress: [progress],
        reclaim: () => {
          // 128 pages, which hold every watermark, and the eight frames of a page of order 3 on the lists of the CPU.
          for (let pfn = 1040; pfn < 1040 + 256; pfn += 2)
            freeOnePage(m, zone, pfn, 0, MIGRATE_MOVABLE, false);
          for (let pfn = 2000; pfn < 2008; pfn++) freePages(m, pfn, 0);
        },
      },
      m,
    );
    assert.equal(zone.pcp.count === 8, !drained, `progress ${progress}`);
    assert.equal(steps, drained ? "W C2 W R granted" : "W C2 W R C1");
  }
});

test("after reclaim with progress a block of the atomic reserve goes back, all but one", () => {
  for (const blocks of [1, 2]) {
    const m = full();
    const zone = m.zones[0]!;
    zone.managed = 512 * 200;
    for (let i = 0; i < blocks; i++) reserveHighatomicPageblock(m, zone, 1024 + 512 * i, 1);
    assert.equal(zone.nrReservedHighatomic, 512 * blocks);
    const steps = stepsOf(
      GFP_KERNEL | __GFP_NORETRY,
      0,
      {
        progress: [1],
        reclaim: () => {
          for (let pfn = 1024; pfn < 1024 + 512; pfn += 2)
            freeOnePage(m, zone, pfn, 0, MIGRATE_HIGHATOMIC, false);
          // 656 pages less the 1,024 reserved, then less 512: 144 are above min.
          if (blocks > 1)
            for (let pfn = 2048; pfn < 2048 + 800; pfn += 2)
              freeOnePage(m, zone, pfn, 0, MIGRATE_MOVABLE, false);
        },
      },
      m,
    );
    assert.equal(steps, blocks > 1 ? "W W R granted" : "W W R");
    assert.equal(zone.nrReservedHighatomic, 512);
  }
});

function contextOf(m: Memory, order: number, more: Partial<AllocContext> = {}): AllocContext {
  return Object.assign(new AllocContext(), {
    order,
    zonelist: m.zones,
    highest: 2,
    mt: MIGRATE_UNMOVABLE,
    ...more,
  });
}

test("reclaim is tried again if the request would be granted with all reclaimable pages free: above min, with a page large enough", () => {
  const m = full();
  freeOnePage(m, m.zones[0]!, 1032, 3, MIGRATE_MOVABLE, false);
  const of = (
    order: number,
    reclaimable: number,
    begun: number,
    progress: boolean,
    more: Partial<AllocContext> = {},
  ) => {
    const state = { noProgressLoops: begun, compactionRetries: 0, priority: 1 };
    const retry = shouldReclaimRetry(
      m,
      contextOf(m, order, more),
      noting([], { reclaimable }),
      progress,
      state,
    );
    return [retry, state.noProgressLoops];
  };
  // Eight pages are free. 2^order - 1 of them do not count, and the rest is to exceed 100.
  assert.deepEqual(of(0, 92, 0, false), [false, 1]);
  assert.deepEqual(of(0, 93, 0, false), [true, 1]);
  assert.deepEqual(of(3, 99, 0, false), [false, 1]);
  assert.deepEqual(of(3, 100, 0, false), [true, 1]);
  assert.deepEqual(of(4, 5000, 0, false), [false, 1], "no page of order 4 is free");
  assert.deepEqual(
    of(3, 100, 0, false, { highest: 1 }),
    [false, 1],
    "zones above the request's do not count",
  );
  assert.deepEqual(of(3, 100, 15, false), [true, 16]);
  assert.deepEqual(of(3, 100, 16, false), [false, 17]);
  assert.deepEqual(of(3, 100, 16, true), [true, 0]);
  freeOnePage(m, m.zones[0]!, 1040 + 16, 4, MIGRATE_MOVABLE, false);
  assert.deepEqual(of(4, 100, 15, true), [true, 16], "progress of a costly request does not count");
  assert.deepEqual(of(4, 100, 16, true), [false, 17]);
});

test("the last resort of reclaim is the whole atomic reserve", () => {
  const m = full();
  const zone = m.zones[0]!;
  reserveHighatomicPageblock(m, zone, 1024, 1);
  freeOnePage(m, zone, 1030, 0, MIGRATE_HIGHATOMIC, false);
  const state = { noProgressLoops: 16, compactionRetries: 0, priority: 1 };
  const of = (highest: number) =>
    shouldReclaimRetry(m, contextOf(m, 0, { highest }), noting([], {}), false, state);
  assert.equal(of(1), false);
  assert.equal(zone.nrReservedHighatomic, 512);
  assert.equal(of(2), true);
  assert.equal(zone.nrReservedHighatomic, 0);
  assert.equal(m.blockType(1024), MIGRATE_UNMOVABLE, "it goes to the type of the request");
  assert.equal(of(2), false);
});

test("compaction is tried again: every result, order, number of tries and priority against the rule", () => {
  const m = full();
  /** Priority and tries afterwards, or null. */
  const rule = (
    result: number,
    order: number,
    retries: number,
    priority: number,
  ): [number, number] | null => {
    const tried = retries + (result === COMPACT_SUCCESS ? 1 : 0);
    const most = order > 3 ? 4 : 16;
    if (result === COMPACT_SUCCESS || result === COMPACT_CONTINUE || result === COMPACT_NO_SUITABLE_PAGE)
      if (tried <= most) return [priority, tried];
    // SYNC_FULL, or SYNC_LIGHT for costly orders.
    const least = order > 3 ? 1 : 0;
    return priority > least ? [priority - 1, 0] : null;
  };
  const results = [
    ...[COMPACT_DEFERRED, COMPACT_NO_SUITABLE_PAGE, COMPACT_CONTINUE, COMPACT_COMPLETE],
    ...[COMPACT_PARTIAL_SKIPPED, COMPACT_CONTENDED, COMPACT_SUCCESS],
  ];
  for (const result of results)
    for (const order of [1, 2, 3, 4, 9])
      for (let retries = 0; retries <= 18; retries++)
        for (const priority of [0, 1, 2]) {
          const state = { noProgressLoops: 0, compactionRetries: retries, priority };
          const help = noting([], {});
          help.compactResult = result;
          const again = shouldCompactRetry(m, contextOf(m, order), help, state);
          const expected = rule(result, order, retries, priority);
          const at = `result ${result}, order ${order}, ${retries} tries, priority ${priority}`;
          assert.equal(again, expected !== null, at);
          if (expected !== null) assert.deepEqual([state.priority, state.compactionRetries], expected, at);
          assert.equal(shouldCompactRetry(m, contextOf(m, 0), help, state), false, "order 0");
        }
});

test("skipped compaction is tried again if a part of the reclaimable pages would make room for it", () => {
  const m = full();
  const of = (order: number, reclaimable: number, highest = 2) => {
    const state = { noProgressLoops: 0, compactionRetries: 3, priority: 2 };
    const again = shouldCompactRetry(m, contextOf(m, order, { highest }), noting([], { reclaimable }), state);
    assert.deepEqual(state, { noProgressLoops: 0, compactionRetries: 3, priority: 2 });
    return again;
  };
  // An order-th part is to exceed min + 2 · 2^order, for costly orders low + 2 · 2^order.
  assert.equal(of(3, 3 * 116 + 2), false);
  assert.equal(of(3, 3 * 117), true);
  assert.equal(of(3, 3 * 117, 1), false);
  assert.equal(of(4, 4 * 152 + 3), false);
  assert.equal(of(4, 4 * 153), true);
});
