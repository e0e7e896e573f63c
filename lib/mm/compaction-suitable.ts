/** Is compaction worth trying, and is it done? Watermarks, fragmentation index, free pages of the order. */
import {
  COMPACT_COMPLETE,
  COMPACT_CONTINUE,
  COMPACT_NOT_SUITABLE_ZONE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
  type CompactControl,
  compactScannersMet,
} from "./compact-control";
import { resetCachedPositions } from "./compaction-skip-bits";
import { canStealFallback, findSuitableFallback } from "./fallback-steal";
import { freeAreaEmpty } from "./free-area";
import { ALLOC_CMA, ALLOC_WMARK_MASK } from "./gfp";
import type { Memory } from "./memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "./migratetype";
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

/** compact_finished(): CONTINUE, or why the run ends. */
export function compactFinished(m: Memory, cc: CompactControl, proactiveness: number): number {
  const { zone } = cc;
  if (compactScannersMet(m, cc)) {
    resetCachedPositions(m, zone);
    if (cc.direct) zone.compact.blockskipFlush = true;
    return cc.wholeZone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
  }
  if (cc.proactive) {
    const low = Math.max(100 - proactiveness, 5);
    return extfragForOrder(m, zone, m.pageblockOrder) > low ? COMPACT_CONTINUE : COMPACT_SUCCESS;
  }
  if (cc.order === -1) return COMPACT_CONTINUE;
  if (cc.migratePfn % m.pageblockPages !== 0) return COMPACT_CONTINUE;
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
