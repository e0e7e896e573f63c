/** Takes pages from the buddy lists under the zone lock: smallest fit, split, fallback and bulk refills. */

import { listsOf } from "../decisions/lists";
import {
  type AllocContext,
  PATH_FALLBACK,
  RMQUEUE_CMA,
  RMQUEUE_NORMAL,
  RMQUEUE_STEAL,
} from "../state/alloc-context";
import { ALLOC_CMA, ALLOC_NOFRAGMENT } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA } from "../state/migratetype";
import { pcpState } from "../state/page-state";
import type { PcpList } from "../state/pcp-list";
import { modNrFree, modNrFreeCma } from "../state/vmstat";
import type { Zone } from "../state/zone";
import { rmqueueClaim, rmqueueSteal } from "./fallback-claim";
import { rmqueueFallback } from "./fallback-steal";
import { refillRun } from "./refill-run";
import { rmqueueSmallest } from "./rmqueue-smallest";

/**
 * zone_page_state(NR_FREE_CMA_PAGES) > zone_page_state(NR_FREE_PAGES) / 2, never below zero, integer division. The
 * Raspberry Pi kernel uses / 16 × its threshold and divides first, as its review asked (raspberrypi/linux #4964).
 */
function overHalf(m: Memory, nrFreeCma: number, nrFreePages: number): boolean {
  const cma = nrFreeCma < 0 ? 0 : nrFreeCma;
  const free = nrFreePages < 0 ? 0 : nrFreePages;
  return m.cmaThreshold === 0 ? cma > free >> 1 : cma > (free >> 4) * m.cmaThreshold;
}

/**
 * A page of the lists that a change names, in its order; −1: none of them has one. `mode`: lists that were found empty are not
 * searched again, as since 6.15.
 */
function takeInOrder(m: Memory, zone: Zone, ac: AllocContext, mode: number): number {
  const lists = listsOf(m, zone, ac);
  const tell = (ac.allocFlags & ALLOC_CMA) !== 0 && m.cma && m.sw.cmaBalance ? m.trace?.halfRule : undefined;
  const { nrFreeCma, nrFreePages } = zone;
  if (lists[0] !== MIGRATE_CMA) tell?.(zone.idx, nrFreeCma, nrFreePages, 0);
  for (let i = 0; i < lists.length; i++) {
    const mt = lists[i]!;
    const last = mt === MIGRATE_CMA && lists.indexOf(ac.mt) < i;
    if (mt === ac.mt && mode !== RMQUEUE_NORMAL) continue;
    if (last && mode > RMQUEUE_CMA) continue;
    const pfn = rmqueueSmallest(m, zone, ac.order, mt, ac);
    if (i === 0 && mt === MIGRATE_CMA) tell?.(zone.idx, nrFreeCma, nrFreePages, pfn < 0 ? 1 : 3);
    if (pfn < 0) continue;
    if (last && m.sw.rmqueueMode) ac.rmqueueMode = RMQUEUE_CMA;
    return pfn;
  }
  return -1;
}

/** The half rule of both __rmqueue(): a CMA page while CMA holds over half of the free pages, otherwise −1. */
function takeCmaOverHalf(m: Memory, zone: Zone, ac: AllocContext): number {
  const half = overHalf(m, zone.nrFreeCma, zone.nrFreePages);
  const pfn = half ? rmqueueSmallest(m, zone, ac.order, MIGRATE_CMA, ac) : -1;
  m.trace?.halfRule?.(zone.idx, zone.nrFreeCma, zone.nrFreePages, pfn >= 0 ? 3 : half ? 1 : 0);
  return pfn;
}

/**
 * __rmqueue() up to 6.9: CMA first while it holds over half, then the own type, CMA, and a fallback followed by a new
 * attempt. Returns the frame, or −1. The caller updates the counters.
 */
function rmqueueOne(m: Memory, zone: Zone, ac: AllocContext): number {
  if (m.change?.lists !== undefined) return takeOrFallBack(m, zone, ac);
  const { order, mt } = ac;
  const cmaAllowed = (ac.allocFlags & ALLOC_CMA) !== 0;
  if (cmaAllowed && m.cma && m.sw.cmaBalance) {
    const pfn = takeCmaOverHalf(m, zone, ac);
    if (pfn >= 0) return pfn;
  }
  for (;;) {
    let pfn = rmqueueSmallest(m, zone, order, mt, ac);
    if (pfn >= 0) return pfn;
    if (cmaAllowed && m.cma) {
      pfn = rmqueueSmallest(m, zone, order, MIGRATE_CMA, ac);
      if (pfn >= 0) return pfn;
    }
    if (!rmqueueFallback(m, zone, ac)) return -1;
    ac.path |= PATH_FALLBACK;
  }
}

