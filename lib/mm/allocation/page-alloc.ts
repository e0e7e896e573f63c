/** The heart of the zoned buddy allocator: requests for pages, single and in bulk, and frees. */

import { AllocContext } from "../state/alloc-context";
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_NORETRY,
  ALLOC_NO_WATERMARKS,
  ALLOC_NOFRAGMENT,
  ALLOC_WMARK_LOW,
  ALLOC_WMARK_MASK,
  gfpZone,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { ALLOCATED, IN_USE_MOVABLE, ORDER_MASK } from "../state/page-state";
import type { Zone } from "../state/zone";
import { cmaFlag, fastFlags, slowFlags } from "./alloc-flags";
import { allocPagesSlowpath } from "./alloc-slowpath";
import { freeOnePageLocked } from "./free-one-page";
import { getPageFromFreelist, zoneAllows } from "./get-page";
import { takeFromPcplist, trylockFails } from "./pcp-alloc";
import { freeUnrefPage } from "./pcp-free";
import { wmarkPages, zoneWatermarkFast } from "./zone-watermark";

/** The context of a new request: the machine's, or a new one if the request is nested in another. */
function beginRequest(m: Memory, gfp: number, order: number, zonelist: readonly Zone[]): AllocContext {
  const ac = m.ac.busy ? new AllocContext() : m.ac;
  ac.busy = true;
  ac.order = order;
  ac.gfp = gfp;
  ac.mt = m.mobilityDisabled ? 0 : (gfp >> 3) & 3;
  ac.highest = gfpZone(gfp);
  if (ac.zonelist !== zonelist) ac.zonelist = zonelist;
  ac.path = 0;
  return ac;
}

/** The zones for a request that names none. */
export function defaultZonelist(m: Memory, gfp: number): readonly Zone[] {
  return m.nrNodes > 1 ? m.zonelistOf(m.firstNode, gfp)! : m.zonelists[gfpZone(gfp)]!;
}

/**
 * __alloc_pages(): allocates 2^order frames with `gfp`. Returns the first frame, or −1. `zonelist` holds the zones
 * that the request may use, in order (Memory.zonelistOf()); default: the first node's list.
 */
export function allocPages(m: Memory, gfp: number, order: number, zonelist?: readonly Zone[]): number {
  if (order > m.maxOrder) return -1;
  const zones = zonelist ?? defaultZonelist(m, gfp);
  if (zones.length === 0) return -1;
  const ac = beginRequest(m, gfp, order, zones);
  let pfn = getPageFromFreelist(m, ac, fastFlags(m, ac));
  if (pfn < 0) pfn = allocPagesSlowpath(m, ac);
  if (pfn < 0 && m.sw.defragMode && gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NORETRY))
    pfn = getPageFromFreelist(m, ac, slowFlags(m, ac) & ~ALLOC_NOFRAGMENT);
  if (pfn >= 0) prepNewPage(m, pfn, order, ac.mt);
  ac.busy = false;
  return pfn;
}

/**
 * Marks a page as in use. Its state is stored at its head only; frames of a movable request count as movable in block
 * claims.
 */
export function prepNewPage(m: Memory, pfn: number, order: number, mt: number): void {
  m.state[pfn] = mt === MIGRATE_MOVABLE ? ALLOCATED | IN_USE_MOVABLE | order : ALLOCATED | order;
}

/**
 * The rights of an attempt: those of a request's first one (false), those of the slow path (true), or ALLOC_ flags, for
 * a task that reclaims or that the OOM killer chose.
 */
export type AttemptRights = boolean | number;

/** What a single attempt of a new request does. */
function asAttempt<T>(
  m: Memory,
  gfp: number,
  order: number,
  rights: AttemptRights,
  act: (ac: AllocContext) => T,
): T {
  const ac = beginRequest(m, gfp, order, m.zonelists[gfpZone(gfp)]!);
  if (typeof rights === "number") ac.allocFlags = rights;
  else ac.allocFlags = rights ? slowFlags(m, ac) : fastFlags(m, ac);
  const result = act(ac);
  ac.busy = false;
  return result;
}

/**
 * One attempt of a request alone; −1 where the kernel would go on. The first one keeps to the low watermark; on the
 * slow path it is the min watermark, and fragmenting fallbacks are allowed.
 */
