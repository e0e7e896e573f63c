/** Frees through the per-CPU lists: pushes at the head, and drains the oldest pages if the lists are full. */

import { drainOf, highOf } from "../decisions/per-cpu";
import { ZONE_MOVABLE } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE, MIGRATE_PCPTYPES } from "../state/migratetype";
import { pcpState, pcpStoredType } from "../state/page-state";
import type { PcpList } from "../state/pcp-list";
import {
  PAGE_ALLOC_COSTLY_ORDER,
  PCP_BATCH_SCALE_MAX,
  PCPF_FREE_HIGH_BATCH,
  PCPF_PREV_FREE_HIGH_ORDER,
  type PerCpuPages,
} from "../state/per-cpu-pages";
import { WMARK_HIGH, type Zone } from "../state/zone";
import type { BatchedDrain } from "./batched-drain";
import { drainRun } from "./drain-run";
import { freeOnePage, freeOnePageLocked } from "./free-one-page";
import { trylockFails } from "./pcp-alloc";
import { zoneWatermarkOk } from "./zone-watermark";

/**
 * free_unref_page(): frees 2^order frames of a type that the per-CPU lists serve. The block's current type selects
 * the list. CMA and HIGHATOMIC pages go to the movable list; ISOLATE pages bypass the lists.
 */
export function freeUnrefPage(m: Memory, zone: Zone, pfn: number, order: number): void {
  const mt = m.blockType(pfn);
  if (mt === MIGRATE_ISOLATE || (m.trylockFailures > 0 && trylockFails(m))) {
    freeOnePageLocked(m, zone, pfn, order, false);
    return;
  }
  freeUnrefPageCommit(m, zone, pfn, mt, order);
}

/** free_unref_page_commit(). */
export function freeUnrefPageCommit(m: Memory, zone: Zone, pfn: number, mt: number, order: number): void {
  const { pcp } = zone;
  const listMt = mt >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : mt;
  const pindex = order === 0 ? listMt : m.pindex(order, listMt);
  pcp.lists[pindex]!.addHead(pfn);
  m.state[pfn] = pcpState(order, mt);
  pcp.count += 1 << order;
  if (m.countsFrees) {
    commitAutoTuned(m, zone, pcp, pindex, order);
    return;
  }
  const freeHigh =
    order !== 0 && pcp.freeFactor !== 0 && m.drainsHighOrders && order <= PAGE_ALLOC_COSTLY_ORDER;
  let high = freeHigh ? 0 : pcp.high;
  if (zone.reclaimActive && m.sw.pcpFree !== "fixed" && high > pcp.batch << 2) high = pcp.batch << 2;
  if (m.change !== null) {
    commitChanged(m, zone, { pindex, order, high, freeHigh });
    return;
  }
  if (pcp.count >= high) freePcppagesBulk(m, zone, nrPcpFree(m, pcp, high, freeHigh), pcp, pindex);
}

/** A free to the lists of one CPU: its list, its order, where the lists drain, and whether they drain to the end. */
interface FreeToPcp {
  pindex: number;
  order: number;
  high: number;
  freeHigh: boolean;
}

/** The second half of free_unref_page_commit() with the limits of a change. */
function commitChanged(m: Memory, zone: Zone, free: FreeToPcp): void {
  const { pcp } = zone;
  const { pindex, order, freeHigh } = free;
  const high = m.change!.pcpHigh === undefined ? free.high : highOf(m, zone, order, freeHigh);
  if (pcp.count < high) return;
  const told = toldDrain(m, zone, { ...free, high });
  const stock = nrPcpFree(m, pcp, high, freeHigh);
  freePcppagesBulk(m, zone, told < 0 ? stock : told, pcp, pindex);
}

/**
 * How many pages a change drains; −1: as many as the kernel. Ask it before the kernel's own rule, which notes the drain and is to
 * be asked all the same.
 */
function toldDrain(m: Memory, zone: Zone, { order, high, freeHigh }: FreeToPcp): number {
  if (m.change?.pcpDrain === undefined) return -1;
  return drainOf(m, zone, { order, drainsAll: freeHigh, limit: high });
}

/** nr_pcp_free() of 5.14..6.6, and the plain batch of 4.17. */
export function nrPcpFree(
  m: { readonly sw: Pick<Memory["sw"], "pcpFree"> },
  pcp: PerCpuPages,
  high: number,
  freeHigh: boolean,
): number {
  let batch = pcp.batch;
  if (m.sw.pcpFree === "fixed") return batch;
  if (freeHigh) return pcp.count;
  if (high < batch) return 1;
  const most = high - batch;
  const least = batch;
  batch <<= pcp.freeFactor;
  if (batch < most && pcp.freeFactor < PCP_BATCH_SCALE_MAX) pcp.freeFactor++;
  return batch < least ? least : batch > most ? most : batch;
}

