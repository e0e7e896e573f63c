/**
 * Isolating page blocks (mm/page_isolation.c): free pages of an isolated block are on the ISOLATE lists, do not count
 * as free and cannot be allocated; pages freed into it join them. Since 5.19 the unit is one page block, and free
 * pages that straddle the edge of the range are split; before, the unit was the larger of page block and largest
 * buddy.
 */

import { freeOnePage } from "../allocation/free-one-page";
import { isolateFreePage } from "../allocation/isolate-free-page";
import { moveScannedBlock, scanBlock } from "../allocation/move-freepages";
import { buddyOrder } from "../compaction/isolate-freepages-block";
import { accountFreePages, delPageFromFreeList } from "../state/free-area";
import { ZONE_MOVABLE } from "../state/gfp";
import { materialiseRange } from "../state/materialise-range";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "../state/migratetype";
import {
  clearInside,
  inUse,
  isFreeToMove,
  isMovablePage,
  offLru,
  orderInUse,
  ownerKind,
} from "../state/owners";
import { BLOCK_ISOLATED, MOVABLE_PAGE, OWNER_RESERVED, OWNER_SLAB } from "../state/page-state";
import type { Zone } from "../state/zone";
import type { FrameSpan } from "../state/zone-frames";
import { hugetlbMoves } from "./hugetlb-moves";

export const EBUSY = -16;
export const ENOMEM = -12;
export const EAGAIN = -11;
export const EINVAL = -22;

/** The first page of [start, end) that cannot be moved, or −1: has_unmovable_pages(). CMA blocks are not checked. */
export function hasUnmovablePages(m: Memory, zone: Zone, start: number, end: number, mt: number): number {
  if (m.blockType(start) === MIGRATE_CMA) return mt === MIGRATE_CMA ? -1 : start;
  const around = m.state[start] === 0 ? m.freePlaceOf(start) : undefined;
  for (let p = around === undefined ? start : around.head + (1 << around.order); p < end; p++) {
    const free = buddyOrder(m, p);
    if (free >= 0) {
      p += (1 << free) - 1;
      continue;
    }
    // What belongs to nobody stays, even if it was called movable once.
    if (isFreeToMove(m, p) && (m.owner[p]! & ~MOVABLE_PAGE & ~OWNER_SLAB) !== OWNER_RESERVED) continue;
    if (!inUse(m, p)) continue;
    const kind = ownerKind(m, p);
    if (kind === "reserved" || kind === "hole") return p;
    if (zone.idx === ZONE_MOVABLE || (isMovablePage(m, p) && !offLru(m, p)) || hugetlbMoves(m, p)) {
      p += (1 << orderInUse(m, p)) - 1;
      continue;
    }
    return p;
  }
  return -1;
}

function setIsolated(m: Memory, pfn: number, on: boolean, mt: number): void {
  const i = pfn >>> m.pageblockOrder;
  if (m.sw.isolateBit) {
    m.blocks[i] = on ? m.blocks[i]! | BLOCK_ISOLATED : m.blocks[i]! & ~BLOCK_ISOLATED;
    return;
  }
  m.trace?.blockType?.(pfn, on ? MIGRATE_ISOLATE : mt);
  m.setBlockType(pfn, on ? MIGRATE_ISOLATE : mt);
}

/**
 * set_migratetype_isolate() for the block at `pfn`; only its part in `span` must be movable. Returns 0 or −EBUSY:
 * either the block is isolated already, or `m.barrierPfn` holds the frame that prevents it.
 */
export function isolateBlock(m: Memory, zone: Zone, pfn: number, mt: number, span: FrameSpan): number {
  m.barrierPfn = -1;
  if (m.blockType(pfn) === MIGRATE_ISOLATE) return EBUSY;
  const start = Math.max(pfn, span.startPfn);
  const unmovable = hasUnmovablePages(m, zone, start, Math.min(pfn + m.pageblockPages, span.endPfn), mt);
  if (unmovable >= 0) {
    m.barrierPfn = unmovable;
    return EBUSY;
  }
  const old = m.blockType(pfn);
  if (m.sw.freelistHygiene) {
    moveWithHygiene(m, zone, pfn, old, () => setIsolated(m, pfn, true, old));
    zone.nrIsolatePageblock++;
    return 0;
  }
  setIsolated(m, pfn, true, old);
  zone.nrIsolatePageblock++;
  m.trace?.moveBlock?.(pfn, MIGRATE_ISOLATE, old);
  accountFreePages(zone, -moveAll(m, zone, pfn, MIGRATE_ISOLATE, old), old);
  return 0;
}

