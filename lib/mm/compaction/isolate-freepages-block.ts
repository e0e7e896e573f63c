/** Isolates the free pages of one block as migration targets. */

import { isolateFreePageChecked } from "../allocation/isolate-free-page";
import type { Memory } from "../state/memory";
import { ALLOCATED, ORDER_MASK } from "../state/page-state";
import type { CompactControl } from "./compact-control";

/** Order of the compound page that begins at `pfn`, or 0. */
export function compoundOrder(m: Memory, pfn: number): number {
  const s = m.state[pfn]!;
  return s >= ALLOCATED ? s & ORDER_MASK : 0;
}

/** Order of the free buddy page that begins at `pfn`, or −1. */
export function buddyOrder(m: Memory, pfn: number): number {
  const s = m.state[pfn]!;
  return s > 0 && s < 0x40 ? s - 1 : -1;
}

/**
 * isolate_freepages_block(), not strict: adds free pages in [start, end) to `cc.freepages` until there are as many as
 * sources. It checks every `stride`-th frame. Returns the frame where it stopped, or `end` if the block is finished.
 */
export function isolateFreepagesBlock(
  m: Memory,
  cc: CompactControl,
  start: number,
  end: number,
  stride: number,
): number {
  let scanned = 0;
  let pfn = start;
  for (; pfn < end; pfn += stride) {
    scanned++;
    const order = buddyOrder(m, pfn);
    if (order < 0) {
      const compound = compoundOrder(m, pfn);
      if (compound > 0) pfn += (1 << compound) - 1;
      continue;
    }
    if (!isolateFreePageChecked(m, cc.zone, pfn, order)) break;
    const pages = 1 << order;
    scanned += pages - 1;
    m.counters.compact_isolated += pages;
    cc.nrFreepages += pages;
    for (let i = 0; i < pages; i++) cc.freepages.push(pfn + i);
    if (cc.nrMigratepages <= cc.nrFreepages) {
      pfn += pages;
      break;
    }
    pfn += pages - 1;
  }
  cc.totalFreeScanned += scanned;
  const stopped = Math.min(pfn, end);
  m.trace?.isolateFreepages?.(start, stopped, scanned);
  return stopped;
}
