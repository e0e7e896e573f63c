/** The heart of the zoned buddy allocator: the zone list walk, the slow path without reclaim, bulk requests, frees. */

import {
  COMPACT_DEFERRED,
  COMPACT_PRIO_ASYNC,
  COMPACT_PRIO_SYNC_LIGHT,
  COMPACT_SKIPPED,
} from "../compaction/compact-result";
import { accountFreePages } from "../state/free-area";
import {
  __GFP_ATOMIC,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_MEMALLOC,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_THISNODE,
  ALLOC_CMA,
  ALLOC_CPUSET,
  ALLOC_HIGHATOMIC,
  ALLOC_MIN_RESERVE,
  ALLOC_NO_WATERMARKS,
  ALLOC_NOFRAGMENT,
  ALLOC_NON_BLOCK,
  ALLOC_OOM,
  ALLOC_WMARK_LOW,
  ALLOC_WMARK_MASK,
  ALLOC_WMARK_MIN,
  gfpZone,
  ZONE_DMA32,
  ZONE_NORMAL,
} from "../state/gfp";
import { ALLOCATED, IN_USE_MOVABLE, type Memory, ORDER_MASK } from "../state/memory";
import { MIGRATE_HIGHATOMIC, MIGRATE_MOVABLE } from "../state/migratetype";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import type { SlowPathHelp } from "../state/slow-path-help";
import { WMARK_HIGH, type Zone } from "../state/zone";
import { type RetryRequest, type RetryState, shouldCompactRetry, shouldReclaimRetry } from "./alloc-retry";
import { freeOnePageLocked } from "./free-one-page";
import { reserveHighatomicPageblock, unreserveHighatomicPageblock } from "./highatomic";
import { rmqueuePcplist, takeFromPcplist } from "./pcp-alloc";
import { drainAllPages, freeUnrefPage } from "./pcp-free";
import { rmqueueLocked } from "./rmqueue";
import { rmqueueSmallest, taken } from "./rmqueue-smallest";
import { wmarkPages, zoneWatermarkFast } from "./zone-watermark";

/** How the last request of the machine went; overwritten by the next. */
export const lastAlloc = {
  zone: null as Zone | null,
  /** The request went past the fast path. */
  slow: false,
  /** It asked for direct compaction or reclaim and there was none to help: a real kernel might have. */
  wantedReclaim: false,
  wantedCompaction: false,
  /** The pages came past the per-CPU lists. */
  buddy: false,
};

/** gfp_migratetype(). */
export function gfpMigratetype(m: Memory, gfp: number): number {
  return m.mobilityDisabled ? 0 : (gfp >> 3) & 3;
}

/** gfp_to_alloc_flags_cma(). */
function cmaFlag(m: Memory, mt: number): number {
  return m.cma && mt === MIGRATE_MOVABLE ? ALLOC_CMA : 0;
}

/** alloc_flags_nofragment(): only where the preferred zone is NORMAL and DMA32 exists, on its node too. */
function nofragmentFlags(m: Memory, preferred: Zone, gfp: number): number {
  const flags = gfp & __GFP_KSWAPD_RECLAIM;
  if (m.sw.defragMode) return flags | ALLOC_NOFRAGMENT;
  if (preferred.idx !== ZONE_NORMAL || !m.sw.nofragment || !m.dma32) return flags;
  if (m.nrNodes > 1 && !hasDma32(m, preferred.nid)) return flags;
  return flags | ALLOC_NOFRAGMENT;
}

function hasDma32(m: Memory, nid: number): boolean {
  return m.zones.some((z) => z.nid === nid && z.idx === ZONE_DMA32);
}

/** rmqueue_buddy(): past the per-CPU lists. */
function rmqueueBuddy(m: Memory, zone: Zone, order: number, allocFlags: number, mt: number): number {
  let pfn = -1;
  if (allocFlags & ALLOC_HIGHATOMIC) pfn = rmqueueSmallest(m, zone, order, MIGRATE_HIGHATOMIC);
  if (pfn < 0) {
    pfn = rmqueueLocked(m, zone, order, mt, allocFlags);
    if (pfn < 0 && allocFlags & (ALLOC_OOM | ALLOC_NON_BLOCK) && !m.hardAtomic)
      pfn = rmqueueSmallest(m, zone, order, MIGRATE_HIGHATOMIC);
    if (pfn < 0) return -1;
  }
  if (!m.countPerPage) accountFreePages(zone, -(1 << order), taken.mt);
  lastAlloc.buddy = true;
  return pfn;
}