export function allocPagesOnce(m: Memory, gfp: number, order: number, rights: AttemptRights): number {
  return asAttempt(m, gfp, order, rights, (ac) => {
    const pfn = getPageFromFreelist(m, ac, ac.allocFlags);
    if (pfn >= 0) prepNewPage(m, pfn, order, ac.mt);
    return pfn;
  });
}

/** What an attempt leaves behind even if it gets no page: the flags of the zones it looked at. */
export function looksAtZones(m: Memory, gfp: number, order: number, rights: AttemptRights): void {
  asAttempt(m, gfp, order, rights, (ac) => ac.zonelist.some((zone) => zoneAllows(m, zone, ac)));
}

/** Whether the watermark of a zone allows an attempt. */
export function allowsAttempt(
  m: Memory,
  zone: Zone,
  gfp: number,
  order: number,
  rights: AttemptRights,
): boolean {
  return asAttempt(m, gfp, order, rights, (ac) => {
    const mark = wmarkPages(zone, ac.allocFlags & ALLOC_WMARK_MASK);
    const withoutMark = (ac.allocFlags & ALLOC_NO_WATERMARKS) !== 0;
    return ac.zonelist.includes(zone) && (withoutMark || zoneWatermarkFast(m, zone, ac, mark));
  });
}

/**
 * __alloc_pages_bulk(): up to `nr` single frames into `out`; returns how many. A zone must hold `nr` pages above its
 * low watermark; otherwise one page is requested in the ordinary way.
 */
export function allocPagesBulk(
  m: Memory,
  gfp: number,
  nr: number,
  out: Int32Array,
  zonelist: readonly Zone[] = m.zonelistOf(m.firstNode, gfp) ?? [],
): number {
  const n = nr > 1 && m.usesPcp ? takeBulk(m, beginRequest(m, gfp, 0, zonelist), nr, out) : 0;
  if (n > 0) return n;
  const pfn = allocPages(m, gfp, 0, zonelist);
  if (pfn < 0) return 0;
  out[0] = pfn;
  return 1;
}

/** The part of a bulk request that is served by the per-CPU lists of the first zone with enough pages. */
function takeBulk(m: Memory, ac: AllocContext, nr: number, out: Int32Array): number {
  const { zonelist, mt } = ac;
  ac.allocFlags = ALLOC_WMARK_LOW | cmaFlag(m, mt);
  let n = 0;
  for (const zone of zonelist) {
    if (m.nrNodes > 1 && zone.nid !== zonelist[0]!.nid) break;
    if (!zoneWatermarkFast(m, zone, ac, wmarkPages(zone, ALLOC_WMARK_LOW) + nr)) continue;
    if (trylockFails(m)) break;
    while (n < nr) {
      const pfn = takeFromPcplist(m, zone, ac, zone.pcp);
      if (pfn < 0) break;
      prepNewPage(m, pfn, 0, mt);
      out[n++] = pfn;
    }
    break;
  }
  ac.busy = false;
  return n;
}

/** __free_pages() for frames that may be part of a larger page: if so, split_page() comes first. */
export function freePages(m: Memory, pfn: number, order: number): void {
  if ((m.state[pfn]! & (ALLOCATED | ORDER_MASK)) !== (ALLOCATED | order)) m.splitAllocated(pfn, order);
  freeWholePages(m, pfn, order);
}

/**
 * __free_pages() for the last reference to a page allocated with this order: through the per-CPU lists if they serve
 * the order. It does not read the page's own state, which is rarely cached when the page is freed.
 */
export function freeWholePages(m: Memory, pfn: number, order: number): void {
  const zone = m.zoneOf(pfn)!;
  if (m.lru !== null) m.lru.remove(pfn);
  if (m.pcpAllowedOrder(order)) freeUnrefPage(m, zone, pfn, order);
  else freeOnePageLocked(m, zone, pfn, order, false);
}

/** __free_pages_core(): boot memory, past the per-CPU lists, to the tail since 5.10. */
export function freePagesCore(m: Memory, pfn: number, order: number): void {
  const zone = m.zoneOf(pfn)!;
  freeOnePageLocked(m, zone, pfn, order, m.sw.bootFreeToTail);
}
