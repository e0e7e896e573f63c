/** Fallback since 6.10: claim a whole block, from the largest page down; else take one page, the smallest first. */

import {
  accountFreePages,
  addToFreeList,
  delPageFromFreeList,
  getPageFromFreeArea,
} from "../state/free-area";
import { ALLOC_KSWAPD, ALLOC_NOFRAGMENT } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import type { Zone } from "../state/zone";
import { boostWatermark, canStealFallback, findSuitableFallback } from "./fallback-steal";
import { changePageblockRange } from "./free-one-page";
import { blockScan, moveScannedBlock, scanBlock } from "./move-freepages";
import { rmqueueSmallest, takeAndExpand, taken } from "./rmqueue-smallest";

/** __rmqueue_claim(): a page of a block that now belongs to `startMt`, or −1. */
export function rmqueueClaim(
  m: Memory,
  zone: Zone,
  order: number,
  startMt: number,
  allocFlags: number,
): number {
  const minOrder = order < m.pageblockOrder && allocFlags & ALLOC_NOFRAGMENT ? m.pageblockOrder : order;
  for (let found = m.maxOrder; found >= minOrder; found--) {
    if (!canStealFallback(m, found, startMt)) break;
    const fallbackMt = findSuitableFallback(m, zone, found, startMt);
    if (fallbackMt < 0) continue;
    const candidate = getPageFromFreeArea(m, zone, found, fallbackMt);
    const pfn = tryToClaimBlock(m, zone, candidate, found, order, startMt, fallbackMt, allocFlags);
    if (pfn >= 0) {
      m.trace?.extfrag?.(pfn, order, found, startMt, fallbackMt, m.blockType(pfn) === startMt);
      return pfn;
    }
  }
  return -1;
}

/** try_to_claim_block(): −1 when too little of the block is free or alike. */
function tryToClaimBlock(
  m: Memory,
  zone: Zone,
  pfn: number,
  found: number,
  order: number,
  startMt: number,
  blockMt: number,
  allocFlags: number,
): number {
  if (found >= m.pageblockOrder) {
    delPageFromFreeList(m, zone, pfn, found);
    accountFreePages(zone, -(1 << found), blockMt);
    changePageblockRange(m, pfn, found, startMt);
    for (let o = found - 1; o >= order; o--) addToFreeList(m, zone, pfn + (1 << o), o, startMt);
    accountFreePages(zone, (1 << found) - (1 << order), startMt);
    taken.mt = startMt;
    return pfn;
  }
  if (boostWatermark(m, zone) && allocFlags & ALLOC_KSWAPD) zone.boostedWatermark = true;
  if (!scanBlock(m, zone, pfn)) return -1;
  const { startPfn, freePages, movablePages } = blockScan;
  let alike = 0;
  if (startMt === MIGRATE_MOVABLE) alike = movablePages;
  else if (blockMt === MIGRATE_MOVABLE) alike = m.pageblockPages - (freePages + movablePages);
  if (freePages + alike < m.pageblockPages >> 1 && !m.mobilityDisabled) return -1;
  moveScannedBlock(m, zone, startMt, blockMt);
  m.setBlockType(startPfn, startMt);
  m.trace?.moveBlock?.(startPfn, startMt, blockMt);
  return rmqueueSmallest(m, zone, order, startMt);
}

/** __rmqueue_steal(): the smallest page of the first fallback type; its remainder and its block keep their type. */
export function rmqueueSteal(m: Memory, zone: Zone, order: number, startMt: number): number {
  for (let found = order; found <= m.maxOrder; found++) {
    const fallbackMt = findSuitableFallback(m, zone, found, startMt);
    if (fallbackMt < 0) continue;
    const pfn = getPageFromFreeArea(m, zone, found, fallbackMt);
    takeAndExpand(m, zone, pfn, order, found, fallbackMt);
    taken.mt = fallbackMt;
    m.trace?.extfrag?.(pfn, order, found, startMt, fallbackMt, false);
    return pfn;
  }
  return -1;
}
