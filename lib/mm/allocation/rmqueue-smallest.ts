/** __rmqueue_smallest() and expand(): the smallest free page that fits, taken from the head of its list. */

import { choosePiece, noteTaken } from "../decisions/free-page";
import type { AllocContext } from "../state/alloc-context";
import { accountFreePages, addToFreeList, delPageFromFreeList, materialiseFirst } from "../state/free-area";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

/**
 * Takes the smallest page of type `mt` that holds 2^order frames, or −1. The upper halves of a split go to the heads
 * of their lists, so that consecutive requests climb. Since 6.10 the counters are updated here, before the caller's.
 */
export function rmqueueSmallest(m: Memory, zone: Zone, order: number, mt: number, ac: AllocContext): number {
  if (m.change !== null && m.change.freePage !== undefined) return takeChosen(m, zone, { order, mt }, ac);
  const next = m.next;
  const maxOrder = m.maxOrder;
  let head = zone.listBase + (order << 3) + mt;
  for (let o = order; o <= maxOrder; o++, head += 8) {
    let pfn = next[head]!;
    if (pfn === head) continue;
    if (pfn >= m.virginBase) pfn = materialiseFirst(m, pfn);
    takeAndExpand(m, zone, pfn, order, o, mt);
    ac.takenMt = mt;
    const trace = m.trace;
    if (trace?.zoneLocked !== undefined) trace.zoneLocked(pfn, order, mt);
    return pfn;
  }
  return -1;
}

/** rmqueueSmallest() where a change says which page is taken. */
function takeChosen(
  m: Memory,
  zone: Zone,
  { order, mt }: { order: number; mt: number },
  ac: AllocContext,
): number {
  const chosen = choosePiece(m, zone, order, mt);
  if (chosen === null) return -1;
  let { pfn, order: high } = chosen;
  delPageFromFreeList(m, zone, pfn, high);
  if (m.countPerPage) accountFreePages(zone, -(1 << order), mt);
  while (high > order) {
    high--;
    const upper = pfn + (1 << high);
    if (chosen.piece < upper) addToFreeList(m, zone, upper, high, mt);
    else {
      addToFreeList(m, zone, pfn, high, mt);
      pfn = upper;
    }
  }
  ac.takenMt = mt;
  noteTaken(m, zone, { order, mt }, pfn);
  m.trace?.zoneLocked?.(pfn, order, mt);
  return pfn;
}

/** page_del_and_expand(): unlinks a free page of order `high` and returns what `low` does not need. */
export function takeAndExpand(
  m: Memory,
  zone: Zone,
  pfn: number,
  low: number,
  high: number,
  mt: number,
): void {
  const next = m.next;
  const prev = m.prev;
  const n = next[pfn]!;
  const p = prev[pfn]!;
  next[p] = n;
  prev[n] = p;
  m.state[pfn] = 0;
  zone.nrFree[high]!--;
  if (m.countPerPage) accountFreePages(zone, -(1 << low), mt);
  while (high > low) {
    high--;
    addToFreeList(m, zone, pfn + (1 << high), high, mt);
  }
}
