/**
 * alloc_contig_range() (mm/page_alloc.c) and its scans (mm/compaction.c): isolate the blocks, drain the per-CPU
 * lists, move movable pages away, take the free pages, return those that were not requested. It is a generator, so
 * that a replay can apply recorded events in between; `run` drives it to its end.
 */

import { drainAllPages, drainCpu } from "../allocation/drain-cpus";
import { isolateFreePage } from "../allocation/isolate-free-page";
import { freePages } from "../allocation/page-alloc";
import { buddyOrder } from "../compaction/isolate-freepages-block";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "../state/migratetype";
import { drainLruBatches, markTaken, type OwnerKind } from "../state/owners";
import { BLOCK_SKIP, isPcpState } from "../state/page-state";
import type { Zone } from "../state/zone";
import { type IsolatedPage, type MigrationContext, migratePages, reclaimCleanPages } from "./migrate";
import {
  EBUSY,
  ENOMEM,
  firstNotFree,
  isolatedSpan,
  startIsolatePageRange,
  undoIsolatePageRange,
} from "./page-isolation";

/** Pages collected before they are migrated. */
const COMPACT_CLUSTER_MAX = 32;
/** Calls of migrate_pages() for one collected list. */
const TRIES = 5;

/** Settings of a request. */
export interface ContigContext extends MigrationContext {
  /** The kind that the pages taken become. */
  kind: OwnerKind;
  /** The CPUs that the next drain has chosen, if it began before its first page; undefined: it chooses them itself. */
  drainedCpus?: readonly number[] | undefined;
  /** Called with the place where the last range failed, while it is still isolated. */
  failed?: (failure: ContigFailure) => void;
}

/** The place and the step at which a range failed. */
export interface ContigFailure {
  step: "isolate" | "migrate" | "test";
  errno: number;
  /** The first frame in the way, or −1. */
  pfn: number;
  /** The frame lies in a page block of a CMA area, and the request is not the area's. */
  areaBlock?: boolean;
}

/** Drives a request to its end. */
export function run<T>(steps: Generator<void, T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
  }
}

interface Scan {
  next: number;
  list: IsolatedPage[];
  taken: number;
}

/**
 * isolate_migratepages_block(): movable pages of one block. The scan ignores skip bits; where `contigSetsSkip`, it marks a
 * whole block in which it found none (valid_page is the block's first page, so a scan that begins inside marks nothing).
 */
function scanBlockForPages(cx: ContigContext, start: number, end: number, scan: Scan): void {
  const { m, world, seen } = cx;
  let taken = 0;
  const wholeBlock = m.sw.contigSetsSkip && start % m.pageblockPages === 0 ? start : -1;
  let p = start;
  const around = m.state[p] === 0 ? m.freePlaceOf(p) : undefined;
  if (around !== undefined) p = around.head + (1 << around.order);
  for (; p < end; p++) {
    const free = buddyOrder(m, p);
    if (free >= 0) {
      p += (1 << free) - 1;
      continue;
    }
    if (isPcpState(m.state[p]!)) continue;
    const order = world.isolate(p);
    if (order < 0) continue;
    scan.list.push({ pfn: p, order });
    p += (1 << order) - 1;
    taken += 1 << order;
    scan.taken += 1 << order;
    if (scan.taken >= COMPACT_CLUSTER_MAX) {
      p++;
      break;
    }
  }
  if (p > end) p = end;
  if (p === end && taken === 0 && wholeBlock >= 0) {
    seen.skipBit?.(wholeBlock);
    m.blocks[wholeBlock >>> m.pageblockOrder]! |= BLOCK_SKIP;
  }
  seen.scanned?.(start, p, taken);
  scan.next = p;
}

/** isolate_migratepages_range(): the last page is the first in the list. */
function scanRange(cx: ContigContext, start: number, end: number): Scan {
  const pages = cx.m.pageblockPages;
  const scan: Scan = { next: start, list: [], taken: 0 };
  for (let p = start; p < end; ) {
    const blockEnd = Math.min(p - (p % pages) + pages, end);
    scanBlockForPages(cx, p, blockEnd, scan);
    if (scan.taken >= COMPACT_CLUSTER_MAX) break;
    p = blockEnd;
  }
  scan.list.reverse();
  return scan;
}

/** __alloc_contig_migrate_range(): returns 0, −EBUSY after five tries, or −ENOMEM at once. */
function* migrateRange(cx: ContigContext, start: number, end: number): Generator<void, number> {
  const { m, seen } = cx;
  drainLruBatches(m);
  let pfn = start;
  let list: IsolatedPage[] = [];
  let tries = 0;
  while (pfn < end || list.length > 0) {
    if (list.length === 0) {
      const scan = scanRange(cx, pfn, end);
      yield;
      pfn = scan.next;
      list = scan.list;
      tries = 0;
    } else if (++tries === TRIES) return EBUSY;
    yield* reclaimCleanPages(cx, list);
    seen.cleaned?.();
    if (list.length === 0) continue;
    seen.migrating?.(tries === 0);
    const ret = yield* migratePages(cx, list);
    seen.triedToMigrate?.();
    if (ret === ENOMEM) return ENOMEM;
  }
  return 0;
}

