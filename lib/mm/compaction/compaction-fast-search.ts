/**
 * The fast searches of compaction (5.1+): instead of scanning frame by frame, they look a short way into the free
 * lists of movable pages for a block to empty, or a free page to fill. Both leave the lists rotated, so that the next
 * search starts where this one stopped. Every later allocation sees this side effect.
 */

import { isolateFreePageChecked } from "../allocation/isolate-free-page";
import { takesTarget } from "../decisions/compaction";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { BLOCK_SKIP } from "../state/page-state";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import {
  blockEndPfn,
  blockStartPfn,
  COMPACT_CLUSTER_MAX,
  type CompactControl,
  MIGRATE_ASYNC,
} from "./compact-control";
import { isolateFreepagesBlock } from "./isolate-freepages-block";

/** freelist_scan_limit(): the more searches failed, the fewer pages it allows. */
function scanLimit(cc: CompactControl): number {
  return (COMPACT_CLUSTER_MAX >> Math.min(cc.fastSearchFail, 31)) + 1;
}

/** Makes `first` the first page of the list headed by `head`; the pages before it move behind the last. */
function turnList(m: Memory, head: number, first: number): void {
  const { next, prev } = m;
  const oldFirst = next[head]!;
  if (first === head || first === oldFirst) return;
  const oldLast = prev[head]!;
  const before = prev[first]!;
  next[head] = first;
  prev[first] = head;
  next[oldLast] = oldFirst;
  prev[oldFirst] = oldLast;
  next[before] = head;
  prev[head] = before;
}

/** fast_find_migrateblock(): where the migrate scanner continues. A block found is marked so that others skip it. */
export function fastFindMigrateblock(m: Memory, cc: CompactControl): number {
  const { zone } = cc;
  const pfn = cc.migratePfn;
  if (!m.sw.compactionFastSearch || cc.ignoreSkipHint) return pfn;
  if (pfn !== zone.startPfn && pfn % m.pageblockPages !== 0) return pfn;
  if (cc.order <= PAGE_ALLOC_COSTLY_ORDER) return pfn;
  if (cc.direct && cc.migratetype !== MIGRATE_MOVABLE) return pfn;
  let distance = Math.floor((cc.freePfn - cc.migratePfn) / 2);
  if (cc.migratePfn !== zone.startPfn) distance = Math.floor(distance / 4);
  const found = searchSources(m, cc, blockStartPfn(cc.migratePfn + distance, m.pageblockOrder));
  if (found >= 0) return found;
  cc.fastSearchFail++;
  if (cc.fastStartPfn === 0 || cc.fastStartPfn === Number.POSITIVE_INFINITY) return cc.migratePfn;
  cc.migratePfn = cc.fastStartPfn;
  cc.fastStartPfn = Number.POSITIVE_INFINITY;
  return cc.migratePfn;
}

/** Finds a partly free block below `highPfn` that was not scanned recently; its start, or −1. */
function searchSources(m: Memory, cc: CompactControl, highPfn: number): number {
  const { zone } = cc;
  const limit = scanLimit(cc);
  let scanned = 0;
  let found = -1;
  for (let o = cc.order - 1; o >= PAGE_ALLOC_COSTLY_ORDER && found < 0 && scanned < limit; o--) {
    if (zone.nrFree[o] === 0) continue;
    const head = zone.listBase + (o << 3) + MIGRATE_MOVABLE;
    for (let p = m.next[head]!; p !== head; p = m.next[p]!) {
      if (scanned++ >= limit) {
        turnList(m, head, m.next[p]!);
        break;
      }
      if (p >= highPfn || m.blocks[p >>> m.pageblockOrder]! & BLOCK_SKIP) continue;
      turnList(m, head, m.next[p]!);
      if (cc.fastStartPfn !== Number.POSITIVE_INFINITY)
        cc.fastStartPfn = cc.fastStartPfn === 0 ? p : Math.min(cc.fastStartPfn, p);
      found = Math.max(blockStartPfn(p, m.pageblockOrder), zone.startPfn);
      cc.fastSearchFail = 0;
      m.blocks[p >>> m.pageblockOrder]! |= BLOCK_SKIP;
      break;
    }
  }
  cc.totalMigrateScanned += scanned;
  return found;
}

/** next_search_order(): round robin from the order of the last success; −1 once all were tried. */
function nextSearchOrder(cc: CompactControl, order: number): number {
  const next = order - 1 < 0 ? cc.order - 1 : order - 1;
  if (next !== cc.searchOrder) return next;
  cc.searchOrder = cc.searchOrder - 1 < 0 ? cc.order - 1 : cc.searchOrder - 1;
  return -1;
}

/** Whether a change keeps the block of a free page from being filled; the kernel asks nothing here. */
function refusedByChange(m: Memory, cc: CompactControl, pfn: number): boolean {
  if (m.change?.compactionTarget === undefined) return false;
  const block = blockStartPfn(pfn, m.pageblockOrder);
  return !takesTarget(m, cc, block, { wholeBlock: false, fast: true });
}

/** A search for targets and its results so far. */
interface TargetSearch {
  /** A page at or above this is taken at once; one at or above `minPfn` only if there is none better. */
  lowPfn: number;
  minPfn: number;
  limit: number;
  scanned: number;
  /** Start of the highest block seen. */
  highest: number;
}