/** rmqueueOne() with the lists of a change. */
function takeOrFallBack(m: Memory, zone: Zone, ac: AllocContext): number {
  for (;;) {
    const pfn = takeInOrder(m, zone, ac, RMQUEUE_NORMAL);
    if (pfn >= 0) return pfn;
    if (!rmqueueFallback(m, zone, ac)) return -1;
    ac.path |= PATH_FALLBACK;
  }
}

/**
 * __rmqueue() since 6.10: the page found by a fallback is used directly; types change only if a whole block is
 * claimed.
 */
function rmqueueModes(m: Memory, zone: Zone, ac: AllocContext): number {
  const { order, mt, allocFlags } = ac;
  if (m.change?.lists !== undefined) {
    const pfn = takeInOrder(m, zone, ac, ac.rmqueueMode);
    return pfn >= 0 ? pfn : claimOrSteal(m, zone, ac);
  }
  const cmaAllowed = (allocFlags & ALLOC_CMA) !== 0 && m.cma;
  if (cmaAllowed && m.sw.cmaBalance) {
    const pfn = takeCmaOverHalf(m, zone, ac);
    if (pfn >= 0) return pfn;
  }
  if (ac.rmqueueMode === RMQUEUE_NORMAL) {
    const pfn = rmqueueSmallest(m, zone, order, mt, ac);
    if (pfn >= 0) return pfn;
  }
  if (ac.rmqueueMode <= RMQUEUE_CMA && cmaAllowed) {
    const pfn = rmqueueSmallest(m, zone, order, MIGRATE_CMA, ac);
    if (pfn >= 0) {
      if (m.sw.rmqueueMode) ac.rmqueueMode = RMQUEUE_CMA;
      return pfn;
    }
  }
  return claimOrSteal(m, zone, ac);
}

/** The second half of rmqueueModes(): no list of the request's own has a page. */
function claimOrSteal(m: Memory, zone: Zone, ac: AllocContext): number {
  if (ac.rmqueueMode < RMQUEUE_STEAL) {
    const pfn = rmqueueClaim(m, zone, ac);
    if (pfn >= 0) {
      ac.path |= PATH_FALLBACK;
      ac.rmqueueMode = RMQUEUE_NORMAL;
      return pfn;
    }
  }
  if (!(ac.allocFlags & ALLOC_NOFRAGMENT)) {
    const pfn = rmqueueSteal(m, zone, ac);
    if (pfn >= 0) {
      ac.path |= PATH_FALLBACK;
      if (m.sw.rmqueueMode) ac.rmqueueMode = RMQUEUE_STEAL;
      return pfn;
    }
  }
  return -1;
}

/** One page under the lock, for rmqueue_buddy(); the caller updates the counters. */
export function rmqueueLocked(m: Memory, zone: Zone, ac: AllocContext): number {
  if (m.steals) return rmqueueOne(m, zone, ac);
  ac.rmqueueMode = RMQUEUE_NORMAL;
  return rmqueueModes(m, zone, ac);
}

/**
 * Whether each of the next `n` pages comes from the lists of its own type as long as these have any: the half rule does not
 * hold, and will not while the counter of free pages falls by them (and lags by twice its threshold at most).
 */
function ownTypeFirst(m: Memory, zone: Zone, ac: AllocContext, n: number): boolean {
  if ((ac.allocFlags & ALLOC_CMA) === 0 || !m.cma || !m.sw.cmaBalance || zone.nrFreeCma <= 0) return true;
  const least = zone.nrFreePages - (m.countPerPage ? n + 2 * zone.pcp.statThreshold : 0);
  return !overHalf(m, zone.nrFreeCma, least);
}

/**
 * rmqueue_bulk(): `count` pages appended to the tail of the per-CPU list `list`. Returns how many. Before
 * 6.10 NR_FREE_PAGES falls once at the end while NR_FREE_CMA_PAGES falls page by page, so the half rule sees a stale
 * denominator during a refill.
 */
export function rmqueueBulk(m: Memory, zone: Zone, count: number, list: PcpList, ac: AllocContext): number {
  const { state, steals, countPerPage } = m;
  const { order } = ac;
  ac.rmqueueMode = RMQUEUE_NORMAL;
  const inRuns = m.bulk && order === 0 && (m.trace === null || m.trace.sparse === true);
  let i = 0;
  while (i < count) {
    if (inRuns && ac.rmqueueMode === RMQUEUE_NORMAL && ownTypeFirst(m, zone, ac, count - i)) {
      const n = refillRun(m, zone, ac.mt, count - i, list);
      i += n;
      if (n > 0) continue;
    }
    const pfn = steals ? rmqueueOne(m, zone, ac) : rmqueueModes(m, zone, ac);
    if (pfn < 0) break;
    list.addTail(pfn);
    state[pfn] = pcpState(order, ac.takenMt);
    if (!countPerPage && ac.takenMt === MIGRATE_CMA) modNrFreeCma(zone, -(1 << order));
    i++;
  }
  if (!countPerPage) modNrFree(zone, -(i << order));
  return i;
}