function moveAll(m: Memory, zone: Zone, pfn: number, mt: number, old: number): number {
  if (!scanBlock(m, zone, pfn)) return 0;
  m.blockScan.startPfn = pfn;
  return moveScannedBlock(m, zone, mt, old);
}

/** 6.10+: splits a free page larger than the block at block size, then moves the block's free pages between lists. */
function moveWithHygiene(m: Memory, zone: Zone, pfn: number, old: number, setType: () => void): void {
  for (let order = m.pageblockOrder; order <= m.maxOrder; order++) {
    const head = pfn - (pfn % (1 << order));
    if (buddyOrder(m, head) !== order || order === m.pageblockOrder) continue;
    const type = m.blockType(head);
    delPageFromFreeList(m, zone, head, order);
    accountFreePages(zone, -(1 << order), type);
    setType();
    for (let p = head; p < head + (1 << order); p += m.pageblockPages)
      freeOnePage(m, zone, p, m.pageblockOrder, m.blockType(p), false);
    return;
  }
  const moving = scanBlock(m, zone, pfn);
  setType();
  const now = m.blockType(pfn);
  m.trace?.moveBlock?.(pfn, now, old);
  if (moving) moveScannedBlock(m, zone, now, old);
}

/**
 * unset_migratetype_isolate(): returns free pages to the tails of the lists of `mt`; a completely free block merges.
 */
export function unisolateBlock(m: Memory, zone: Zone, pfn: number, mt: number): void {
  if (m.blockType(pfn) !== MIGRATE_ISOLATE) return;
  const order = buddyOrder(m, pfn);
  const merges = order >= m.pageblockOrder && order < m.maxOrder && freeBuddyOutside(m, zone, pfn, order);
  const type = m.sw.isolateBit ? m.blocks[pfn >>> m.pageblockOrder]! & 7 : mt;
  if (merges) {
    m.trace?.isolateFree?.(pfn, order);
    isolateFreePage(m, zone, pfn, order);
    setIsolated(m, pfn, false, type);
    m.trace?.putBack?.(pfn, order, type);
    clearInside(m, pfn, order);
    freeOnePage(m, zone, pfn, order, type, true);
  } else if (m.sw.freelistHygiene) {
    moveWithHygiene(m, zone, pfn, MIGRATE_ISOLATE, () => setIsolated(m, pfn, false, type));
  } else {
    m.trace?.moveBlock?.(pfn, type, MIGRATE_ISOLATE);
    accountFreePages(zone, moveAll(m, zone, pfn, type, MIGRATE_ISOLATE), type);
    setIsolated(m, pfn, false, type);
  }
  zone.nrIsolatePageblock--;
}

function freeBuddyOutside(m: Memory, zone: Zone, pfn: number, order: number): boolean {
  const buddy = pfn ^ (1 << order);
  if (buddy < zone.startPfn || buddy >= zone.endPfn || buddyOrder(m, buddy) !== order) return false;
  return m.blockType(buddy) !== MIGRATE_ISOLATE;
}

/**
 * split_free_page() (5.19..6.9): splits a free page of `order` at `offset` frames into aligned pieces; each joins the
 * list of its own block's type.
 */
export function splitFreePage(m: Memory, zone: Zone, head: number, order: number, offset: number): void {
  m.trace?.splitFree?.(head, order, offset);
  const mt = m.blockType(head);
  accountFreePages(zone, -(1 << order), mt);
  delPageFromFreeList(m, zone, head, order);
  const end = head + (1 << order);
  let left = offset;
  for (let p = head; p < end; ) {
    const aligned = p === 0 ? order : 31 - Math.clz32(p & -p);
    const piece = Math.min(aligned, 31 - Math.clz32(left));
    freeOnePage(m, zone, p, piece, m.blockType(p), false);
    p += 1 << piece;
    left -= 1 << piece;
    if (left === 0) left = end - p;
  }
}

