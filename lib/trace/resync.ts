/**
 * Brings the machine into the recorded state after a mismatch. The predicted page returns to where it came from, as
 * far as that is known, and the recorded page is cut out of the free page that holds it.
 */

import { freeOnePage } from "../mm/allocation/free-one-page";
import { prepNewPage } from "../mm/allocation/page-alloc";
import { accountFreePages, addToFreeList, delPageFromFreeList } from "../mm/state/free-area";
import type { Memory } from "../mm/state/memory";
import type { Zone } from "../mm/state/zone";
import type { FrameSpan } from "../mm/state/zone-frames";

/** Returns a page that was predicted but not recorded, bypassing the per-CPU lists. */
export function giveBack(m: Memory, pfn: number, order: number): void {
  const zone = m.zoneOf(pfn)!;
  m.splitAllocated(pfn, order);
  freeOnePage(m, zone, pfn, order, m.blockType(pfn), false);
}

/** Takes exactly [pfn, pfn + 2^order) out of the free pages; false if part of it is in use. */
export function takeExactly(m: Memory, pfn: number, order: number, mt: number): boolean {
  const end = pfn + 2 ** order;
  for (let p = pfn; p < end; ) {
    const place = m.freePlaceOf(p);
    if (place === undefined) return false;
    p = place.head + 2 ** place.order;
  }
  for (let p = pfn; p < end; ) {
    const { head, order: o, pcp } = m.freePlaceOf(p)!;
    const zone = m.zoneOf(head)!;
    if (pcp) takeFromPcp(m, zone, head, o);
    else takeFromBuddy(m, zone, head, o, { startPfn: pfn, endPfn: end });
    p = head + 2 ** o;
  }
  m.state.fill(0, pfn, end);
  prepNewPage(m, pfn, order, mt);
  return true;
}

function takeFromPcp(m: Memory, zone: Zone, head: number, order: number): void {
  m.state[head] = 0;
  const pcp = zone.pcps.find(({ lists }) => lists.some((list) => list.remove(head)));
  if (pcp !== undefined) pcp.count -= 2 ** order;
}

/** Unlinks the page at `head` and returns its parts outside `wanted` to the heads of their lists. */
function takeFromBuddy(m: Memory, zone: Zone, head: number, order: number, wanted: FrameSpan): void {
  const { startPfn: from, endPfn: to } = wanted;
  const mt = m.sw.freelistHygiene ? m.blockType(head) : listTypeOf(m, zone, head, order);
  delPageFromFreeList(m, zone, head, order);
  accountFreePages(zone, -(2 ** order), mt);
  const giveBackParts = (pfn: number, o: number) => {
    const end = pfn + 2 ** o;
    if (pfn >= from && end <= to) return;
    if (end <= from || pfn >= to) {
      addToFreeList(m, zone, pfn, o, mt);
      accountFreePages(zone, 2 ** o, mt);
      return;
    }
    giveBackParts(pfn + 2 ** (o - 1), o - 1);
    giveBackParts(pfn, o - 1);
  };
  giveBackParts(head, order);
}

/** The type of the list a free page is on, found by walking to its head. */
function listTypeOf(m: Memory, zone: Zone, pfn: number, order: number): number {
  let p = m.next[pfn]!;
  while (p < m.endPfn || p >= m.virginBase) p = m.next[p]!;
  const type = p - zone.listBase - order * 8;
  return type >= 0 && type < 8 ? type : m.blockType(pfn);
}
