/** Is a compaction run done? The scanners met, the score is low enough, or a page of the order is free. */

import { findSuitableFallback, mayClaimBlock } from "../allocation/fallback-steal";
import { endsRun } from "../decisions/compaction";
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
  if (m.change?.compactionFinished !== undefined) return finishedChanged(m, cc);
  if (cc.proactive)
    return extfragForOrder(zone, m.pageblockOrder) > scoreGoal(cc) ? COMPACT_CONTINUE : COMPACT_SUCCESS;
  if (cc.order === -1) return COMPACT_CONTINUE;
  if (cc.migratePfn % m.pageblockPages !== 0) return COMPACT_CONTINUE;
  return pageFree(m, cc) ? COMPACT_SUCCESS : COMPACT_CONTINUE;
}

/** The fragmentation score at which a proactive run ends. */
function scoreGoal(cc: CompactControl): number {
  return Math.max(100 - cc.proactiveness, 5);
}

/** The end of a run whose scanners have not met, as a change decides it. */
function finishedChanged(m: Memory, cc: CompactControl): number {
  const { zone, proactive } = cc;
  const ends = endsRun(m, cc, {
    score: proactive ? extfragForOrder(zone, m.pageblockOrder) : 0,
    scoreGoal: proactive ? scoreGoal(cc) : 0,
    pageFree: !proactive && cc.order !== -1 && pageFree(m, cc),
  });
  return ends ? COMPACT_SUCCESS : COMPACT_CONTINUE;
}

/** Whether a page of the order is free to the request, in its own lists or by a fallback. */
function pageFree(m: Memory, cc: CompactControl): boolean {
  const { zone } = cc;
  // Whole page blocks can be taken without fragmenting others: nothing else is looked at.
  if (m.sw.defragMode && !cc.direct) return highMetInBlocks(m, zone, cc.order, cc.highestZoneidx);
  for (let order = cc.order; order <= m.maxOrder; order++) {
    if (!freeAreaEmpty(m, zone, order, cc.migratetype)) return true;
    if (m.cma && cc.migratetype === MIGRATE_MOVABLE && !freeAreaEmpty(m, zone, order, MIGRATE_CMA))
      return true;
    if (
      mayClaimBlock(m, zone, order, cc.migratetype) &&
      findSuitableFallback(m, zone, order, cc.migratetype) >= 0
    )
      return true;
  }
  return false;
}