/** An end of a range of blocks, whose boundary a larger page may cross. */
interface RangeEnd {
  boundary: number;
  /** The block is before the boundary, not after it. */
  before: boolean;
  /** The block is already isolated: it is the range's only one. */
  isolated: boolean;
}

/** isolate_single_pageblock(): the block at one end of the range. */
function isolateSinglePageblock(m: Memory, zone: Zone, at: RangeEnd, mt: number): number {
  const { boundary, before } = at;
  const block = before ? boundary - m.pageblockPages : boundary;
  const top = 1 << m.maxOrder;
  if (!at.isolated) {
    const ret = isolateBlock(m, zone, block, mt, { startPfn: block, endPfn: block + m.pageblockPages });
    if (ret !== 0) return ret;
  }
  const outside = before ? boundary : boundary - 1;
  if (outside < zone.startPfn || outside >= zone.endPfn) return 0;
  for (let p = Math.max(block - (block % top), zone.startPfn); p < boundary; ) {
    const free = buddyOrder(m, p);
    if (free >= 0) {
      if (p + (1 << free) > boundary && !m.sw.freelistHygiene) splitFreePage(m, zone, p, free, boundary - p);
      p += 1 << free;
      continue;
    }
    const pages = inUse(m, p) ? 1 << orderInUse(m, p) : 1;
    if (p + pages > boundary) {
      m.barrierPfn = p;
      if (!at.isolated) unisolateBlock(m, zone, block, mt);
      return EBUSY;
    }
    p += pages;
  }
  return 0;
}

/** The blocks that a request for [start, end) isolates: [from, to). */
export function isolatedSpan(m: Memory, start: number, end: number): { from: number; to: number } {
  const unit =
    m.sw.isolationUnit === "pageblock" ? m.pageblockPages : 1 << Math.max(m.maxOrder, m.pageblockOrder);
  return { from: start - (start % unit), to: Math.ceil(end / unit) * unit };
}

function isHole(m: Memory, zone: Zone, pfn: number): boolean {
  return pfn < zone.startPfn || pfn >= zone.endPfn || m.notInZone(zone, pfn);
}

/**
 * start_isolate_page_range(): returns 0, or −EBUSY with the previous state restored. Middle blocks come last,
 * ascending.
 */
export function startIsolatePageRange(m: Memory, zone: Zone, start: number, end: number, mt: number): number {
  const { from, to } = isolatedSpan(m, start, end);
  const pages = m.pageblockPages;
  materialiseRange(m, from, to);
  if (m.sw.isolationUnit !== "pageblock") {
    for (let p = from; p < to; p += pages) {
      if (isHole(m, zone, p) || isolateBlock(m, zone, p, mt, { startPfn: p, endPfn: p + pages }) === 0)
        continue;
      undoIsolatePageRange(m, zone, from, p, mt);
      return EBUSY;
    }
    return 0;
  }
  const ret = isolateSinglePageblock(m, zone, { boundary: from, before: false, isolated: false }, mt);
  if (ret !== 0) return ret;
  const last = { boundary: to, before: true, isolated: from === to - pages };
  if (isolateSinglePageblock(m, zone, last, mt) !== 0) {
    unisolateBlock(m, zone, from, mt);
    return EBUSY;
  }
  for (let p = from + pages; p < to - pages; p += pages) {
    if (isHole(m, zone, p) || isolateBlock(m, zone, p, mt, { startPfn: start, endPfn: end }) === 0) continue;
    undoIsolatePageRange(m, zone, from, p, mt);
    unisolateBlock(m, zone, to - pages, mt);
    return EBUSY;
  }
  return 0;
}

/** undo_isolate_page_range(): blocks ascending. */
export function undoIsolatePageRange(m: Memory, zone: Zone, start: number, end: number, mt: number): void {
  const { from, to } = isolatedSpan(m, start, end);
  for (let p = from; p < to; p += m.pageblockPages) if (!isHole(m, zone, p)) unisolateBlock(m, zone, p, mt);
}

/** __test_page_isolated_in_pageblock(): the first frame that is not free, or at least `end`. */
export function firstNotFree(m: Memory, start: number, end: number): number {
  let p = start;
  while (p < end) {
    const order = buddyOrder(m, p);
    if (order < 0) break;
    p += 1 << order;
  }
  return p;
}
