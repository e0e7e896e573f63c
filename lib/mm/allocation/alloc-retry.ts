/** Decides whether a request that failed after reclaim and compaction tries again. Model of mm/page_alloc.c, 6.1. */
import {
  COMPACT_COMPLETE,
  COMPACT_CONTENDED,
  COMPACT_CONTINUE,
  COMPACT_DEFERRED,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_PRIO_SYNC_FULL,
  COMPACT_PRIO_SYNC_LIGHT,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "../compaction/compact-result";
import { compactionSuitableFor } from "../compaction/compaction-suitable";
import type { AllocContext } from "../state/alloc-context";
import type { Memory } from "../state/memory";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import type { SlowPathHelp } from "../state/slow-path-help";
import { nrFreeSnapshot } from "../state/vmstat";
import { WMARK_MIN } from "../state/zone";
import { unreserveHighatomicPageblock } from "./highatomic";
import { wmarkPages, zoneWatermarkOk } from "./zone-watermark";

const MAX_RECLAIM_RETRIES = 16;
const MAX_COMPACT_RETRIES = 16;

/** The state of one request's retry loop. */
export interface RetryState {
  noProgressLoops: number;
  compactionRetries: number;
  /** COMPACT_PRIO_ number. */
  priority: number;
}

/** should_reclaim_retry(): would the request succeed if all reclaimable pages were free? */
export function shouldReclaimRetry(
  m: Memory,
  ac: AllocContext,
  help: SlowPathHelp,
  progress: boolean,
  state: RetryState,
): boolean {
  if (progress && ac.order <= PAGE_ALLOC_COSTLY_ORDER) state.noProgressLoops = 0;
  else state.noProgressLoops++;
  if (state.noProgressLoops <= MAX_RECLAIM_RETRIES)
    for (const zone of ac.zonelist) {
      if (zone.idx > ac.highest) continue;
      const available = help.reclaimablePages(zone) + nrFreeSnapshot(zone);
      const mark = wmarkPages(zone, WMARK_MIN);
      if (zoneWatermarkOk(m, zone, ac.order, mark, ac.highest, ac.allocFlags, available)) return true;
    }
  return unreserveHighatomicPageblock(m, ac.zonelist, ac.highest, ac.mt, true);
}

/** compaction_zonelist_suitable(): could compaction succeed after more reclaim? */
function zonelistSuitable(m: Memory, ac: AllocContext, help: SlowPathHelp): boolean {
  return ac.zonelist.some((zone) => {
    if (zone.idx > ac.highest) return false;
    const free = Math.floor(help.reclaimablePages(zone) / ac.order) + nrFreeSnapshot(zone);
    return compactionSuitableFor(m, zone, ac, free) === COMPACT_CONTINUE;
  });
}

/** should_compact_retry(). */
export function shouldCompactRetry(
  m: Memory,
  ac: AllocContext,
  help: SlowPathHelp,
  state: RetryState,
): boolean {
  if (ac.order === 0) return false;
  const result = help.compactResult;
  const costly = ac.order > PAGE_ALLOC_COSTLY_ORDER;
  if (result === COMPACT_SUCCESS) state.compactionRetries++;
  if (result === COMPACT_SKIPPED) return zonelistSuitable(m, ac, help);
  const raise =
    result === COMPACT_COMPLETE ||
    result === COMPACT_DEFERRED ||
    result === COMPACT_CONTENDED ||
    result === COMPACT_PARTIAL_SKIPPED;
  if (!raise && state.compactionRetries <= (costly ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES))
    return true;
  const least = costly ? COMPACT_PRIO_SYNC_LIGHT : COMPACT_PRIO_SYNC_FULL;
  if (state.priority <= least) return false;
  state.priority--;
  state.compactionRetries = 0;
  return true;
}
