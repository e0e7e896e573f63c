/** Is compaction worth trying? Watermarks and the fragmentation index. */

import {
  COMPACT_CONTINUE,
  COMPACT_NOT_SUITABLE_ZONE,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "./compact-result";
import { ALLOC_CMA, ALLOC_WMARK_MASK } from "./gfp";
import type { Memory } from "./memory";
import { PAGE_ALLOC_COSTLY_ORDER } from "./per-cpu-pages";
import { WMARK_LOW, WMARK_MIN, type Zone } from "./zone";
import { wmarkPages, zoneWatermarkOk } from "./zone-watermark";

/** vm.extfrag_threshold: below it, a failure is put down to lack of memory. */
const EXTFRAG_THRESHOLD = 500;

/**
 * fragmentation_index() of mm/vmstat.c: −1000 where a request would succeed, towards 0 lack of memory, towards 1000
 * fragmentation.
 */
export function fragmentationIndex(m: Memory, zone: Zone, order: number): number {
  let free = 0;
  let blocks = 0;
  let suitable = 0;
  for (let o = 0; o <= m.maxOrder; o++) {
    const n = zone.nrFree[o]!;
    free += n * 2 ** o;
    blocks += n;
    if (o >= order) suitable += n * 2 ** (o - order);
  }
  if (blocks === 0) return 0;
  if (suitable > 0) return -1000;
  return 1000 - Math.floor((1000 + Math.floor((free * 1000) / 2 ** order)) / blocks);
}

/** extfrag_for_order(): percentage of free memory in pages too small for `order`. */
export function extfragForOrder(m: Memory, zone: Zone, order: number): number {
  let free = 0;
  let suitable = 0;
  for (let o = 0; o <= m.maxOrder; o++) {
    const n = zone.nrFree[o]!;
    free += n * 2 ** o;
    if (o >= order) suitable += n * 2 ** (o - order);
  }
  return free === 0 ? 0 : Math.floor(((free - suitable * 2 ** order) * 100) / free);
}

/** __compaction_suitable() for `free` free pages. */
export function compactionSuitableFor(
  m: Memory,
  zone: Zone,
  order: number,
  allocFlags: number,
  highestZoneidx: number,
  free: number,
): number {
  if (order === -1) return COMPACT_CONTINUE;
  const now = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  const mark = wmarkPages(zone, allocFlags & ALLOC_WMARK_MASK);
  if (zoneWatermarkOk(m, zone, order, mark, highestZoneidx, allocFlags, now)) return COMPACT_SUCCESS;
  const base = wmarkPages(zone, order > PAGE_ALLOC_COSTLY_ORDER ? WMARK_LOW : WMARK_MIN);
  const gap = 2 * 2 ** order;
  if (!zoneWatermarkOk(m, zone, 0, base + gap, highestZoneidx, ALLOC_CMA, free)) return COMPACT_SKIPPED;
  return COMPACT_CONTINUE;
}

/** compaction_suitable(): SUCCESS (no need), SKIPPED (not worth it) or CONTINUE. */
export function compactionSuitable(
  m: Memory,
  zone: Zone,
  order: number,
  allocFlags: number,
  highestZoneidx: number,
): number {
  const free = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  let ret = compactionSuitableFor(m, zone, order, allocFlags, highestZoneidx, free);
  if (ret === COMPACT_CONTINUE && order > PAGE_ALLOC_COSTLY_ORDER) {
    const index = fragmentationIndex(m, zone, order);
    if (index >= 0 && index <= EXTFRAG_THRESHOLD) ret = COMPACT_NOT_SUITABLE_ZONE;
  }
  return ret === COMPACT_NOT_SUITABLE_ZONE ? COMPACT_SKIPPED : ret;
}