/** rmqueue(). */
function rmqueue(m: Memory, zone: Zone, order: number, allocFlags: number, mt: number): number {
  let pfn = -1;
  if (m.pcpAllowedOrder(order)) {
    if (!m.cma || allocFlags & ALLOC_CMA || mt !== MIGRATE_MOVABLE)
      pfn = rmqueuePcplist(m, zone, order, mt, allocFlags);
  }
  if (pfn < 0) pfn = rmqueueBuddy(m, zone, order, allocFlags, mt);
  if (zone.boostedWatermark) {
    zone.boostedWatermark = false;
    m.help?.wakeKswapd(0, 0, zone.idx, [zone]);
  }
  return pfn;
}

/** get_page_from_freelist(): the first zone of the list whose watermark holds and that has a page. */
function getPageFromFreelist(
  m: Memory,
  zonelist: readonly Zone[],
  gfp: number,
  order: number,
  flags: number,
  highest: number,
  mt: number,
): number {
  let allocFlags = flags;
  for (;;) {
    let remote = false;
    for (let i = 0; i < zonelist.length; i++) {
      const zone = zonelist[i]!;
      if (i > 0 && allocFlags & ALLOC_NOFRAGMENT && zone.nid !== zonelist[0]!.nid && !m.sw.defragMode) {
        remote = true;
        break;
      }
      if (!zoneAllows(m, zone, order, highest, allocFlags, gfp)) continue;
      const pfn = rmqueue(m, zone, order, allocFlags, mt);
      if (pfn >= 0) {
        lastAlloc.zone = zone;
        if (allocFlags & ALLOC_HIGHATOMIC) reserveHighatomicPageblock(m, zone, pfn, order);
        return pfn;
      }
    }
    // vm.defrag_mode never drops the flag here: the slow path does, when nothing else helped.
    if (!remote && ((allocFlags & ALLOC_NOFRAGMENT) === 0 || m.sw.defragMode)) return -1;
    // Moving to another node, or out of zones: allow fragmenting fallbacks and walk again.
    allocFlags &= ~ALLOC_NOFRAGMENT;
  }
}

/** The watermark part of the walk, with the high-watermark probe of 6.7+ that steers the size of pcp lists. */
function zoneAllows(
  m: Memory,
  zone: Zone,
  order: number,
  highest: number,
  allocFlags: number,
  gfp: number,
): boolean {
  if (m.autoTune && !zone.belowHigh) {
    const high = wmarkPages(zone, WMARK_HIGH);
    if (zoneWatermarkFast(m, zone, order, high, highest, allocFlags, gfp)) return true;
    zone.belowHigh = true;
  }
  // Without watermarks the low bits are zero, and the check (against min) does not bar the way.
  const mark = wmarkPages(zone, allocFlags & ALLOC_WMARK_MASK);
  return (
    zoneWatermarkFast(m, zone, order, mark, highest, allocFlags, gfp) ||
    (allocFlags & ALLOC_NO_WATERMARKS) !== 0
  );
}

/**
 * __alloc_pages(): 2^order frames for a request with `gfp`; the first frame, or −1. `zonelist` holds the zones that the
 * request may use, in order (Memory.zonelistOf()); default: the first node's list.
 */
export function allocPages(m: Memory, gfp: number, order: number, zonelist?: readonly Zone[]): number {
  lastAlloc.slow = false;
  lastAlloc.buddy = false;
  if (order > m.maxOrder) return -1;
  const highest = gfpZone(gfp);
  const mt = m.mobilityDisabled ? 0 : (gfp >> 3) & 3;
  const zones = zonelist ?? (m.nrNodes > 1 ? m.zonelistOf(m.firstNode, gfp)! : m.zonelists[highest]!);
  if (zones.length === 0) return -1;
  let flags = ALLOC_WMARK_LOW | nofragmentFlags(m, zones[0]!, gfp);
  if (mt === MIGRATE_MOVABLE && m.cma) flags |= ALLOC_CMA;
  if (order > 0 && m.sw.highatomicFastPath && isAtomic(gfp)) flags |= ALLOC_HIGHATOMIC;
  let pfn = getPageFromFreelist(m, zones, gfp, order, flags, highest, mt);
  if (pfn < 0) pfn = allocPagesSlowpath(m, zones, gfp, order, highest, mt);
  if (pfn < 0 && m.sw.defragMode && gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NORETRY)) {
    const last = slowFlags(m, gfp, order, mt) & ~ALLOC_NOFRAGMENT;
    pfn = getPageFromFreelist(m, zones, gfp, order, last, highest, mt);
  }
  if (pfn >= 0) prepNewPage(m, pfn, order, mt);
  return pfn;
}