/** The second half of free_unref_page_commit() since 6.7: `high` adjusts itself within its bounds. */
function commitAutoTuned(m: Memory, zone: Zone, pcp: PerCpuPages, pindex: number, order: number): void {
  pcp.allocFactor >>= 1;
  const batch = pcp.batch;
  let freeHigh = false;
  if (order !== 0 && order <= PAGE_ALLOC_COSTLY_ORDER) {
    const threshold = m.sw.pcpFreeHigh === "batchPlusHalfHighMin" ? batch + (pcp.highMin >> 1) : batch;
    freeHigh =
      m.sw.pcpFreeHigh !== "never" &&
      pcp.freeCount >= threshold &&
      (pcp.flags & PCPF_PREV_FREE_HIGH_ORDER) !== 0 &&
      ((pcp.flags & PCPF_FREE_HIGH_BATCH) === 0 || pcp.count >= batch);
    pcp.flags |= PCPF_PREV_FREE_HIGH_ORDER;
  } else pcp.flags &= ~PCPF_PREV_FREE_HIGH_ORDER;
  if (pcp.freeCount < batch << PCP_BATCH_SCALE_MAX) pcp.freeCount += 1 << order;
  let high: number;
  let toFree = 0;
  if (m.change === null) {
    high = nrPcpHigh(zone, pcp, batch, freeHigh);
    if (pcp.count < high) return;
    toFree = nrPcpFreeCounted(pcp, batch, high, freeHigh);
  } else {
    toFree = drainedChanged(m, zone, { pindex, order, high: 0, freeHigh });
    if (toFree < 0) return;
  }
  if (!m.sw.pcpFreeInBatches) {
    freePcppagesBulk(m, zone, toFree, pcp, pindex);
    clearBelowHigh(m, zone);
    return;
  }
  const drain: BatchedDrain = { zone, pcp, pindex, remaining: toFree, ofFree: true };
  if (stepDrain(m, drain)) return;
  if (m.interruptedDrains !== null) m.interruptedDrains.push(drain);
  else while (!stepDrain(m, drain));
}

/** The limit and the size of a drain of 6.7+ with those of a change; −1: the lists are not full. */
function drainedChanged(m: Memory, zone: Zone, free: FreeToPcp): number {
  const { pcp } = zone;
  const { order, freeHigh } = free;
  const toldHigh = m.change!.pcpHigh === undefined ? -1 : highOf(m, zone, order, freeHigh);
  const stockHigh = nrPcpHigh(zone, pcp, pcp.batch, freeHigh);
  const high = toldHigh < 0 ? stockHigh : toldHigh;
  if (pcp.count < high) return -1;
  const told = toldDrain(m, zone, { ...free, high });
  const stock = nrPcpFreeCounted(pcp, pcp.batch, high, freeHigh);
  return told < 0 ? stock : told;
}

/** Drains one batch; true once the drain is complete. */
export function stepDrain(m: Memory, d: BatchedDrain): boolean {
  const part = d.remaining < d.pcp.batch ? d.remaining : d.pcp.batch;
  if (part > 0 && d.pcp.count > 0) freePcppagesBulk(m, d.zone, part, d.pcp, d.pindex);
  d.remaining -= part;
  if (d.remaining > 0 && d.pcp.count > 0) return false;
  if (d.ofFree) clearBelowHigh(m, d.zone);
  return true;
}

/** ZONE_BELOW_HIGH goes once enough pages are free (6.7 and newer). */
export function clearBelowHigh(m: Memory, zone: Zone): void {
  if (zone.belowHigh && aboveHigh(m, zone)) zone.belowHigh = false;
}

function aboveHigh(m: Memory, zone: Zone): boolean {
  const mark = zone.wmark[WMARK_HIGH]! + zone.watermarkBoost;
  return zoneWatermarkOk(m, zone, 0, mark, ZONE_MOVABLE, 0, zone.nrFreePages < 0 ? 0 : zone.nrFreePages);
}

/** nr_pcp_high() since 6.7. */
export function nrPcpHigh(
  zone: Pick<Zone, "reclaimActive" | "belowHigh">,
  pcp: PerCpuPages,
  batch: number,
  freeHigh: boolean,
): number {
  const { highMin, highMax } = pcp;
  let high = Math.min(Math.max(pcp.high, highMin), highMax);
  pcp.high = high;
  if (high === 0) return 0;
  if (freeHigh) {
    pcp.high = Math.max(high - (batch << PCP_BATCH_SCALE_MAX), highMin);
    return 0;
  }
  if (zone.reclaimActive) {
    pcp.high = Math.max(high - Math.max(pcp.freeCount, batch), highMin);
    return Math.min(batch << 2, pcp.high);
  }
  if (highMin === highMax) return high;
  if (zone.belowHigh) {
    pcp.high = Math.max(high - Math.max(pcp.freeCount, batch), highMin);
    high = Math.max(pcp.count, highMin);
  } else if (pcp.count >= high) {
    const need = pcp.freeCount + batch;
    if (pcp.high < need) pcp.high = Math.min(Math.max(need, highMin), highMax);
  }
  return high;
}

