/** Allocates through the per-CPU lists: takes the head of the list and refills an empty list in bulk. */

import { refillOf } from "../decisions/per-cpu";
import { type AllocContext, PATH_REFILL } from "../state/alloc-context";
import { ALLOC_HIGHATOMIC } from "../state/gfp";
import type { Memory } from "../state/memory";
import { PCP_BATCH_SCALE_MAX, type PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";
import { rmqueueBulk } from "./rmqueue";

/** rmqueue_pcplist(): the first frame of a page, or −1. */
export function rmqueuePcplist(m: Memory, zone: Zone, ac: AllocContext): number {
  const pcp = zone.pcp;
  if (m.trylockFailures > 0 && trylockFails(m)) return -1;
  if (m.autoTune) pcp.freeCount >>= 1;
  else pcp.freeFactor >>= 1;
  return takeFromPcplist(m, zone, ac, pcp);
}

/** pcp_spin_trylock(): whether this attempt finds the lock taken; what would have used the lists goes past them. */
export function trylockFails(m: Memory): boolean {
  if (m.trylockFailures === 0 || !m.sw.pcpLock) return false;
  m.trylockFailures--;
  return true;
}

/** __rmqueue_pcplist(), which the bulk allocator calls without touching the drain size. */
export function takeFromPcplist(m: Memory, zone: Zone, ac: AllocContext, pcp: PerCpuPages): number {
  const { order, mt } = ac;
  const list = pcp.lists[order === 0 ? mt : m.pindex(order, mt)]!;
  if (list.length === 0) {
    const batch = nrPcpAlloc(m, zone, pcp, order);
    if (m.sw.highatomicFastPath && order > 0 && ac.allocFlags & ALLOC_HIGHATOMIC) return -1;
    pcp.count += rmqueueBulk(m, zone, batch, list, ac) << order;
    ac.path |= PATH_REFILL;
    if (list.length === 0) return -1;
  }
  pcp.count -= 1 << order;
  return list.takeHead();
}

/** What a request of one page does when it finds the list empty, before it takes its page. */
export function refillPcplist(m: Memory, zone: Zone, ac: AllocContext): void {
  const { pcp } = zone;
  pcp.count += rmqueueBulk(m, zone, nrPcpAlloc(m, zone, pcp, 0), pcp.lists[ac.mt]!, ac);
  ac.path |= PATH_REFILL;
}

/** What the size of a refill depends on beside the lists of the CPU. */
export type RefillRules = Pick<Memory, "autoTune">;

/** nrPcpAlloc(), or the answer of a change. The tuning of 6.7+ is noted all the same. */
function nrPcpAlloc(m: Memory, zone: Zone, pcp: PerCpuPages, order: number): number {
  if (m.change?.pcpRefill === undefined) return refillSize(m, zone, pcp, order);
  const pages = refillOf(m, zone, order);
  refillSize(m, zone, pcp, order);
  return pages;
}

/** How many pages a refill asks for: nr_pcp_alloc() since 6.7, the batch scaled by the order before. */
export function refillSize(
  m: RefillRules,
  zone: Pick<Zone, "belowHigh">,
  pcp: PerCpuPages,
  order: number,
): number {
  let batch = pcp.batch;
  if (m.autoTune) {
    let high = Math.min(Math.max(pcp.high, pcp.highMin), pcp.highMax);
    pcp.high = high;
    const base = batch;
    if (high < base) return 1;
    if (order === 0) batch = base << pcp.allocFactor;
    if (pcp.highMin !== pcp.highMax && !zone.belowHigh) {
      high = Math.min(high + batch, pcp.highMax);
      pcp.high = high;
    }
    if (order === 0) {
      const most = Math.max(high - pcp.count - base, base);
      if (batch <= most && pcp.allocFactor < PCP_BATCH_SCALE_MAX) pcp.allocFactor++;
      if (batch > most) batch = most;
    }
  }
  if (batch > 1 && order > 0) batch = Math.max(batch >> order, 2);
  else if (batch > 1) batch = Math.max(batch, 2);
  return batch;
}
