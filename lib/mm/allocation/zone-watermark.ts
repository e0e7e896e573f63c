/** Watermark checks: may a request take pages from a zone? They read the zone counter without per-CPU differences. */
import { markHolds, shortcutHolds } from "../decisions/watermark";
import type { AllocContext } from "../state/alloc-context";
import { freeAreaEmpty } from "../state/free-area";
import {
  __GFP_ATOMIC,
  ALLOC_CMA,
  ALLOC_HARDER,
  ALLOC_HIGHATOMIC,
  ALLOC_MIN_RESERVE,
  ALLOC_NON_BLOCK,
  ALLOC_OOM,
  ALLOC_RESERVES,
  ALLOC_WMARK_MASK,
  ALLOC_WMARK_MIN,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_PCPTYPES } from "../state/migratetype";
import { WMARK_MIN, type Zone } from "../state/zone";

/** wmark_pages(): the watermark with the boost. */
export function wmarkPages(zone: Zone, which: number): number {
  return zone.wmark[which]! + zone.watermarkBoost;
}

/** The rules of a release that the check asks. */
export type WatermarkRules = Pick<Memory, "hardAtomic" | "wholeReserve" | "cmaApart">;

/** The counters of a zone that the check asks. */
export type WatermarkCounters = Pick<Zone, "nrReservedHighatomic" | "nrFreeHighatomic" | "nrFreeCma">;

/** __zone_watermark_unusable_free(): pages this request cannot use. */
export function unusableFree(
  m: WatermarkRules,
  zone: WatermarkCounters,
  order: number,
  allocFlags: number,
): number {
  let unusable = (1 << order) - 1;
  if ((allocFlags & (m.hardAtomic ? ALLOC_HARDER | ALLOC_OOM : ALLOC_RESERVES)) === 0)
    unusable += m.wholeReserve ? zone.nrReservedHighatomic : zone.nrFreeHighatomic;
  if (m.cmaApart && (allocFlags & ALLOC_CMA) === 0 && zone.nrFreeCma > 0) unusable += zone.nrFreeCma;
  return unusable;
}

/** The mark that a request with these rights must stay above: part of the reserve is free to atomic requests. */
export function markWithRights(m: Pick<Memory, "hardAtomic">, mark: number, allocFlags: number): number {
  if ((allocFlags & ALLOC_RESERVES) === 0) return mark;
  let min = mark;
  if (allocFlags & ALLOC_MIN_RESERVE) {
    min -= Math.trunc(min / 2);
    if (allocFlags & ALLOC_NON_BLOCK && !m.hardAtomic) min -= Math.trunc(min / 4);
  }
  if (allocFlags & ALLOC_OOM) min -= Math.trunc(min / 2);
  else if (allocFlags & ALLOC_HARDER && m.hardAtomic) min -= Math.trunc(min / 4);
  return min;
}

/** __zone_watermark_ok(): enough pages above the mark and, for order > 0, one page that is large enough. */
export function zoneWatermarkOk(
  m: Memory,
  zone: Zone,
  order: number,
  mark: number,
  highestZoneidx: number,
  allocFlags: number,
  freePages: number,
): boolean {
  const free = freePages - unusableFree(m, zone, order, allocFlags);
  const min = markWithRights(m, mark, allocFlags);
  if (m.change?.watermark !== undefined)
    return markHolds(m, zone, {
      order,
      freePages,
      unusablePages: freePages - free,
      markPages: min,
      reservePages: zone.lowmemReserve[highestZoneidx]!,
      pageFree: order === 0 || pageFree(m, zone, order, allocFlags),
    });
  if (free <= min + zone.lowmemReserve[highestZoneidx]!) return false;
  return order === 0 || pageFree(m, zone, order, allocFlags);
}

/** The second half of __zone_watermark_ok(): whether a page of the order or more is free to a request with these rights. */
function pageFree(m: Memory, zone: Zone, order: number, allocFlags: number): boolean {
  for (let o = order; o <= m.maxOrder; o++) {
    if (zone.nrFree[o] === 0) continue;
    for (let mt = 0; mt < MIGRATE_PCPTYPES; mt++) if (!freeAreaEmpty(m, zone, o, mt)) return true;
    if ((allocFlags & ALLOC_CMA || (m.cma && !m.cmaApart)) && !freeAreaEmpty(m, zone, o, MIGRATE_CMA))
      return true;
    if (
      allocFlags & (ALLOC_OOM | (m.hardAtomic ? ALLOC_HARDER : ALLOC_HIGHATOMIC)) &&
      !freeAreaEmpty(m, zone, o, MIGRATE_HIGHATOMIC)
    )
      return true;
  }
  return false;
}

/** Whether the boost does not bind this request of order 0. */
function boostOverlooked(m: Memory, ac: AllocContext): boolean {
  if (m.sw.boostExempt === "none") return false;
  return m.sw.boostExempt === "atomic"
    ? (ac.gfp & __GFP_ATOMIC) !== 0
    : (ac.allocFlags & ALLOC_MIN_RESERVE) !== 0;
}

/** zone_watermark_fast(): a request's check, with the shortcut for order 0. */
export function zoneWatermarkFast(m: Memory, zone: Zone, ac: AllocContext, mark: number): boolean {
  const { order, highest, allocFlags } = ac;
  const free = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
  if (order === 0) {
    // Before 5.9, free CMA pages are subtracted here, but not the high-atomic reserve.
    const rights = m.quickCheckReserve
      ? allocFlags
      : allocFlags | (m.hardAtomic ? ALLOC_HARDER : ALLOC_RESERVES);
    const reserved = unusableFree(m, zone, 0, rights);
    const usable = free - (reserved < free ? reserved : free);
    if (
      usable > mark + zone.lowmemReserve[highest]! &&
      (m.change === null || shortcutHolds(m, zone, ac, mark))
    )
      return true;
  }
  if (zoneWatermarkOk(m, zone, order, mark, highest, allocFlags, free)) return true;
  if (
    order === 0 &&
    zone.watermarkBoost > 0 &&
    boostOverlooked(m, ac) &&
    (allocFlags & ALLOC_WMARK_MASK) === ALLOC_WMARK_MIN
  )
    return zoneWatermarkOk(m, zone, order, zone.wmark[WMARK_MIN]!, highest, allocFlags, free);
  return false;
}
