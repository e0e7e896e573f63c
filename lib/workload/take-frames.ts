/**
 * Takes chosen frames for an owner that never moves, as if a driver or the kernel had got them long ago while they were free. No
 * kernel function does this: it places a page where an experiment needs it and keeps lists, counters and types consistent.
 */
import type { System } from "../machine/system";
import { drainAllPages } from "../mm/allocation/drain-cpus";
import { isolateFreePage } from "../mm/allocation/isolate-free-page";
import { freePagesCore } from "../mm/allocation/page-alloc";
import { materialiseZone } from "../mm/state/free-area";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../mm/state/migratetype";
import { markTaken, OWNER_KINDS, type OwnerKind } from "../mm/state/owners";
import { MOVABLE_PAGE, OWNER_MASK } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";

/** Frees [from, to) in the largest aligned pieces, bypassing the per-CPU lists. */
export function giveBack(m: Memory, from: number, to: number): void {
  for (let p = from; p < to; ) {
    let order = 0;
    while (order < m.maxOrder && p % (1 << (order + 1)) === 0 && p + (1 << (order + 1)) <= to) order++;
    m.splitAllocated(p, order);
    freePagesCore(m, p, order);
    p += 1 << order;
  }
}

/** Makes every frame of the machine inspectable, and empties the per-CPU lists. */
export function settle(m: Memory): void {
  for (const zone of m.zones) {
    materialiseZone(m, zone);
    drainAllPages(m, zone);
  }
}

/** Takes the frame at `pfn`, which must be in a free buddy page, as a single page of `kind`; false if it is not. */
export function takeFreeFrame(m: Memory, zone: Zone, pfn: number, kind: OwnerKind): boolean {
  const place = m.freePlaceOf(pfn);
  if (place === undefined || place.pcp) return false;
  const type = m.blockType(pfn);
  isolateFreePage(m, zone, place.head, place.order);
  // Compaction makes a block MOVABLE if it takes half of it; here the type stays.
  if (place.order >= m.pageblockOrder - 1) m.setBlockType(pfn, type);
  markTaken(m, pfn, pfn + 1, kind);
  giveBack(m, place.head, pfn);
  giveBack(m, pfn + 1, place.head + (1 << place.order));
  return true;
}

/** Takes the frame at `pfn`, free or not; movable contents move away first. */
export function takeFrame(system: System, zone: Zone, pfn: number, kind: OwnerKind): boolean {
  const { memory: m } = system;
  if (takeFreeFrame(m, zone, pfn, kind)) return true;
  if ((m.ownerOf(m.headOf(pfn)) & MOVABLE_PAGE) === 0) return false;
  return system.contig.allocContigRange(pfn, pfn + 1, MIGRATE_MOVABLE, { owner: kind, world: system.world })
    .ok;
}

/** First frames of the page blocks that are entirely in a zone and not CMA's. */
export function ordinaryBlocks(m: Memory): number[] {
  const blocks: number[] = [];
  for (const zone of m.zones)
    for (
      let b = Math.ceil(zone.startPfn / m.pageblockPages) * m.pageblockPages;
      b + m.pageblockPages <= zone.endPfn;
      b += m.pageblockPages
    )
      if (!m.notInZone(zone, b) && m.blockType(b) !== MIGRATE_CMA) blocks.push(b);
  return blocks;
}

/** Whether a block holds a page in use that does not move. */
export function holdsFixed(m: Memory, block: number): boolean {
  for (let p = block; p < block + m.pageblockPages; p++) {
    if (m.freePlaceOf(p) !== undefined) continue;
    const owner = m.ownerOf(m.headOf(p));
    if ((owner & MOVABLE_PAGE) === 0 && (owner & OWNER_MASK) !== OWNER_KINDS.hole) return true;
  }
  return false;
}