/** nr_pcp_free() since 6.7. */
export function nrPcpFreeCounted(pcp: PerCpuPages, batch: number, high: number, freeHigh: boolean): number {
  if (freeHigh) return Math.min(pcp.count, batch << PCP_BATCH_SCALE_MAX);
  if (high < batch) return 1;
  const most = high - batch;
  return pcp.freeCount < batch ? (batch > most ? most : batch) : Math.min(pcp.freeCount, most);
}

/** free_pcppages_bulk(): returns `count` pages to the buddy lists, the oldest first, starting at list `pindex`. */
export function freePcppagesBulk(
  m: Memory,
  zone: Zone,
  count: number,
  pcp: PerCpuPages,
  pindex: number,
): void {
  if (pcp.count < count) count = pcp.count;
  if (m.bulkCounting) return freeBulkCounting(m, zone, count, pcp);
  const { lists } = pcp;
  const { trace } = m;
  let max = lists.length - 1;
  let min = 0;
  let p = pindex - 1;
  const inRuns = m.bulk && trace === null && m.capture === null;
  const typeOfNow = m.hygiene || zone.nrIsolatePageblock > 0;
  while (count > 0) {
    for (;;) {
      if (++p > max) p = min;
      if (lists[p]!.length > 0) break;
      if (m.bulkNarrowing) {
        if (p === max) max--;
        if (p === min) min++;
      }
    }
    const list = lists[p]!;
    const order = m.pindexOrder(p);
    if (inRuns && order === 0) {
      do {
        const n = drainRun(m, zone, list, count, typeOfNow);
        count -= n;
        pcp.count -= n;
      } while (count > 0 && list.length > 0);
      continue;
    }
    const pages = 1 << order;
    do {
      const pfn = list.takeTail();
      count -= pages;
      pcp.count -= pages;
      const mt = typeOfNow ? m.blockType(pfn) : pcpStoredType(m.state[pfn]!);
      freeOnePage(m, zone, pfn, order, mt, false);
      if (trace?.pcpuDrain !== undefined) trace.pcpuDrain(pfn, order, mt);
    } while (count > 0 && list.length > 0);
  }
}

/**
 * free_pcppages_bulk() before 5.18: the k-th list visited gives up to k entries, or all the rest if only one list is
 * not empty. They are collected first and then freed in that order. Since 5.14 there are also lists of higher orders.
 */
function freeBulkCounting(m: Memory, zone: Zone, count: number, pcp: PerCpuPages): void {
  const { lists } = pcp;
  const taken: number[] = [];
  const orders: number[] = [];
  let batchFree = 0;
  let p = 0;
  while (count > 0) {
    let list: PcpList;
    do {
      batchFree++;
      if (++p === lists.length) p = 0;
      list = lists[p]!;
    } while (list.length === 0);
    if (batchFree === lists.length) batchFree = count;
    const order = m.pindexOrder(p);
    const pages = 1 << order;
    do {
      const pfn = list.takeTail();
      pcp.count -= pages;
      count -= pages;
      taken.push(pfn);
      orders.push(order);
    } while (count > 0 && --batchFree > 0 && list.length > 0);
  }
  taken.forEach((pfn, i) => {
    const order = orders[i]!;
    const type = m.hygiene || zone.nrIsolatePageblock > 0 ? m.blockType(pfn) : pcpStoredType(m.state[pfn]!);
    freeOnePage(m, zone, pfn, order, type, false);
    m.trace?.pcpuDrain?.(pfn, order, type);
  });
}

/**
 * drain_pages_zone(): drains all pages of one CPU's lists, from list 0, in chunks of batch << 5 or (4.17) all at
 * once.
 */
export function drainPagesZone(m: Memory, zone: Zone, pcp: PerCpuPages): void {
  m.trace?.drainZone?.(zone.idx, pcp.count, zone.pcps.indexOf(pcp));
  const piece = m.sw.pcpDrain === "whole" ? pcp.count : pcp.batch << PCP_BATCH_SCALE_MAX;
  while (pcp.count > 0) freePcppagesBulk(m, zone, Math.min(pcp.count, piece), pcp, 0);
}

/** decay_pcp_high() (6.7+), once a second: lowers `high` by an eighth and drains down to it in batches. */
export function decayPcpHigh(m: Memory, zone: Zone, pcp: PerCpuPages): void {
  const { highMin, batch } = pcp;
  if (pcp.high > highMin)
    pcp.high = Math.max(pcp.count - (batch << PCP_BATCH_SCALE_MAX), pcp.high - (pcp.high >> 3), highMin);
  const drain: BatchedDrain = { zone, pcp, pindex: 0, remaining: pcp.count - pcp.high, ofFree: false };
  if (drain.remaining <= 0 || stepDrain(m, drain)) return;
  if (m.interruptedDrains !== null) m.interruptedDrains.push(drain);
  else while (!stepDrain(m, drain));
}
