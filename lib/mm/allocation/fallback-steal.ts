/** Fallback up to 6.9: find the largest foreign page, move its block's free pages to the requester's lists, retry. */

import { boostBy, claimsBlock, claimWord, fallbackType, stealsPage } from "../decisions/fallback";
import type { AllocContext } from "../state/alloc-context";
import { freeAreaEmpty, getPageFromFreeArea, moveToFreeList } from "../state/free-area";
import { ALLOC_KSWAPD, ALLOC_NOFRAGMENT } from "../state/gfp";
import type { Memory } from "../state/memory";
import {
  FALLBACKS,
  MIGRATE_HIGHATOMIC,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
} from "../state/migratetype";
import { WMARK_HIGH, type Zone } from "../state/zone";
import { changePageblockRange } from "./free-one-page";
import { moveScannedBlock, scanBlock } from "./move-freepages";

/** can_steal_fallback(): whether the whole block may be taken, given the order of the page found. */
export function canStealFallback(
  m: Pick<Memory, "pageblockOrder" | "mobilityDisabled">,
  order: number,
  startMt: number,
): boolean {
  return (
    order >= m.pageblockOrder ||
    order >= m.pageblockOrder >> 1 ||
    startMt === MIGRATE_RECLAIMABLE ||
    startMt === MIGRATE_UNMOVABLE ||
    m.mobilityDisabled
  );
}

/** canStealFallback() of the page of `order` found in a zone, as a change sees it. */
export function mayClaimBlock(m: Memory, zone: Zone, order: number, mt: number): boolean {
  if (m.change?.shouldClaim !== undefined) return claimsBlock(m, zone, order, mt);
  return canStealFallback(m, order, mt);
}

/** The page that the last findSuitableFallback() stands for. */
export function suitablePage(m: Memory, zone: Zone, order: number, mt: number): number {
  return m.change === null ? getPageFromFreeArea(m, zone, order, mt) : m.fallbackPfn;
}

/** find_suitable_fallback(): the first type in fallback order with a free page of `order`, or −1. */
export function findSuitableFallback(m: Memory, zone: Zone, order: number, mt: number): number {
  if (zone.nrFree[order] === 0) return -1;
  if (m.change !== null) return fallbackType(m, zone, order, mt);
  for (const fallback of FALLBACKS[mt]!) if (!freeAreaEmpty(m, zone, order, fallback)) return fallback;
  return -1;
}

/** boost_watermark(): raises the watermarks by one block so that kswapd makes room; false if it does not apply. */
export function boostWatermark(m: Memory, zone: Zone): boolean {
  if (!m.sw.watermarkBoost || m.watermarkBoostFactor === 0) return false;
  if (m.pageblockPages * 4 > zone.managed) return false;
  const max = Math.floor((zone.wmark[WMARK_HIGH]! * m.watermarkBoostFactor) / 10000);
  if (max === 0) return false;
  const most = Math.max(m.pageblockPages, max);
  if (m.change?.watermarkBoost !== undefined) zone.watermarkBoost = boostBy(m, zone, most);
  else zone.watermarkBoost = Math.min(zone.watermarkBoost + m.pageblockPages, most);
  return true;
}

/**
 * __rmqueue_fallback(): true if pages were moved to the requester's lists. The caller then searches them again and
 * may find a smaller page than this one.
 */
export function rmqueueFallback(m: Memory, zone: Zone, ac: AllocContext): boolean {
  const { order, mt: startMt, allocFlags } = ac;
  const minOrder = order < m.pageblockOrder && allocFlags & ALLOC_NOFRAGMENT ? m.pageblockOrder : order;
  let found = m.maxOrder;
  let fallbackMt = -1;
  for (; found >= minOrder; found--) {
    fallbackMt = findSuitableFallback(m, zone, found, startMt);
    if (fallbackMt >= 0) break;
  }
  if (fallbackMt < 0) return false;
  let canSteal = mayClaimBlock(m, zone, found, startMt);
  if (!canSteal && startMt === MIGRATE_MOVABLE && found > order) {
    for (found = order; found <= m.maxOrder; found++) {
      fallbackMt = findSuitableFallback(m, zone, found, startMt);
      if (fallbackMt >= 0) break;
    }
    // The kernel found a page a moment ago and finds one again; a change may have changed its mind.
    if (fallbackMt < 0) return false;
    canSteal = mayClaimBlock(m, zone, found, startMt);
  }
  const pfn = suitablePage(m, zone, found, fallbackMt);
  if (!stealSuitableFallback(m, zone, ac, pfn, canSteal)) return false;
  m.trace?.extfrag?.({
    pfn,
    order,
    mt: startMt,
    fallbackOrder: found,
    fallbackMt,
    changedOwnership: m.blockType(pfn) === startMt,
  });
  return true;
}

/** steal_suitable_fallback() for the free page at `pfn`; false: a change took nothing. */
function stealSuitableFallback(
  m: Memory,
  zone: Zone,
  ac: AllocContext,
  pfn: number,
  wholeBlock: boolean,
): boolean {
  const startMt = ac.mt;
  const order = m.state[pfn]! - 1;
  const oldType = m.blockType(pfn);
  const single = () => {
    if (m.change?.stealPage !== undefined && !stealsPage(m, zone, ac, { pfn, order, mt: oldType }))
      return false;
    moveToFreeList(m, zone, pfn, order, startMt);
    return true;
  };
  if (oldType === MIGRATE_HIGHATOMIC) return single();
  if (order >= m.pageblockOrder) {
    changePageblockRange(m, pfn, order, startMt);
    moveToFreeList(m, zone, pfn, order, startMt);
    return true;
  }
  if (boostWatermark(m, zone) && ac.allocFlags & ALLOC_KSWAPD) zone.boostedWatermark = true;
  if (!wholeBlock) return single();
  if (!scanBlock(m, zone, pfn)) return single();
  const { freePages, movablePages } = m.blockScan;
  let alike = 0;
  if (startMt === MIGRATE_MOVABLE) alike = movablePages;
  else if (oldType === MIGRATE_MOVABLE) alike = m.pageblockPages - (freePages + movablePages);
  let claim = freePages + alike >= m.pageblockPages >> 1 || m.mobilityDisabled;
  if (m.change?.claimBlock !== undefined) {
    const word = claimWord(m, zone, ac, { pfn, order, mt: oldType, alike });
    if (word === "none") return false;
    if (word === "page") return single();
    claim = word === "claim";
  }
  m.trace?.moveBlock?.(pfn, startMt, oldType);
  moveScannedBlock(m, zone, startMt, oldType);
  if (freePages === 0) return single();
  if (claim) {
    m.setBlockType(pfn, startMt);
    m.trace?.blockType?.(pfn, startMt);
  }
  return true;
}
