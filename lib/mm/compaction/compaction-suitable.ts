/** Is compaction worth trying? Watermarks and the fragmentation index. */

import { wmarkPages, zoneWatermarkOk } from "../allocation/zone-watermark";
import { fillContigPageInfo, fragmentationIndex } from "../reports/fragmentation-index";
import type { AllocContext } from "../state/alloc-context";
import { ALLOC_CMA, ALLOC_WMARK_MASK } from "../state/gfp";
import type { Memory } from "../state/memory";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import { WMARK_LOW, WMARK_MIN, type Zone } from "../state/zone";
import {
  COMPACT_CONTINUE,
  COMPACT_NOT_SUITABLE_ZONE,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "./compact-result";

/** vm.extfrag_threshold: below it, a failure counts as lack of memory. */
const EXTFRAG_THRESHOLD = 500;

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

/** compaction_suitable(): SUCCESS (no need), SKIPPED (not worth it) or CONTINUE. */
export function compactionSuitable(
  m: Memory,
  zone: Zone,
  order: number,
  allocFlags: number,
  highest: number,
): number {
  const free = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  let ret = compactionSuitableFor(m, zone, { order, allocFlags, highest }, free);
  if (ret === COMPACT_CONTINUE && order > PAGE_ALLOC_COSTLY_ORDER) {
    const index = fragmentationIndex(zone.nrFree, order);
    if (index >= 0 && index <= EXTFRAG_THRESHOLD) ret = COMPACT_NOT_SUITABLE_ZONE;
  }
  return ret === COMPACT_NOT_SUITABLE_ZONE ? COMPACT_SKIPPED : ret;
}