function isAtomic(gfp: number): boolean {
  return (gfp & (__GFP_HIGH | __GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC)) === __GFP_HIGH;
}

/**
 * Marks a page as in use. What is known of it stands at its head alone; frames of a movable request count as movable in
 * block claims.
 */
export function prepNewPage(m: Memory, pfn: number, order: number, mt: number): void {
  m.state[pfn] = mt === MIGRATE_MOVABLE ? ALLOCATED | IN_USE_MOVABLE | order : ALLOCATED | order;
}

/** The attempt of a request that has been on the slow path already: min watermark, fragmenting fallbacks allowed. */
export function allocPagesAgain(m: Memory, gfp: number, order: number): number {
  const mt = gfpMigratetype(m, gfp);
  const flags = slowFlags(m, gfp, order, mt);
  const highest = gfpZone(gfp);
  const pfn = getPageFromFreelist(m, m.zonelists[highest]!, gfp, order, flags, highest, mt);
  if (pfn >= 0) prepNewPage(m, pfn, order, mt);
  return pfn;
}

/** gfp_to_alloc_flags(). */
function slowFlags(m: Memory, gfp: number, order: number, mt: number): number {
  let flags = ALLOC_WMARK_MIN | ALLOC_CPUSET | (gfp & (__GFP_HIGH | __GFP_KSWAPD_RECLAIM));
  const mayDig = !m.hardAtomic || isAtomic(gfp) || (gfp & __GFP_ATOMIC) !== 0;
  if (!(gfp & __GFP_DIRECT_RECLAIM) && mayDig) {
    if (!(gfp & __GFP_NOMEMALLOC)) {
      flags |= ALLOC_NON_BLOCK;
      if (order > 0 && flags & ALLOC_MIN_RESERVE) flags |= ALLOC_HIGHATOMIC;
    }
    if (flags & ALLOC_MIN_RESERVE) flags &= ~ALLOC_CPUSET;
  }
  if (m.sw.defragMode) flags |= ALLOC_NOFRAGMENT;
  return flags | cmaFlag(m, mt);
}

/** __alloc_pages_slowpath(), without the OOM killer; `m.help` reclaims and compacts. */
function allocPagesSlowpath(
  m: Memory,
  zonelist: readonly Zone[],
  gfp: number,
  order: number,
  highest: number,
  mt: number,
): number {
  lastAlloc.slow = true;
  lastAlloc.wantedReclaim = false;
  lastAlloc.wantedCompaction = false;
  const help = m.help;
  const canReclaim = (gfp & __GFP_DIRECT_RECLAIM) !== 0;
  let flags = slowFlags(m, gfp, order, mt);
  if (gfp & __GFP_KSWAPD_RECLAIM) help?.wakeKswapd(order, gfp, highest, zonelist);
  let pfn = getPageFromFreelist(m, zonelist, gfp, order, flags, highest, mt);
  if (pfn >= 0) return pfn;
  const costly = order > PAGE_ALLOC_COSTLY_ORDER;
  const r: RetryRequest = { zonelist, order, highest, mt, allocFlags: flags };
  const state: RetryState = { noProgressLoops: 0, compactionRetries: 0, priority: COMPACT_PRIO_SYNC_LIGHT };
  if (help) help.compactResult = COMPACT_SKIPPED;
  if (canReclaim && (costly || (order > 0 && mt !== MIGRATE_MOVABLE))) {
    lastAlloc.wantedCompaction = true;
    if (help?.canCompact) {
      pfn = compactAndLook(m, r, gfp, COMPACT_PRIO_ASYNC, help);
      if (pfn >= 0) return pfn;
      if (costly && gfp & __GFP_NORETRY) {
        const result = help.compactResult;
        if (result === COMPACT_SKIPPED || result === COMPACT_DEFERRED || gfp & __GFP_THISNODE) return -1;
        state.priority = COMPACT_PRIO_ASYNC;
      }
    }
  }
  if (gfp & __GFP_MEMALLOC && !(gfp & __GFP_NOMEMALLOC)) flags = ALLOC_NO_WATERMARKS | cmaFlag(m, mt);
  r.allocFlags = flags;
  for (;;) {
    if (gfp & __GFP_KSWAPD_RECLAIM) help?.wakeKswapd(order, gfp, highest, zonelist);
    pfn = getPageFromFreelist(m, zonelist, gfp, order, flags, highest, mt);
    if (pfn >= 0 || !canReclaim) return pfn;
    lastAlloc.wantedReclaim = true;
    if (!help) return -1;
    const progress = help.directReclaim(order, gfp, zonelist) > 0;
    if (progress) {
      pfn = lookAfterReclaim(m, r, gfp);
      if (pfn >= 0) return pfn;
    }
    if (order > 0 && help.canCompact) {
      pfn = compactAndLook(m, r, gfp, state.priority, help);
      if (pfn >= 0) return pfn;
    }
    if (gfp & __GFP_NORETRY || (costly && (!help.canCompact || !(gfp & __GFP_RETRY_MAYFAIL)))) return -1;
    if (!shouldReclaimRetry(m, r, help, progress, state)) {
      if (!progress || !help.canCompact || !shouldCompactRetry(m, r, help, state)) return -1;
    }
  }
}

