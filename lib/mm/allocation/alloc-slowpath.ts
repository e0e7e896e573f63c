/** A request whose first attempt failed: __alloc_pages_slowpath(), without the OOM killer; `m.help` reclaims and compacts. */
import {
  COMPACT_DEFERRED,
  COMPACT_PRIO_ASYNC,
  COMPACT_PRIO_SYNC_LIGHT,
  COMPACT_SKIPPED,
} from "../compaction/compact-result";
import { type AllocContext, PATH_SLOW } from "../state/alloc-context";
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_KSWAPD_RECLAIM,
  __GFP_MEMALLOC,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_THISNODE,
  ALLOC_NO_WATERMARKS,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import type { SlowPathHelp } from "../state/slow-path-help";
import { cmaFlag, slowFlags } from "./alloc-flags";
import { type RetryState, shouldCompactRetry, shouldReclaimRetry } from "./alloc-retry";
import { drainAllPages } from "./drain-cpus";
import { getPageFromFreelist } from "./get-page";
import { unreserveHighatomicPageblock } from "./highatomic";

/** The first frame, or −1. */
export function allocPagesSlowpath(m: Memory, ac: AllocContext): number {
  const { gfp, order, mt } = ac;
  ac.path |= PATH_SLOW;
  const help = m.help;
  const canReclaim = (gfp & __GFP_DIRECT_RECLAIM) !== 0;
  let flags = slowFlags(m, ac);
  // wake_all_kswapds(): in defrag_mode kswapd and kcompactd make whole page blocks.
  const reclaimOrder = m.sw.defragMode ? Math.max(order, m.pageblockOrder) : order;
  if (gfp & __GFP_KSWAPD_RECLAIM) help?.wakeKswapd(reclaimOrder, gfp, ac.highest, ac.zonelist);
  let pfn = getPageFromFreelist(m, ac, flags);
  if (pfn >= 0) return pfn;
  const costly = order > PAGE_ALLOC_COSTLY_ORDER;
  const state: RetryState = { noProgressLoops: 0, compactionRetries: 0, priority: COMPACT_PRIO_SYNC_LIGHT };
  if (help) help.compactResult = COMPACT_SKIPPED;
  if (canReclaim && (costly || (order > 0 && mt !== MIGRATE_MOVABLE)) && help?.canCompact) {
    pfn = compactAndLook(m, ac, COMPACT_PRIO_ASYNC, help);
    if (pfn >= 0) return pfn;
    if (costly && gfp & __GFP_NORETRY) {
      const result = help.compactResult;
      if (result === COMPACT_SKIPPED || result === COMPACT_DEFERRED || gfp & __GFP_THISNODE) return -1;
      state.priority = COMPACT_PRIO_ASYNC;
    }
  }
  if (gfp & __GFP_MEMALLOC && !(gfp & __GFP_NOMEMALLOC)) flags = ALLOC_NO_WATERMARKS | cmaFlag(m, mt);
  for (;;) {
    if (gfp & __GFP_KSWAPD_RECLAIM) help?.wakeKswapd(reclaimOrder, gfp, ac.highest, ac.zonelist);
    pfn = getPageFromFreelist(m, ac, flags);
    if (pfn >= 0 || !canReclaim) return pfn;
    if (!help) return -1;
    const progress = help.directReclaim(order, gfp, ac.zonelist) > 0;
    if (progress) {
      pfn = lookAfterReclaim(m, ac);
      if (pfn >= 0) return pfn;
    }
    if (order > 0 && help.canCompact) {
      pfn = compactAndLook(m, ac, state.priority, help);
      if (pfn >= 0) return pfn;
    }
    if (gfp & __GFP_NORETRY || (costly && (!help.canCompact || !(gfp & __GFP_RETRY_MAYFAIL)))) return -1;
    if (!shouldReclaimRetry(m, ac, help, progress, state)) {
      if (!progress || !help.canCompact || !shouldCompactRetry(m, ac, help, state)) return -1;
    }
  }
}

/** __alloc_pages_direct_compact(): compact, take the captured page, otherwise search the free lists. */
function compactAndLook(m: Memory, ac: AllocContext, priority: number, help: SlowPathHelp): number {
  let pfn = help.directCompact(ac, priority);
  if (help.compactResult === COMPACT_SKIPPED) return -1;
  if (pfn >= 0) ac.zone = m.zoneOf(pfn)!;
  else pfn = getPageFromFreelist(m, ac, ac.allocFlags);
  help.compacted(pfn >= 0 ? ac.zone : null, ac.order);
  return pfn;
}

/** End of __alloc_pages_direct_reclaim(): pages may be hidden in the high-atomic reserve or on per-CPU lists. */
function lookAfterReclaim(m: Memory, ac: AllocContext): number {
  const pfn = getPageFromFreelist(m, ac, ac.allocFlags);
  if (pfn >= 0) return pfn;
  unreserveHighatomicPageblock(m, ac.zonelist, ac.highest, ac.mt, false);
  drainAllPages(m);
  return getPageFromFreelist(m, ac, ac.allocFlags);
}
