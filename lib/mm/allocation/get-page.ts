/**
 * One attempt of a request: it walks its zones and, within a zone, tries the per-CPU lists before the buddy lists.
 */
import { type AllocContext, PATH_BUDDY } from "../state/alloc-context";
import { accountFreePages } from "../state/free-area";
import {
  ALLOC_CMA,
  ALLOC_HIGHATOMIC,
  ALLOC_NO_WATERMARKS,
  ALLOC_NOFRAGMENT,
  ALLOC_NON_BLOCK,
  ALLOC_OOM,
  ALLOC_WMARK_MASK,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_HIGHATOMIC, MIGRATE_MOVABLE } from "../state/migratetype";
import { WMARK_HIGH, type Zone } from "../state/zone";
import { reserveHighatomicPageblock } from "./highatomic";
import { rmqueuePcplist } from "./pcp-alloc";
import { rmqueueLocked } from "./rmqueue";
import { rmqueueSmallest } from "./rmqueue-smallest";
import { wmarkPages, zoneWatermarkFast } from "./zone-watermark";

/** rmqueue_buddy(): past the per-CPU lists. */
function rmqueueBuddy(m: Memory, zone: Zone, ac: AllocContext): number {
  const { order, allocFlags } = ac;
  let pfn = -1;
  if (allocFlags & ALLOC_HIGHATOMIC) pfn = rmqueueSmallest(m, zone, order, MIGRATE_HIGHATOMIC, ac);
  if (pfn < 0) {
    pfn = rmqueueLocked(m, zone, ac);
    if (pfn < 0 && allocFlags & (ALLOC_OOM | ALLOC_NON_BLOCK) && !m.hardAtomic)
      pfn = rmqueueSmallest(m, zone, order, MIGRATE_HIGHATOMIC, ac);
    if (pfn < 0) return -1;
  }
  if (!m.countPerPage) accountFreePages(zone, -(1 << order), ac.takenMt);
  ac.path |= PATH_BUDDY;
  return pfn;
}

/** rmqueue(). */
export function rmqueue(m: Memory, zone: Zone, ac: AllocContext): number {
  let pfn = -1;
  if (m.pcpAllowedOrder(ac.order)) {
    if (!m.cma || ac.allocFlags & ALLOC_CMA || ac.mt !== MIGRATE_MOVABLE) pfn = rmqueuePcplist(m, zone, ac);
  }
  if (pfn < 0) pfn = rmqueueBuddy(m, zone, ac);
  if (zone.boostedWatermark) {
    zone.boostedWatermark = false;
    m.help?.wakeKswapd(0, 0, zone.idx, [zone]);
  }
  return pfn;
}

/**
 * get_page_from_freelist(): takes a page from the first zone in the list that has one and meets its watermark.
 * `allocFlags` become the request's flags.
 */
export function getPageFromFreelist(m: Memory, ac: AllocContext, allocFlags: number): number {
  const { zonelist } = ac;
  ac.allocFlags = allocFlags;
  for (;;) {
    let remote = false;
    for (let i = 0; i < zonelist.length; i++) {
      const zone = zonelist[i]!;
      if (i > 0 && ac.allocFlags & ALLOC_NOFRAGMENT && zone.nid !== zonelist[0]!.nid && !m.sw.defragMode) {
        remote = true;
        break;
      }
      if (!zoneAllows(m, zone, ac)) continue;
      const pfn = rmqueue(m, zone, ac);
      if (pfn >= 0) {
        ac.zone = zone;
        if (ac.allocFlags & ALLOC_HIGHATOMIC) reserveHighatomicPageblock(m, zone, pfn, ac.order);
        return pfn;
      }
    }
    // vm.defrag_mode never drops the flag here: the slow path does, as a last resort.
    if (!remote && ((ac.allocFlags & ALLOC_NOFRAGMENT) === 0 || m.sw.defragMode)) break;
    // The next zone is on another node, or no zone is left: allow fragmenting fallbacks and walk again.
    ac.allocFlags &= ~ALLOC_NOFRAGMENT;
  }
  ac.allocFlags = allocFlags;
  return -1;
}

/** The watermark check of the walk, with the high-watermark probe of 6.7+ that controls the size of pcp lists. */
export function zoneAllows(m: Memory, zone: Zone, ac: AllocContext): boolean {
  if (m.autoTune && !zone.belowHigh) {
    if (zoneWatermarkFast(m, zone, ac, wmarkPages(zone, WMARK_HIGH))) return true;
    zone.belowHigh = true;
  }
  const { allocFlags } = ac;
  // Without watermarks the low bits are zero, and the check (against min) does not block the request.
  return (
    zoneWatermarkFast(m, zone, ac, wmarkPages(zone, allocFlags & ALLOC_WMARK_MASK)) ||
    (allocFlags & ALLOC_NO_WATERMARKS) !== 0
  );
}