/** First frame of the free page that covers `start`, or `start`. */
function outerStart(m: Memory, start: number): number {
  for (let order = 0; order <= m.maxOrder; order++) {
    const head = start - (start % (1 << order));
    const free = buddyOrder(m, head);
    if (free >= 0) return head + (1 << free) > start ? head : start;
  }
  return start;
}

/** The CPUs that a drain of all chooses when it begins: those that have pages then. */
export function cpusWithPages(zone: Zone): number[] {
  return [...zone.pcps.keys()].filter((cpu) => zone.pcps[cpu]!.count > 0);
}

/** drain_all_pages(): CPU by CPU, and other CPUs go on meanwhile. */
function* drain(cx: ContigContext, zone: Zone): Generator<void, void> {
  const { m, seen, stepwise } = cx;
  seen.draining?.();
  if (!stepwise) {
    drainAllPages(m, zone);
    yield;
    return;
  }
  for (const cpu of cx.drainedCpus ?? cpusWithPages(zone)) {
    drainCpu(m, zone, cpu);
    yield;
  }
}

/** test_pages_isolated(). */
function testPagesIsolated(cx: ContigContext, start: number, end: number): number {
  const { m } = cx;
  let p = start;
  while (p < end && m.blockType(p) === MIGRATE_ISOLATE) p += m.pageblockPages;
  const fin = p < end ? p : firstNotFree(m, start, end);
  cx.seen.tested?.(start, end, fin);
  return fin;
}

function* giveBack(cx: ContigContext, start: number, end: number): Generator<void, void> {
  for (let p = start; p < end; p++) {
    cx.seen.free?.(p, 0);
    freePages(cx.m, p, 0);
    yield;
  }
}

/** Takes the free pages of [outer, end) off their lists; returns the end of the last one. */
function takeFreePages(cx: ContigContext, zone: Zone, outer: number, end: number): number {
  const { m } = cx;
  let p = outer;
  while (p < end) {
    const order = buddyOrder(m, p);
    m.trace?.isolateFree?.(p, order);
    isolateFreePage(m, zone, p, order);
    p += 1 << order;
  }
  return p;
}

/**
 * alloc_contig_range(): takes [start, end) for the caller. `mt`, CMA or MOVABLE, is the type restored to the blocks
 * (a release with an isolate bit keeps each block's own type). Returns 0 or a negative errno. After a failure no page
 * is taken, and migrated pages stay at their new place.
 */
export function* allocContigRange(
  cx: ContigContext,
  zone: Zone,
  start: number,
  end: number,
  mt: number,
): Generator<void, number> {
  const { m, seen } = cx;
  seen.rangeBegin?.(start, end);
  const ret = yield* takeRange(cx, zone, start, end, mt);
  seen.rangeEnd?.(ret);
  yield;
  return ret;

  function* takeRange(cx: ContigContext, zone: Zone, start: number, end: number, mt: number) {
    const isolated = startIsolatePageRange(m, zone, start, end, mt);
    const pfn = m.barrierPfn;
    seen.isolated?.(isolated, end - start);
    yield;
    if (isolated !== 0) {
      const areaBlock = pfn >= 0 && mt !== MIGRATE_CMA && m.blockType(pfn) === MIGRATE_CMA;
      cx.failed?.({ step: "isolate", errno: isolated, pfn, areaBlock });
      return isolated;
    }
    const ret = yield* emptyAndTake(cx, zone, start, end);
    undoIsolatePageRange(m, zone, start, end, mt);
    seen.undone?.(end - start);
    yield;
    return ret;
  }
}

function* emptyAndTake(cx: ContigContext, zone: Zone, start: number, end: number): Generator<void, number> {
  const { m } = cx;
  const drainsLate = m.sw.isolationUnit === "maxOrder";
  if (!drainsLate) yield* drain(cx, zone);
  const migrated = yield* migrateRange(cx, start, end);
  if (migrated !== 0 && migrated !== EBUSY) {
    cx.failed?.({ step: "migrate", errno: migrated, pfn: -1 });
    return migrated;
  }
  if (drainsLate) yield* drain(cx, zone);
  const outer = outerStart(m, start);
  const fin = testPagesIsolated(cx, outer, end);
  yield;
  if (fin < end) {
    cx.failed?.({ step: "test", errno: EBUSY, pfn: fin });
    return EBUSY;
  }
  const outerEnd = takeFreePages(cx, zone, outer, end);
  markTaken(m, start, end, cx.kind);
  cx.seen.took?.(end - start);
  yield;
  yield* giveBack(cx, outer, start);
  yield* giveBack(cx, end, outerEnd);
  return 0;
}

export { isolatedSpan };
