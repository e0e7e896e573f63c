/**
 * The migrate scanner of compaction: it goes from the start of the zone upwards, block by block, and isolates pages
 * that can be moved.
 */

import { takesSource } from "../decisions/compaction";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../state/migratetype";
import { anyHolds } from "../state/owners";
import {
  ALLOCATED,
  BLOCK_SKIP,
  IN_USE_MOVABLE,
  isPcpState,
  MOVABLE_PAGE,
  ORDER_MASK,
} from "../state/page-state";
import {
  blockEndPfn,
  blockStartPfn,
  COMPACT_CLUSTER_MAX,
  type CompactControl,
  MIGRATE_ASYNC,
  MIGRATE_SYNC,
} from "./compact-control";
import { fastFindMigrateblock } from "./compaction-fast-search";
import { barsIsolation } from "./compaction-holds";
import { buddyOrder, compoundOrder } from "./isolate-freepages-block";

/** Whether a frame holds a single page in use that is on the LRU or otherwise movable. */
export function isMovableInUse(m: Memory, pfn: number): boolean {
  const s = m.state[pfn]!;
  if (s === 0) return (m.owner[pfn]! & MOVABLE_PAGE) !== 0 && !insidePage(m, pfn);
  return (s & (ALLOCATED | ORDER_MASK)) === ALLOCATED && (s & IN_USE_MOVABLE) !== 0;
}

/**
 * Whether compaction takes a large folio off the LRU: before 6.9 none; since then skip_isolation_on_order() spares those
 * that are no smaller than what it makes room for, or than a page block.
 */
function mayMoveLarge(m: Memory, cc: CompactControl, pfn: number, order: number): boolean {
  if (!m.sw.compactionLargeFolios || (m.state[pfn]! & IN_USE_MOVABLE) === 0) return false;
  return (cc.order < 0 || order < cc.order) && order < m.pageblockOrder;
}

/** Whether a frame without its own state is inside a larger page, free or in use. */
function insidePage(m: Memory, pfn: number): boolean {
  for (let order = 1; order <= m.maxOrder; order++) {
    const head = pfn - (pfn % (1 << order));
    const s = m.state[head]!;
    if (s === 0) continue;
    const size = s >= ALLOCATED ? s & ORDER_MASK : isPcpState(s) ? m.pcpOrder(s) : s - 1;
    return head + (1 << size) > pfn;
  }
  return false;
}

/** update_cached_migrate(): later runs start after this block. */
function updateCachedMigrate(m: Memory, cc: CompactControl, pfn: number): void {
  const next = blockEndPfn(pfn, m.pageblockOrder);
  const cached = cc.zone.compact.cachedMigratePfn;
  if (next > cached[0]) cached[0] = next;
  if (cc.mode !== MIGRATE_ASYNC && next > cached[1]) cached[1] = next;
}

/**
 * isolate_migratepages_block(): adds sources in [low, end) to `cc.migratepages`, 32 at a time unless the block is
 * rescanned. An asynchronous direct run gives up on a group of cc.order frames at the first page that cannot be
 * moved.
 */
