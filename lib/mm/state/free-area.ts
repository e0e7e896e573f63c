/**
 * The free lists: zone->free_area[order].free_list[type], doubly linked through the frame columns. Law: a frame on a
 * list has state order + 1 and is aligned to its order; nrFree[order] counts all lists of the order.
 */

import type { Memory } from "./memory";
import { MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE } from "./migratetype";
import { modNrFree, modNrFreeCma } from "./vmstat";
import type { Zone } from "./zone";
import type { FrameSpan } from "./zone-frames";

/** add_to_free_list(): at the head. */
export function addToFreeList(m: Memory, zone: Zone, pfn: number, order: number, mt: number): void {
  const next = m.next;
  const prev = m.prev;
  const head = zone.listBase + (order << 3) + mt;
  const first = next[head]!;
  next[pfn] = first;
  prev[pfn] = head;
  prev[first] = pfn;
  next[head] = pfn;
  m.state[pfn] = order + 1;
  zone.nrFree[order]!++;
}

/** add_to_free_list_tail(). */
export function addToFreeListTail(m: Memory, zone: Zone, pfn: number, order: number, mt: number): void {
  const next = m.next;
  const prev = m.prev;
  const head = zone.listBase + (order << 3) + mt;
  const last = prev[head]!;
  prev[pfn] = last;
  next[pfn] = head;
  next[last] = pfn;
  prev[head] = pfn;
  m.state[pfn] = order + 1;
  zone.nrFree[order]!++;
}

/** del_page_from_free_list(): from the list it is on. */
export function delPageFromFreeList(m: Memory, zone: Zone, pfn: number, order: number): void {
  const next = m.next;
  const prev = m.prev;
  const n = next[pfn]!;
  const p = prev[pfn]!;
  next[p] = n;
  prev[n] = p;
  m.state[pfn] = 0;
  zone.nrFree[order]!--;
}

/** move_to_free_list(): to the tail since 5.10, to the head before. */
export function moveToFreeList(m: Memory, zone: Zone, pfn: number, order: number, mt: number): void {
  delPageFromFreeList(m, zone, pfn, order);
  if (m.sw.moveToTail) addToFreeListTail(m, zone, pfn, order, mt);
  else addToFreeList(m, zone, pfn, order, mt);
}

/** The first page of a list (an untouched block is materialised first), or −1. */
export function getPageFromFreeArea(m: Memory, zone: Zone, order: number, mt: number): number {
  const head = zone.listBase + (order << 3) + mt;
  const p = m.next[head]!;
  if (p === head) return -1;
  if (p >= m.virginBase) return materialiseFirst(m, p);
  return p;
}

/** Whether free_list[order][mt] is empty. */
export function freeAreaEmpty(m: Memory, zone: Zone, order: number, mt: number): boolean {
  const head = zone.listBase + (order << 3) + mt;
  return m.next[head] === head;
}

/** Gives the first block of an untouched run a node of its own, in front of the run. The counts do not change. */
export function materialiseFirst(m: Memory, node: number): number {
  const { next, prev } = m;
  const i = node - m.virginBase;
  const pages = 1 << m.maxOrder;
  const down = m.virginDown[i] === 1;
  const pfn = down ? m.virginHi[i]! - pages : m.virginLo[i]!;
  const before = prev[node]!;
  next[before] = pfn;
  prev[pfn] = before;
  m.state[pfn] = m.maxOrder + 1;
  if (m.virginHi[i]! - m.virginLo[i]! === pages) {
    const after = next[node]!;
    next[pfn] = after;
    prev[after] = pfn;
    m.virginHi[i] = m.virginLo[i]!;
  } else {
    if (down) m.virginHi[i] = pfn;
    else m.virginLo[i] = pfn + pages;
    next[pfn] = node;
    prev[node] = pfn;
  }
  return pfn;
}

/** Puts the untouched top-order blocks of `run` on a list as one node, in boot order; false if no node is left. */
export function addVirginRun(m: Memory, zone: Zone, run: FrameSpan, mt: number, toTail: boolean): boolean {
  const { startPfn: lo, endPfn: hi } = run;
  const node = m.newVirginNode(lo, hi, !toTail);
  if (node < 0) return false;
  const { next, prev } = m;
  const head = zone.listBase + (m.maxOrder << 3) + mt;
  const before = toTail ? prev[head]! : head;
  const after = next[before]!;
  next[before] = node;
  prev[node] = before;
  next[node] = after;
  prev[after] = node;
  zone.nrFree[m.maxOrder]! += (hi - lo) / (1 << m.maxOrder);
  return true;
}

/**
 * Accounts for `nr` pages of type `mt` that join (positive) or leave (negative) the free lists:
 * __mod_zone_freepage_state() of 6.1, account_freepages() of 6.12, which also counts free HIGHATOMIC pages.
 */
export function accountFreePages(zone: Zone, nr: number, mt: number): void {
  if (mt === MIGRATE_ISOLATE) return;
  modNrFree(zone, nr);
  if (mt === MIGRATE_CMA) modNrFreeCma(zone, nr);
  else if (mt === MIGRATE_HIGHATOMIC) zone.nrFreeHighatomic += nr;
}

/** Gives every untouched top-order block of a zone its own node on its list, for scans that check each frame. */
export function materialiseZone(m: Memory, zone: Zone): void {
  for (let mt = 0; mt < 6; mt++) {
    const head = zone.listBase + (m.maxOrder << 3) + mt;
    for (let p = m.next[head]!; p !== head; p = m.next[p]!) if (p >= m.virginBase) p = materialiseFirst(m, p);
  }
}

/** NR_FREE_PAGES_BLOCKS (6.15+): free pages in blocks of the page-block order and above, without isolated ones. */
export function nrFreePagesBlocks(m: Memory, zone: Zone): number {
  let pages = 0;
  for (let order = m.pageblockOrder; order <= m.maxOrder; order++) pages += zone.nrFree[order]! * 2 ** order;
  return pages;
}
