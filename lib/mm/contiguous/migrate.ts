/**
 * Migrates pages one by one (mm/migrate.c: migrate_pages()): allocates a target, unmaps the source, moves its
 * contents, frees the source. It is a generator that pauses wherever something else may happen on a real machine.
 */

import { append } from "../../base/append";
import { freePages } from "../allocation/page-alloc";
import type { Memory } from "../state/memory";
import {
  extraReferences,
  holdsOf,
  inUse,
  isFreeToMove,
  isHeld,
  isMovablePage,
  moveOwner,
  OWNER_KINDS,
  offLru,
  orderInUse,
  ownerKind,
  waitForPage,
} from "../state/owners";
import { OWNER_MASK } from "../state/page-state";
import { hugetlbMoved, hugetlbMoves, isHugetlb } from "./hugetlb-moves";
import { type MigrationTarget, migrationTarget } from "./migration-target";
import { EAGAIN, ENOMEM } from "./page-isolation";

/** Passes over the list in one call: NR_MAX_MIGRATE_PAGES_RETRY. */
export const MIGRATE_PASSES = 10;

/** Decisions of the page owners, which the allocator cannot know: from a recording, or from the simulated owners. */
export interface MigrationWorld {
  /** Order of the page that a scanner takes off the LRU at `pfn`, or −1: not movable, or pinned. */
  isolate(pfn: number): number;
  /** Whether the isolated page is clean file cache, which is dropped instead of moved. */
  dropped(pfn: number): boolean;
  /** Whether the isolated page has lost its last user: it is freed at its turn, without a target. */
  left?(pfn: number): boolean;
  /** Whether the page lost its last user while its content moved: its target is freed too, before it. */
  targetLeft?(pfn: number): boolean;
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
  /** Moves many pages in one go, which leaves what moving each of them leaves; default: they move one by one. */
  many?: ManyMoves;
}

/** Migrates single pages that nothing holds in one go: unmapping and moving them always succeeds. */
export interface ManyMoves {
  /** The world that this belongs to. A world made from it answers differently, so its pages move one by one. */
  readonly of: MigrationWorld;
  /** Moves pages[at] and as many of those behind it as can be moved in one go; how many. 0: pages[at] must go alone. */
  move(pages: readonly IsolatedPage[], at: number): number;
}

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
  const many = bulkMoves(cx, target);
  let again = true;
  for (let pass = 0; pass < MIGRATE_PASSES && again; pass++) {
    again = false;
    const left: IsolatedPage[] = [];
    for (let i = 0; i < waiting.length; i++) {
      const n = many === null ? 0 : many.move(waiting, i);
      if (n > 0) {
        cx.stats.migrated += n;
        i += n - 1;
        continue;
      }
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
        for (const part of [given, left, waiting.slice(i)]) append(list, part);
        return ENOMEM;
      } else {
        given.push(page);
        failed++;
      }
    }
    waiting = left;
  }
  for (const part of [given, waiting]) append(list, part);
  return failed + waiting.length;
}

/** The bulk way, if nobody observes or decides between the steps of a page. */
function bulkMoves(cx: MigrationContext, target: MigrationTarget): ManyMoves | null {
  const { m, world, seen } = cx;
  const { many } = world;
  if (many === undefined || many.of !== world || !m.bulk || !m.pcpAllowedOrder(0)) return null;
  const observed = m.trace !== null && m.trace.sparse !== true;
  if (cx.stepwise || target !== migrationTarget || observed || m.capture !== null) return null;
  return (seen.alloc ?? seen.free ?? seen.unmap ?? seen.move) === undefined ? many : null;
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
  if (cx.world.left?.(page.pfn)) {
    freed(cx, page.pfn, page.order);
    yield;
    return 0;
  }
  const target = takeTarget(cx, page, allocTarget);
  yield;
  if (target < 0) return ENOMEM;
  if (!stillThere(cx.m, page)) return giveTargetBack(cx, page, target);
  const rc = unmapAndMove(cx, page, target);
  yield;
  if (rc === 0 && cx.world.targetLeft?.(page.pfn)) {
    freed(cx, target, page.order);
    yield;
    freed(cx, page.pfn, page.order);
  } else settle(cx, page, target, rc);
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

/** A page goes back, and whoever looks on is told first. */
function freed({ m, seen }: MigrationContext, pfn: number, order: number): void {
  seen.free?.(pfn, order);
  freePages(m, pfn, order);
}

/** The page went away while its target was taken: that counts as moved. */
function giveTargetBack(cx: MigrationContext, { order }: IsolatedPage, target: number): number {
  freed(cx, target, order);
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
  const { m, world, stats } = cx;
  if (rc === 0 && order > 0 && isHugetlb(m, pfn)) {
    moveOwner(m, pfn, target);
    if (hugetlbMoved(m, pfn, target)) stats.migrated += 1 << order;
  } else if (rc === 0) {
    moveOwner(m, pfn, target);
    world.moved(pfn, target, order);
    stats.migrated += 1 << order;
  } else stats.failedAttempts++;
  freed(cx, rc === 0 ? pfn : target, order);
}

/** reclaim_clean_pages_from_list(): drops clean file cache from the list. */
export function* reclaimCleanPages(cx: MigrationContext, list: IsolatedPage[]): Generator<void, void> {
  const { world, stats } = cx;
  for (let i = 0; i < list.length; i++) {
    const { pfn, order } = list[i]!;
    if (!stillThere(cx.m, list[i]!)) {
      list.splice(i--, 1);
      continue;
    }
    if (!world.dropped(pfn)) continue;
    list.splice(i--, 1);
    stats.dropped += 1 << order;
    world.gone(pfn);
    freed(cx, pfn, order);
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
      if (isFreeToMove(m, pfn)) return 0;
      if (hugetlbMoves(m, pfn)) return orderInUse(m, pfn);
      if (!isMovablePage(m, pfn) || offLru(m, pfn)) return -1;
      if (ownerKind(m, pfn) === "anon" && extraReferences(m, pfn) > 0) return -1;
      return orderInUse(m, pfn);
    },
    dropped(pfn) {
      return (m.ownerOf(pfn) & OWNER_MASK) === OWNER_KINDS.fileClean && !isHeld(m, pfn);
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
