/** Is a compaction run done? The scanners met, the score is low enough, or a page of the order is free. */

import { canStealFallback, findSuitableFallback } from "../allocation/fallback-steal";
import { freeAreaEmpty } from "../state/free-area";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../state/migratetype";
import { type CompactControl, compactScannersMet } from "./compact-control";
import {
  COMPACT_COMPLETE,
  COMPACT_CONTINUE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SUCCESS,
} from "./compact-result";
import { resetCachedPositions } from "./compaction-skip-bits";
import { extfragForOrder, highMetInBlocks } from "./compaction-suitable";

/** compact_finished(): CONTINUE, or why the run ends. */
export function compactFinished(m: Memory, cc: CompactControl): number {
  const { zone } = cc;
  if (compactScannersMet(m, cc)) {
    resetCachedPositions(m, zone);
    if (cc.direct) zone.compact.blockskipFlush = true;
    return cc.wholeZone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
  }
  if (cc.proactive) {
    const low = Math.max(100 - cc.proactiveness, 5);
    return extfragForOrder(zone, m.pageblockOrder) > low ? COMPACT_CONTINUE : COMPACT_SUCCESS;
  }
  if (cc.order === -1) return COMPACT_CONTINUE;
  if (cc.migratePfn % m.pageblockPages !== 0) return COMPACT_CONTINUE;
  // Whole page blocks can be taken without fragmenting others: nothing else is looked at.
  if (m.sw.defragMode && !cc.direct)
    return highMetInBlocks(m, zone, cc.order, cc.highestZoneidx) ? COMPACT_SUCCESS : COMPACT_CONTINUE;
  for (let order = cc.order; order <= m.maxOrder; order++) {
    if (!freeAreaEmpty(m, zone, order, cc.migratetype)) return COMPACT_SUCCESS;
    if (m.cma && cc.migratetype === MIGRATE_MOVABLE && !freeAreaEmpty(m, zone, order, MIGRATE_CMA))
      return COMPACT_SUCCESS;
    if (
      canStealFallback(m, order, cc.migratetype) &&
      findSuitableFallback(m, zone, order, cc.migratetype) >= 0
    )
      return COMPACT_SUCCESS;
  }
  return COMPACT_CONTINUE;
}
