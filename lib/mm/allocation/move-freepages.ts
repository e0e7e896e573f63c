/** Counts and moves the free pages of one page block. */
import { accountFreePages, moveToFreeList } from "../state/free-area";
import type { Memory } from "../state/memory";
import { ALLOCATED, IN_USE_MOVABLE, isPcpState, MOVABLE_PAGE, ORDER_MASK } from "../state/page-state";
import type { Zone } from "../state/zone";

/**
 * prep_move_freepages_block(): stores the block of `pfn`, its free pages and its movable pages in use in
 * `m.blockScan`. If the block's end is outside the zone, it returns false and nothing moves. If its start is, the
 * scan starts at `pfn` (up to 6.9) or nothing moves (6.10+).
 */
export function scanBlock(m: Memory, zone: Zone, pfn: number): boolean {
  const { blockScan, pageblockPages: pages } = m;
  let start = pfn - (pfn % pages);
  const end = start + pages;
  blockScan.freePages = 0;
  blockScan.movablePages = 0;
  if (start < zone.startPfn) {
    if (m.sw.freelistHygiene) return false;
    start = pfn;
  }
  blockScan.startPfn = start;
  blockScan.endPfn = end;
  if (end > zone.endPfn) return false;
  const { state, owner } = m;
  let free = 0;
  let movable = 0;
  for (let p = start; p < end; ) {
    const s = state[p]!;
    if (s !== 0 && s <= ORDER_MASK) {
      free += 1 << (s - 1);
      p += 1 << (s - 1);
      continue;
    }
    if (s === 0) {
      if (owner[p]! & MOVABLE_PAGE) movable++;
      p++;
    } else if (isPcpState(s)) p += 1 << m.pcpOrder(s);
    else {
      const pages = 1 << (s & ORDER_MASK);
      if (s >= ALLOCATED && s & IN_USE_MOVABLE) movable += pages;
      p += pages;
    }
  }
  blockScan.freePages = free;
  blockScan.movablePages = movable;
  return true;
}

/**
 * move_freepages(): moves every free page of the scanned block to the lists of `mt`, in ascending frame order. Since
 * 6.10 each page is subtracted from the counters under its old type and added under the new one, which folds
 * differences.
 */
export function moveScannedBlock(m: Memory, zone: Zone, mt: number, oldMt: number): number {
  const { blockScan, state } = m;
  let moved = 0;
  if (blockScan.freePages === 0) return 0;
  for (let p = blockScan.startPfn; p < blockScan.endPfn; ) {
    const s = state[p]!;
    if (s !== 0 && s <= ORDER_MASK) {
      moveToFreeList(m, zone, p, s - 1, mt);
      if (m.sw.freelistHygiene) {
        accountFreePages(zone, -(1 << (s - 1)), oldMt);
        accountFreePages(zone, 1 << (s - 1), mt);
      }
      moved += 1 << (s - 1);
      p += 1 << (s - 1);
    } else p++;
  }
  return moved;
}
