/** Freeing into the buddy lists: merge with the buddy while it is free, then choose the end of the list. */
import { goesToTail } from "../decisions/lists";
import { accountFreePages, addToFreeList, addToFreeListTail, delPageFromFreeList } from "../state/free-area";
import type { Memory } from "../state/memory";
import { MIGRATE_ISOLATE, MIGRATE_PCPTYPES } from "../state/migratetype";
import { BLOCK_ISOLATED, BLOCK_MT } from "../state/page-state";
import type { Zone } from "../state/zone";

/**
 * mm/page_alloc.c: __free_one_page(). `toTail` is FPI_TO_TAIL. Below page-block order, types are not compared, so
 * before 6.10 a list may hold pages of blocks of another type.
 */
export function freeOnePage(
  m: Memory,
  zone: Zone,
  pfn: number,
  order: number,
  mt: number,
  toTail: boolean,
): void {
  accountFreePages(zone, 1 << order, mt);
  placeFreed(m, zone, pfn, order, mt, toTail);
}

/** freeOnePage() of a page that is counted as free already. */
export function placeFreed(
  m: Memory,
  zone: Zone,
  pfn: number,
  order: number,
  mt: number,
  toTail: boolean,
): void {
  const state = m.state;
  const maxOrder = m.maxOrder;
  state[pfn] = 0;
  const capture = m.capture;
  let buddy = 0;
  while (order < maxOrder) {
    if (capture?.(zone, pfn, order, mt)) {
      accountFreePages(zone, -(1 << order), mt);
      return;
    }
    buddy = pfn ^ (1 << order);
    if (state[buddy] !== order + 1 || buddy < zone.startPfn || buddy >= zone.endPfn) break;
    if (order >= m.pageblockOrder && !mayMerge(m, zone, buddy, order, mt)) break;
    delPageFromFreeList(m, zone, buddy, order);
    pfn &= buddy;
    order++;
  }
  let tail = toTail || buddyMergeLikely(m, zone, pfn, buddy, order);
  if (m.change !== null) tail = goesToTail(m, zone, { pfn, order, mt, toTail, tail });
  if (tail) addToFreeListTail(m, zone, pfn, order, mt);
  else addToFreeList(m, zone, pfn, order, mt);
}

/** Whether blocks of different types may become one page; with hygiene, the buddy takes the freed page's type. */
function mayMerge(m: Memory, zone: Zone, buddy: number, order: number, mt: number): boolean {
  const buddyMt = m.blockType(buddy);
  if (buddyMt === mt) return true;
  if (m.sw.mergeAcrossTypes === "isolate") {
    return zone.nrIsolatePageblock === 0 || (mt !== MIGRATE_ISOLATE && buddyMt !== MIGRATE_ISOLATE);
  }
  if (mt >= MIGRATE_PCPTYPES || buddyMt >= MIGRATE_PCPTYPES) return false;
  if (m.hygiene) changePageblockRange(m, buddy, order, mt);
  return true;
}

/** change_pageblock_range(): every block of a page of page-block order or more gets the type. */
export function changePageblockRange(m: Memory, pfn: number, order: number, mt: number): void {
  const n = 1 << (order - m.pageblockOrder);
  for (let i = 0; i < n; i++) {
    const block = pfn + (i << m.pageblockOrder);
    m.setBlockType(block, mt);
    m.trace?.blockType?.(block, mt);
  }
}

/** buddy_merge_likely(): is the buddy of the next-higher order free? Not checked at the two highest orders. */
function buddyMergeLikely(m: Memory, zone: Zone, pfn: number, buddy: number, order: number): boolean {
  if (order >= m.maxOrder - 1) return false;
  const higher = (pfn & buddy) ^ (1 << (order + 1));
  return m.state[higher] === order + 2 && higher >= zone.startPfn && higher < zone.endPfn;
}

/**
 * free_one_page(): past the per-CPU lists, to the list of the block's type. With hygiene, a large page is freed block
 * by block.
 */
export function freeOnePageLocked(m: Memory, zone: Zone, pfn: number, order: number, toTail: boolean): void {
  if (m.hygiene) {
    splitLargeBuddy(m, zone, pfn, order, toTail);
    return;
  }
  freeOnePage(m, zone, pfn, order, m.blockType(pfn), toTail);
}

/** split_large_buddy(): a page above page-block order is freed block by block, in the releases that do so. */
function splitLargeBuddy(m: Memory, zone: Zone, pfn: number, order: number, toTail: boolean): void {
  const end = pfn + (1 << order);
  const step = m.sw.freeSplitsAtPageblock ? Math.min(order, m.pageblockOrder) : order;
  for (let p = pfn; p < end; p += 1 << step) {
    const b = m.blocks[p >>> m.pageblockOrder]!;
    freeOnePage(m, zone, p, step, b & BLOCK_ISOLATED ? MIGRATE_ISOLATE : b & BLOCK_MT, toTail);
  }
}