export function isolateMigratepagesBlock(m: Memory, cc: CompactControl, low: number, end: number): void {
  const start = low;
  const skipOnFailure = cc.direct && cc.mode === MIGRATE_ASYNC;
  let nextSkip = skipOnFailure ? blockEndPfn(low, cc.order) : 0;
  let scanned = 0;
  let isolated = 0;
  let validBlock = -1;
  let skipUpdated = false;
  let pfn = low;
  const skipAsync = cc.mode !== MIGRATE_SYNC;
  const held = anyHolds(m);
  // If both scanners are in one block, frames taken as targets are not sources: they are not on the LRU.
  const targets = cc.freepages.some((p) => p >= low && p < end) ? new Set(cc.freepages) : null;
  const passedBy = (p: number) =>
    targets?.has(p) === true ||
    (m.mayIsolate !== null && !m.mayIsolate(p, skipAsync)) ||
    (held && barsIsolation(m, p, cc.mode));
  for (; pfn < end; pfn++) {
    if (skipOnFailure && pfn >= nextSkip) {
      if (isolated > 0) break;
      nextSkip = blockEndPfn(pfn, cc.order);
    }
    scanned++;
    if (validBlock < 0 && pfn % m.pageblockPages === 0) {
      if (!cc.ignoreSkipHint && m.blocks[pfn >>> m.pageblockOrder]! & BLOCK_SKIP) {
        pfn = end;
        break;
      }
      validBlock = pfn;
    }
    const free = buddyOrder(m, pfn);
    if (free >= 0) {
      pfn += (1 << free) - 1;
      continue;
    }
    const compound = compoundOrder(m, pfn);
    const pages = 1 << compound;
    if (compound > 0 && !mayMoveLarge(m, cc, pfn, compound)) pfn += pages - 1;
    else if (compound > 0 && passedBy(pfn)) pfn += pages - 1;
    else if (compound > 0 || (isMovableInUse(m, pfn) && !passedBy(pfn))) {
      // When the LRU lock is taken, once per call, the block is marked so that others skip it.
      if (!skipUpdated) {
        skipUpdated = true;
        if (pfn % m.pageblockPages === 0 && !cc.ignoreSkipHint) {
          const i = pfn >>> m.pageblockOrder;
          if (m.blocks[i]! & BLOCK_SKIP) break;
          m.blocks[i]! |= BLOCK_SKIP;
        }
      }
      cc.migratepages.push(pfn);
      cc.nrMigratepages += pages;
      isolated += pages;
      scanned += pages - 1;
      pfn += pages - 1;
      if (cc.nrMigratepages >= COMPACT_CLUSTER_MAX && !cc.rescan && !cc.contended) {
        pfn++;
        break;
      }
      continue;
    }
    if (!skipOnFailure) continue;
    if (isolated > 0) {
      cc.migratepages.length = 0;
      cc.nrMigratepages = 0;
      isolated = 0;
    }
    if (pfn < nextSkip) {
      pfn = nextSkip - 1;
      nextSkip += 1 << cc.order;
    }
  }
  if (pfn > end) pfn = end;
  if (pfn === end && (isolated === 0 || cc.rescan)) {
    if (validBlock >= 0 && !skipUpdated) m.blocks[validBlock >>> m.pageblockOrder]! |= BLOCK_SKIP;
    updateCachedMigrate(m, cc, pfn);
  }
  m.trace?.isolateMigratepages?.(start, pfn, scanned, isolated);
  cc.totalMigrateScanned += scanned;
  m.counters.compact_isolated += isolated;
  cc.migratePfn = pfn;
}

/** suitable_migration_source(): asynchronous direct runs empty only blocks of the request's own type. */
function suitableSource(m: Memory, cc: CompactControl, block: number): boolean {
  if (m.change?.compactionSource !== undefined)
    return takesSource(m, cc, block, {
      wholeBlock: compoundOrder(m, block) >= m.pageblockOrder,
      fast: false,
    });
  if (cc.mode === MIGRATE_ASYNC && cc.direct) {
    const mt = m.blockType(block);
    if (mt !== cc.migratetype && (cc.migratetype !== MIGRATE_MOVABLE || mt !== MIGRATE_CMA)) return false;
  }
  return compoundOrder(m, block) < m.pageblockOrder;
}

/** The first block without the skip bit from `block` on that ends by `limit`, or the one after the last that does. */
function firstWithoutSkip(m: Memory, block: number, limit: number): number {
  const { blocks, pageblockOrder } = m;
  const last = (limit >>> pageblockOrder) - 1;
  let i = block >>> pageblockOrder;
  while (i <= last && (blocks[i]! & BLOCK_SKIP) !== 0) i++;
  return i * m.pageblockPages;
}

/**
 * isolate_migratepages(): isolates the sources of the first suitable block below the free scanner; false if there are
 * none.
 */
export function isolateMigratepages(m: Memory, cc: CompactControl): boolean {
  const { zone } = cc;
  let low = fastFindMigrateblock(m, cc);
  let fast = low !== cc.migratePfn && cc.fastSearchFail === 0;
  let start = Math.max(blockStartPfn(low, m.pageblockOrder), zone.startPfn);
  let end = blockEndPfn(low, m.pageblockOrder);
  while (end <= cc.freePfn) {
    // What is in the block's byte is asked first: a zone's bytes fit in the cache, its pages do not.
    if (low % m.pageblockPages === 0 && !fast && !cc.ignoreSkipHint) {
      const wanted = firstWithoutSkip(m, low, cc.freePfn);
      if (wanted > low) {
        cc.migratePfn = low = start = wanted;
        end = start + m.pageblockPages;
        continue;
      }
    }
    if (!m.notInZone(zone, start)) {
      if (suitableSource(m, cc, start)) {
        isolateMigratepagesBlock(m, cc, low, end);
        break;
      }
      updateCachedMigrate(m, cc, end);
    }
    fast = false;
    cc.migratePfn = low = start = end;
    end += m.pageblockPages;
  }
  return cc.nrMigratepages > 0;
}