/** One list, from its tail: a page at or above `lowPfn`, otherwise the highest at or above `minPfn`, otherwise −1. */
function searchTargets(m: Memory, cc: CompactControl, order: number, s: TargetSearch): number {
  const { zone } = cc;
  const { lowPfn, minPfn } = s;
  const head = zone.listBase + (order << 3) + MIGRATE_MOVABLE;
  let page = -1;
  let high = 0;
  let scanned = 0;
  let p = m.prev[head]!;
  for (; p !== head; p = m.prev[p]!) {
    scanned++;
    if (m.change !== null && refusedByChange(m, cc, p)) {
      if (scanned >= s.limit) break;
      continue;
    }
    if (p >= s.highest) s.highest = Math.max(blockStartPfn(p, m.pageblockOrder), zone.startPfn);
    if (p >= lowPfn) {
      cc.fastSearchFail = 0;
      cc.searchOrder = order;
      page = p;
      break;
    }
    if (p >= minPfn && p > high) {
      high = p;
      s.limit >>>= 1;
    }
    if (scanned >= s.limit) break;
  }
  if (page < 0 && high > 0) page = p = high;
  turnList(m, head, p);
  s.scanned += scanned;
  return page;
}

/**
 * fast_isolate_freepages(): takes one free page in the upper part of the space between the scanners, and more pages
 * from its block if needed. If it finds none, it may advance the free scanner. `cc.nrFreepages` holds the result.
 */
export function fastIsolateFreepages(m: Memory, cc: CompactControl): void {
  const page = fastFindTarget(m, cc, (pfn, order) => takeTarget(m, cc, pfn, order));
  if (page >= 0) isolateAround(m, cc, page);
}

/** The search itself: the page that `take` accepted, otherwise the start of the block to continue from, or −1. */
export function fastFindTarget(
  m: Memory,
  cc: CompactControl,
  take: (pfn: number, order: number) => boolean,
): number {
  if (!m.sw.compactionFastSearch || cc.order <= 0) return -1;
  const { zone } = cc;
  const scanStart = cc.freePfn >= zone.compact.initFreePfn;
  const distance = cc.freePfn - cc.migratePfn;
  const minPfn = blockStartPfn(cc.freePfn - Math.floor(distance / 2), m.pageblockOrder);
  const lowPfn = Math.max(blockStartPfn(cc.freePfn - Math.floor(distance / 4), m.pageblockOrder), minPfn);
  const limit = scanStart ? m.pageblockPages >> 1 : Math.max(1, scanLimit(cc) >> 1);
  const s: TargetSearch = { lowPfn, minPfn, limit, scanned: 0, highest: 0 };
  cc.searchOrder = Math.min(cc.order - 1, cc.searchOrder);
  let page = -1;
  for (let order = cc.searchOrder; page < 0 && order >= 0; order = nextSearchOrder(cc, order)) {
    if (zone.nrFree[order] === 0) continue;
    const before = s.scanned;
    page = searchTargets(m, cc, order, s);
    const inOrder = s.scanned - before;
    if (page >= 0) {
      if (take(page, order)) s.scanned += (1 << order) - 1;
      else {
        order = cc.searchOrder + 1;
        page = -1;
      }
    }
    if (inOrder >= s.limit) s.limit = Math.max(1, s.limit >> 1);
  }
  if (page < 0) {
    cc.fastSearchFail++;
    if (scanStart) page = sendScanner(m, cc, s.highest, minPfn);
  }
  if (s.highest > 0 && s.highest >= zone.compact.cachedFreePfn)
    zone.compact.cachedFreePfn = s.highest - m.pageblockPages;
  cc.totalFreeScanned += s.scanned;
  return page;
}

/** After a first search without success: starts the scanner at the highest block seen, or in the middle. */
function sendScanner(m: Memory, cc: CompactControl, highest: number, minPfn: number): number {
  if (highest >= minPfn) {
    cc.freePfn = highest;
    return highest;
  }
  if (!cc.direct) return -1;
  cc.freePfn = minPfn;
  return m.notInZone(cc.zone, minPfn) ? -1 : minPfn;
}

function takeTarget(m: Memory, cc: CompactControl, pfn: number, order: number): boolean {
  if (!isolateFreePageChecked(m, cc.zone, pfn, order)) return false;
  m.counters.compact_isolated += 1 << order;
  for (let i = 0; i < 1 << order; i++) cc.freepages.push(pfn + i);
  cc.nrFreepages += 1 << order;
  return true;
}

/** fast_isolate_around(): takes the rest of the block if more pages are needed, unless the run is in a hurry. */
function isolateAround(m: Memory, cc: CompactControl, pfn: number): void {
  if (cc.nrFreepages >= cc.nrMigratepages) return;
  if (cc.direct && cc.mode === MIGRATE_ASYNC) return;
  const start = Math.max(blockStartPfn(pfn, m.pageblockOrder), cc.zone.startPfn);
  const end = Math.min(blockEndPfn(pfn, m.pageblockOrder), cc.zone.endPfn);
  if (m.notInZone(cc.zone, start)) return;
  if (m.change !== null && refusedByChange(m, cc, pfn)) return;
  isolateFreepagesBlock(m, cc, start, end, 1);
  if (cc.nrFreepages < cc.nrMigratepages) m.blocks[pfn >>> m.pageblockOrder]! |= BLOCK_SKIP;
}