/** __alloc_pages_direct_compact(): compact, take what was captured, else look into the free lists. */
function compactAndLook(
  m: Memory,
  r: RetryRequest,
  gfp: number,
  priority: number,
  help: SlowPathHelp,
): number {
  let pfn = help.directCompact(r.order, gfp, r.allocFlags, priority, r.zonelist);
  if (help.compactResult === COMPACT_SKIPPED) return -1;
  if (pfn >= 0) lastAlloc.zone = m.zoneOf(pfn)!;
  else pfn = getPageFromFreelist(m, r.zonelist, gfp, r.order, r.allocFlags, r.highest, r.mt);
  help.compacted(pfn >= 0 ? lastAlloc.zone : null, r.order);
  return pfn;
}

/** __alloc_pages_direct_reclaim(), its end: pages may hide in the high-atomic reserve or on per-CPU lists. */
function lookAfterReclaim(m: Memory, r: RetryRequest, gfp: number): number {
  const look = () => getPageFromFreelist(m, r.zonelist, gfp, r.order, r.allocFlags, r.highest, r.mt);
  const pfn = look();
  if (pfn >= 0) return pfn;
  unreserveHighatomicPageblock(m, r.zonelist, r.highest, r.mt, false);
  drainAllPages(m);
  return look();
}

/**
 * __alloc_pages_bulk(): up to `nr` single frames into `out`; returns how many. A zone must hold `nr` pages above its
 * low watermark; else one page is asked for in the ordinary way.
 */
export function allocPagesBulk(
  m: Memory,
  gfp: number,
  nr: number,
  out: Int32Array,
  zonelist: readonly Zone[] = m.zonelistOf(m.firstNode, gfp) ?? [],
): number {
  const highest = gfpZone(gfp);
  const mt = gfpMigratetype(m, gfp);
  if (nr > 1 && m.usesPcp) {
    const flags = ALLOC_WMARK_LOW | cmaFlag(m, mt);
    for (const zone of zonelist) {
      if (m.nrNodes > 1 && zone.nid !== zonelist[0]!.nid) break;
      const mark = wmarkPages(zone, ALLOC_WMARK_LOW) + nr;
      if (!zoneWatermarkFast(m, zone, 0, mark, highest, flags, gfp)) continue;
      let n = 0;
      while (n < nr) {
        const pfn = takeFromPcplist(m, zone, 0, mt, flags, zone.pcp);
        if (pfn < 0) break;
        prepNewPage(m, pfn, 0, mt);
        out[n++] = pfn;
      }
      if (n > 0) return n;
      break;
    }
  }
  const pfn = allocPages(m, gfp, 0, zonelist);
  if (pfn < 0) return 0;
  out[0] = pfn;
  return 1;
}

/** __free_pages() for frames that may be part of a larger page: split_page() comes first where they are. */
export function freePages(m: Memory, pfn: number, order: number): void {
  if ((m.state[pfn]! & (ALLOCATED | ORDER_MASK)) !== (ALLOCATED | order)) m.splitAllocated(pfn, order);
  freeWholePages(m, pfn, order);
}

/**
 * __free_pages() of the last reference to a page that was allocated with this order: through the per-CPU lists where
 * they serve the order. Reads nothing of the page itself, which is seldom in a cache when it is freed.
 */
export function freeWholePages(m: Memory, pfn: number, order: number): void {
  const zone = m.zoneOf(pfn)!;
  if (m.lru !== null) m.lru.remove(pfn);
  if (m.pcpAllowedOrder(order)) freeUnrefPage(m, zone, pfn, order);
  else freeOnePageLocked(m, zone, pfn, order, m.blockType(pfn), false);
}

/** __free_pages_core(): boot memory, past the per-CPU lists, to the tail since 5.10. */
export function freePagesCore(m: Memory, pfn: number, order: number): void {
  const zone = m.zoneOf(pfn)!;
  freeOnePageLocked(m, zone, pfn, order, m.blockType(pfn), m.sw.bootFreeToTail);
}
