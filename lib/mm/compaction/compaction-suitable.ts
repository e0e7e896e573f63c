/** Is compaction worth trying? Watermarks and the fragmentation index. */

import { wmarkPages, zoneWatermarkOk } from "../allocation/zone-watermark";
import { suits } from "../decisions/compaction";
import { fillContigPageInfo, fragmentationIndex } from "../reports/fragmentation-index";
import type { AllocContext } from "../state/alloc-context";
import { nrFreePagesBlocks } from "../state/free-area";
import { ALLOC_CMA, ALLOC_WMARK_HIGH, ALLOC_WMARK_MASK } from "../state/gfp";
import type { Memory } from "../state/memory";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import { WMARK_HIGH, WMARK_LOW, WMARK_MIN, type Zone } from "../state/zone";
import { COMPACT_CONTINUE, COMPACT_SKIPPED, COMPACT_SUCCESS } from "./compact-result";

/** extfrag_for_order(): percentage of free memory in pages too small for `order`. */
export function extfragForOrder(zone: Zone, order: number): number {
  const { freePages: free, freeBlocksSuitable: suitable } = fillContigPageInfo(zone.nrFree, order);
  return free === 0 ? 0 : Math.floor(((free - suitable * (1 << order)) * 100) / free);
}

/** __compaction_suitable() for `free` free pages. */
export function compactionSuitableFor(
  m: Memory,
  zone: Zone,
  request: Pick<AllocContext, "order" | "allocFlags" | "highest">,
  free: number,
): number {
  const { order, allocFlags, highest } = request;
  if (order === -1) return COMPACT_CONTINUE;
  const now = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  const mark = wmarkPages(zone, allocFlags & ALLOC_WMARK_MASK);
  if (zoneWatermarkOk(m, zone, order, mark, highest, allocFlags, now)) return COMPACT_SUCCESS;
  const base = wmarkPages(zone, order > PAGE_ALLOC_COSTLY_ORDER ? WMARK_LOW : WMARK_MIN);
  const gap = 2 * (1 << order);
  if (!zoneWatermarkOk(m, zone, 0, base + gap, highest, ALLOC_CMA, free)) return COMPACT_SKIPPED;
  return COMPACT_CONTINUE;
}

/** Whether the fragmentation index says that a costly request lacks memory, which compaction cannot make. */
function lacksMemory(m: Memory, zone: Zone, order: number): boolean {
  if (order <= PAGE_ALLOC_COSTLY_ORDER) return false;
  const index = fragmentationIndex(zone.nrFree, order);
  return index >= 0 && index <= m.extfragThreshold;
}

/**
 * compaction_suit_allocation_order() for kcompactd. In defrag_mode (6.15+) the high watermark has to be met in whole page blocks,
 * which requests can take without fragmenting others.
 */
export function kcompactdSuitable(m: Memory, zone: Zone, order: number, highest: number): number {
  if (!m.sw.defragMode || order === -1) return compactionSuitable(m, zone, order, 0, highest);
  if (highMetInBlocks(m, zone, order, highest)) {
    if (m.change?.compactionSuitable === undefined) return COMPACT_SUCCESS;
    return suits(m, zone, order, { markMet: true, hasRoom: true, costly: order > PAGE_ALLOC_COSTLY_ORDER });
  }
  const mark = wmarkPages(zone, WMARK_HIGH) + 2 * (1 << order);
  const free = Math.max(0, zone.nrFreePages);
  const hasRoom = zoneWatermarkOk(m, zone, 0, mark, highest, ALLOC_CMA, free);
  if (m.change?.compactionSuitable !== undefined)
    return suits(m, zone, order, { markMet: false, hasRoom, costly: order > PAGE_ALLOC_COSTLY_ORDER });
  if (!hasRoom) return COMPACT_SKIPPED;
  return lacksMemory(m, zone, order) ? COMPACT_SKIPPED : COMPACT_CONTINUE;
}

/** Whether the free memory in whole page blocks alone is above the high watermark. */
export function highMetInBlocks(m: Memory, zone: Zone, order: number, highest: number): boolean {
  const mark = wmarkPages(zone, WMARK_HIGH);
  return zoneWatermarkOk(m, zone, order, mark, highest, ALLOC_WMARK_HIGH, nrFreePagesBlocks(m, zone));
}

/** compaction_suitable(): SUCCESS (no need), SKIPPED (not worth it) or CONTINUE. */
export function compactionSuitable(
  m: Memory,
  zone: Zone,
  order: number,
  allocFlags: number,
  highest: number,
): number {
  const free = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  const ret = compactionSuitableFor(m, zone, { order, allocFlags, highest }, free);
  if (m.change?.compactionSuitable !== undefined && order !== -1) {
    const markMet = ret === COMPACT_SUCCESS;
    const hasRoom = ret !== COMPACT_SKIPPED;
    return suits(m, zone, order, { markMet, hasRoom, costly: order > PAGE_ALLOC_COSTLY_ORDER });
  }
  return ret === COMPACT_CONTINUE && lacksMemory(m, zone, order) ? COMPACT_SKIPPED : ret;
}
