/**
 * Migrates pages one by one (mm/migrate.c: migrate_pages()): allocates a target, unmaps the source, moves its
 * contents, frees the source. It is a generator that pauses wherever something else may happen on a real machine.
 */

import { allocPages, freePages } from "../allocation/page-alloc";
import {
  __GFP_COMP,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGHMEM,
  __GFP_MOVABLE,
  __GFP_NOMEMALLOC,
  __GFP_NOWARN,
  __GFP_RECLAIM,
  __GFP_RETRY_MAYFAIL,
  GFP_HIGHUSER_MOVABLE,
  GFP_USER,
  ZONE_MOVABLE,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import {
  extraReferences,
  holdsOf,
  inUse,
  isMovablePage,
  moveOwner,
  offLru,
  orderInUse,
  ownerKind,
  waitForPage,
} from "../state/owners";
import { hugetlbMoved, hugetlbMoves, hugetlbTarget, isHugetlb } from "./hugetlb-moves";
import { EAGAIN, ENOMEM } from "./page-isolation";

/** Passes over the list in one call: NR_MAX_MIGRATE_PAGES_RETRY. */
export const MIGRATE_PASSES = 10;

const GFP_TARGET = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_COMP;
const GFP_TARGET_LARGE =
  (GFP_TARGET & ~__GFP_RECLAIM) |
  ((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM) |
  __GFP_DIRECT_RECLAIM;

/** Decisions of the page owners, which the allocator cannot know: from a recording, or from the simulated owners. */
export interface MigrationWorld {
  /** Order of the page that a scanner takes off the LRU at `pfn`, or −1: not movable, or pinned. */
  isolate(pfn: number): number;
  /** Whether the isolated page is clean file cache, which is dropped instead of moved. */
  dropped(pfn: number): boolean;
  /** Unmapping `from`: 1 done, −EAGAIN, or another error that ends the attempts. */
  unmap(from: number, to: number): number;
  /** Moving the contents: 0 done, −EAGAIN, or another error. */
  move(from: number, to: number): number;
  /** The page at `from` is now at `to`: updates its mappings and its owner's record. */
  moved(from: number, to: number, order: number): void;
  /** The clean file page was dropped. */
  gone(pfn: number): void;
  /** Chooses the target of a page; default: alloc_migration_target(). */
  target?: MigrationTarget;
  /** The page of 2^order frames at `pfn` is about to be split because there is no target. */
  split?(pfn: number, order: number): void;
}

/** A new page of 2^order frames for the one at `pfn`: its first frame, or −1. */
export type MigrationTarget = (m: Memory, pfn: number, order: number) => number;

/**
 * The events an observer of a contiguous request sees, in the kernel's order, besides the allocator's trace points.
 */
export interface ContigObserver {
  alloc?(pfn: number, order: number): void;
  free?(pfn: number, order: number): void;
  unmap?(from: number, to: number, rc: number): void;
  move?(from: number, to: number, rc: number): void;
  scanned?(start: number, end: number, taken: number): void;
  /** The page blocks of a range of `pages` frames were isolated, or isolation failed with an error. */
  isolated?(errno: number, pages: number): void;
  /** The per-CPU lists of the range's zone are about to be drained. */
  draining?(): void;
  /** Clean file pages of a list were dropped. */
  cleaned?(): void;
  /** A call of migrate_pages() for a list begins: the first or another one. */
  migrating?(first: boolean): void;
  triedToMigrate?(): void;
  /** The free pages of the range were taken off their lists. */
  took?(pages: number): void;
  /** The page blocks of the range are no longer isolated. */
  undone?(pages: number): void;
  skipBit?(pfn: number): void;
  rangeBegin?(start: number, end: number): void;
  rangeEnd?(errno: number): void;
  tested?(start: number, end: number, fin: number): void;
  busyRetry?(pfn: number, count: number): void;
  finish?(pfn: number, count: number): void;
}

/** One page being migrated. */
export interface IsolatedPage {
  pfn: number;
  order: number;
}

/** Counters of one request. */
export interface MigrationStats {
  migrated: number;
  failedAttempts: number;
  dropped: number;
}

/** Settings of a migration. */
export interface MigrationContext {
  m: Memory;
  world: MigrationWorld;
  seen: ContigObserver;
  stats: MigrationStats;
  /** Whoever drives the request does something between the steps of a page, as a replay does; default: nobody does. */
  stepwise?: boolean;
}

/**
 * migrate_pages(): pages that could not be moved are retried and then stay in `list`. Returns 0, the number of pages
 * that failed, or −ENOMEM if there was no target. `target` allocates the new page. If migration is off, nothing
 * moves.
 */
export function* migratePages(
  cx: MigrationContext,
  list: IsolatedPage[],
  target = cx.world.target ?? migrationTarget,
): Generator<void, number> {
  const { m, world } = cx;
  if (!m.migration) return list.length;
  const given: IsolatedPage[] = [];
  let failed = 0;
  let waiting = list.splice(0);
  let again = true;
  for (let pass = 0; pass < MIGRATE_PASSES && again; pass++) {
    again = false;
    const left: IsolatedPage[] = [];
    for (let i = 0; i < waiting.length; i++) {
      const page = waiting[i]!;
      // A step that nobody waits for is not given: it would pass through five generators, which costs more than the page.
      const rc = cx.stepwise ? yield* migratePage(cx, page, target) : migrateAtOnce(cx, page, target);
      if (rc === 0) continue;
      if (rc === EAGAIN) {
        left.push(page);
        again = true;
      } else if (rc === ENOMEM && page.order > 0 && !isHugetlb(m, page.pfn)) {
        // A large page without a target is split; its parts are tried after the rest of the list.
        for (let k = 0; k < 1 << page.order; k++) left.push({ pfn: page.pfn + k, order: 0 });
        world.split?.(page.pfn, page.order);
        m.splitAllocated(page.pfn, 0);
        again = true;
      } else if (rc === ENOMEM) {
        list.push(...given, ...left, ...waiting.slice(i));
        return ENOMEM;
      } else {
        given.push(page);
        failed++;
      }
    }
    waiting = left;
  }
  list.push(...given, ...waiting);
  return failed + waiting.length;
}

/**
 * alloc_migration_target(): on the node of the source if there is room. Pages in ZONE_MOVABLE may move to any zone;
 * others may not move into it.
 */
export function migrationTarget(m: Memory, pfn: number, order: number): number {
  if (order > 0 && isHugetlb(m, pfn)) return hugetlbTarget(m, pfn, order);
  const zone = m.zoneOf(pfn)!;
  let gfp = order === 0 ? GFP_TARGET : GFP_TARGET_LARGE;
  if (zone.idx === ZONE_MOVABLE) gfp |= __GFP_HIGHMEM;
  return allocPages(m, gfp, order, m.zonelistOf(zone.nid, gfp));
}

/**
 * Whether the page is still as it was when isolated. Isolated pages stay on the LRU here, so reclaim may take one
 * while it makes room for another's target. In the kernel they are off the LRU; there, too, a page freed meanwhile
 * counts as moved.
 */
function stillThere(m: Memory, { pfn }: IsolatedPage): boolean {
  return inUse(m, pfn);
}

/** One attempt, step by step: 0, or the error. */
function* migratePage(
  cx: MigrationContext,
  page: IsolatedPage,
  allocTarget: MigrationTarget,
): Generator<void, number> {
  const target = takeTarget(cx, page, allocTarget);
  yield;
  if (target < 0) return ENOMEM;
  if (!stillThere(cx.m, page)) return giveTargetBack(cx, page, target);
  const rc = unmapAndMove(cx, page, target);
  yield;
  settle(cx, page, target, rc);
  yield;
  return rc;
}

/** The same attempt in one. */
function migrateAtOnce(cx: MigrationContext, page: IsolatedPage, allocTarget: MigrationTarget): number {
  const target = takeTarget(cx, page, allocTarget);
  if (target < 0) return ENOMEM;
  if (!stillThere(cx.m, page)) return giveTargetBack(cx, page, target);
  const rc = unmapAndMove(cx, page, target);
  settle(cx, page, target, rc);
  return rc;
}

function takeTarget(
  cx: MigrationContext,
  { pfn, order }: IsolatedPage,
  allocTarget: MigrationTarget,
): number {
  const target = allocTarget(cx.m, pfn, order);
  cx.seen.alloc?.(target, order);
  return target;
}

/** The page went away while its target was taken: that counts as moved. */
function giveTargetBack({ m, seen }: MigrationContext, { order }: IsolatedPage, target: number): number {
  seen.free?.(target, order);
  freePages(m, target, order);
  return 0;
}

function unmapAndMove({ world, seen }: MigrationContext, { pfn }: IsolatedPage, target: number): number {
  let rc = world.unmap(pfn, target);
  seen.unmap?.(pfn, target, rc);
  if (rc === 1) {
    rc = world.move(pfn, target);
    seen.move?.(pfn, target, rc);
  }
  return rc;
}

/** The page is at its target, or the target goes back. */
function settle(cx: MigrationContext, { pfn, order }: IsolatedPage, target: number, rc: number): void {
  const { m, world, seen, stats } = cx;
  if (rc === 0 && order > 0 && isHugetlb(m, pfn)) {
    moveOwner(m, pfn, target);
    if (hugetlbMoved(m, pfn, target)) stats.migrated += 1 << order;
  } else if (rc === 0) {
    moveOwner(m, pfn, target);
    world.moved(pfn, target, order);
    stats.migrated += 1 << order;
  } else stats.failedAttempts++;
  const freed = rc === 0 ? pfn : target;
  seen.free?.(freed, order);
  freePages(m, freed, order);
}

/** reclaim_clean_pages_from_list(): drops clean file cache from the list. */
export function* reclaimCleanPages(cx: MigrationContext, list: IsolatedPage[]): Generator<void, void> {
  const { m, world, seen, stats } = cx;
  for (let i = 0; i < list.length; i++) {
    const { pfn, order } = list[i]!;
    if (!stillThere(m, list[i]!)) {
      list.splice(i--, 1);
      continue;
    }
    if (!world.dropped(pfn)) continue;
    list.splice(i--, 1);
    stats.dropped += 1 << order;
    world.gone(pfn);
    seen.free?.(pfn, order);
    freePages(m, pfn, order);
    if (cx.stepwise) yield;
  }
}

/**
 * The owners recorded by lib/mm/state/owners.ts. Anonymous pages with extra references are not even isolated; for
 * other pages the attempt fails. Migration waits for writeback and page locks: MIGRATE_SYNC.
 */
export function ownersWorld(m: Memory): MigrationWorld {
  return {
    isolate(pfn) {
      if (hugetlbMoves(m, pfn)) return orderInUse(m, pfn);
      if (!isMovablePage(m, pfn) || offLru(m, pfn)) return -1;
      if (ownerKind(m, pfn) === "anon" && extraReferences(m, pfn) > 0) return -1;
      return orderInUse(m, pfn);
    },
    dropped(pfn) {
      return ownerKind(m, pfn) === "fileClean" && holdsOf(m, pfn).length === 0;
    },
    unmap: () => 1,
    move(pfn) {
      waitForPage(m, pfn);
      if (extraReferences(m, pfn) > 0) return EAGAIN;
      for (const h of holdsOf(m, pfn)) {
        if (h.kind === "buffers") return EAGAIN;
        if (h.kind === "noMigrate") return -16;
      }
      return 0;
    },
    moved() {},
    gone() {},
  };
}
