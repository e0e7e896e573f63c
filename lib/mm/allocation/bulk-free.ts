/**
 * Freeing many single pages: between two drains of the per-CPU lists a free reads nothing that frees change but the number of
 * pages on the lists, so that how many fit is known beforehand. What the frees would have noted is noted for all of them at
 * once. Model of free_unref_page_commit().
 */
import type { Memory } from "../state/memory";
import { PCP_BATCH_SCALE_MAX, PCPF_PREV_FREE_HIGH_ORDER, type PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";

/**
 * Single pages that may be freed to the per-CPU lists one after the other before one of them drains, or is looked at for more
 * than its number: while kswapd works or free pages are below the high watermark, every free changes the limit (6.7+).
 */
export function roomForFrees(m: Memory, zone: Zone, pcp: PerCpuPages): number {
  if (m.countsFrees) {
    if (zone.reclaimActive || zone.belowHigh) return 0;
    return Math.min(Math.max(pcp.high, pcp.highMin), pcp.highMax) - 1 - pcp.count;
  }
  let high = pcp.high;
  if (zone.reclaimActive && m.sw.pcpFree !== "fixed" && high > pcp.batch << 2) high = pcp.batch << 2;
  return high - 1 - pcp.count;
}

/** `n` single pages were put on the lists, as many as there was room for at most: what the frees leave beside them. */
export function noteFrees(m: Memory, pcp: PerCpuPages, n: number): void {
  pcp.count += n;
  if (!m.countsFrees || n === 0) return;
  pcp.allocFactor = n > 31 ? 0 : pcp.allocFactor >> n;
  pcp.flags &= ~PCPF_PREV_FREE_HIGH_ORDER;
  const most = pcp.batch << PCP_BATCH_SCALE_MAX;
  if (pcp.freeCount < most) pcp.freeCount = Math.min(most, pcp.freeCount + n);
  pcp.high = Math.min(Math.max(pcp.high, pcp.highMin), pcp.highMax);
}
