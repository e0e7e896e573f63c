/**
 * Fallback since 6.10: claim a whole block, starting with the largest page; otherwise take one page, the smallest
 * first.
 */

import { claimWord, stealsPage } from "../decisions/fallback";
import type { AllocContext } from "../state/alloc-context";
import { accountFreePages, addToFreeList, delPageFromFreeList } from "../state/free-area";
import { ALLOC_KSWAPD, ALLOC_NOFRAGMENT } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import type { Zone } from "../state/zone";
import { boostWatermark, findSuitableFallback, mayClaimBlock, suitablePage } from "./fallback-steal";
import { changePageblockRange } from "./free-one-page";
import { moveScannedBlock, scanBlock } from "./move-freepages";
import { rmqueueSmallest, takeAndExpand } from "./rmqueue-smallest";

/** __rmqueue_claim(): a page of a block that now belongs to the request's type, or −1. */
export function rmqueueClaim(m: Memory, zone: Zone, ac: AllocContext): number {
  const { order, mt: startMt, allocFlags } = ac;
  const minOrder = order < m.pageblockOrder && allocFlags & ALLOC_NOFRAGMENT ? m.pageblockOrder : order;
  for (let found = m.maxOrder; found >= minOrder; found--) {
    if (!mayClaimBlock(m, zone, found, startMt)) break;
    const fallbackMt = findSuitableFallback(m, zone, found, startMt);
    if (fallbackMt < 0) continue;
    const pfn = tryToClaimBlock(m, zone, ac, found, fallbackMt);
    if (pfn >= 0) {
      m.trace?.extfrag?.({
        pfn,
        order,
        mt: startMt,
        fallbackOrder: found,
        fallbackMt,
        changedOwnership: m.blockType(pfn) === startMt,
      });
      return pfn;
    }
  }
  return -1;
}

/**
 * try_to_claim_block() for the block of the first free page of order `found` and type `blockMt`: −1 if too few of its
 * pages are free or of a compatible type.
 */
function tryToClaimBlock(m: Memory, zone: Zone, ac: AllocContext, found: number, blockMt: number): number {
  const { order, mt: startMt } = ac;
  const pfn = suitablePage(m, zone, found, blockMt);
  if (found >= m.pageblockOrder) {
    delPageFromFreeList(m, zone, pfn, found);
    accountFreePages(zone, -(1 << found), blockMt);
    changePageblockRange(m, pfn, found, startMt);
    for (let o = found - 1; o >= order; o--) addToFreeList(m, zone, pfn + (1 << o), o, startMt);
    accountFreePages(zone, (1 << found) - (1 << order), startMt);
    ac.takenMt = startMt;
    return pfn;
  }
  if (boostWatermark(m, zone) && ac.allocFlags & ALLOC_KSWAPD) zone.boostedWatermark = true;
  if (!scanBlock(m, zone, pfn)) return -1;
  const { startPfn, freePages, movablePages } = m.blockScan;
  let alike = 0;
  if (startMt === MIGRATE_MOVABLE) alike = movablePages;
  else if (blockMt === MIGRATE_MOVABLE) alike = m.pageblockPages - (freePages + movablePages);
  if (m.change?.claimBlock !== undefined) {
    if (claimWord(m, zone, ac, { pfn, order: found, mt: blockMt, alike }) !== "claim") return -1;
  } else if (freePages + alike < m.pageblockPages >> 1 && !m.mobilityDisabled) return -1;
  moveScannedBlock(m, zone, startMt, blockMt);
  m.setBlockType(startPfn, startMt);
  m.trace?.moveBlock?.(startPfn, startMt, blockMt);
  return rmqueueSmallest(m, zone, order, startMt, ac);
}

/** __rmqueue_steal(): the smallest page of the first fallback type; its remainder and its block keep their type. */
export function rmqueueSteal(m: Memory, zone: Zone, ac: AllocContext): number {
  const { order, mt: startMt } = ac;
  for (let found = order; found <= m.maxOrder; found++) {
    const fallbackMt = findSuitableFallback(m, zone, found, startMt);
    if (fallbackMt < 0) continue;
    const pfn = suitablePage(m, zone, found, fallbackMt);
    if (m.change?.stealPage !== undefined && !stealsPage(m, zone, ac, { pfn, order: found, mt: fallbackMt }))
      continue;
    takeAndExpand(m, zone, pfn, order, found, fallbackMt);
    ac.takenMt = fallbackMt;
    m.trace?.extfrag?.({
      pfn,
      order,
      mt: startMt,
      fallbackOrder: found,
      fallbackMt,
      changedOwnership: false,
    });
    return pfn;
  }
  return -1;
}
