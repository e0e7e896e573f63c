/**
 * Huge pages of hugetlb inside a range that a contiguous request empties, since 5.13 (mm/hugetlb.c
 * isolate_or_dissolve_huge_page(), isolate_hugetlb(); ae37c7ff79f1, 369fa227c219): a page in use is moved, a free one
 * of the pool is replaced. The new page comes from the buddy allocator in both cases. Left out: a page in use may also
 * move to a free page of the pool elsewhere, whose place is then filled in the same way. Gigantic pages stay.
 */
import { allocPages } from "../allocation/page-alloc";
import { __GFP_COMP, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE } from "../state/gfp";
import type { Memory } from "../state/memory";
import { extraReferences, orderInUse, ownerKind } from "../state/owners";

const GFP_HUGE_TARGET = GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOWARN;

/** Whether the page in use at head `pfn` is a huge page of hugetlb that the buddy allocator could give. */
export function isHugetlb(m: Memory, pfn: number): boolean {
  return orderInUse(m, pfn) > 0 && ownerKind(m, pfn) === "hugetlb";
}

/** Whether alloc_contig_range() can empty the place of the huge page at head `pfn`: 5.13 and later. */
export function hugetlbMoves(m: Memory, pfn: number): boolean {
  return isHugetlb(m, pfn) && m.sw.contigInUse === "migrated" && extraReferences(m, pfn) === 0;
}

/** A new huge page on the node of the one at `pfn`: its first frame, or −1. */
export function hugetlbTarget(m: Memory, pfn: number, order: number): number {
  return allocPages(m, GFP_HUGE_TARGET, order, m.zonelistOf(m.zoneOf(pfn)!.nid, GFP_HUGE_TARGET));
}

/** Tells the pools. Whether contents had to be copied: a free page has none. */
export function hugetlbMoved(m: Memory, from: number, to: number): boolean {
  for (const pool of m.hugetlbPools) {
    const was = pool.moved(from, to);
    if (was !== null) return was === "used";
  }
  return true;
}
