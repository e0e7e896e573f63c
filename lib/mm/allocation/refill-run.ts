/**
 * A refill of single pages taken from one free page in one go. Requests that follow one another climb through the free page that
 * the first of them splits: the upper halves go to the heads of their lists, which were empty, so the next request finds the
 * smallest of them. A run of `n` of its frames therefore leaves what `n` requests leave: the frames in ascending order, and
 * of the rest one free page of each order that is missing.
 */
import { materialiseFirst } from "../state/free-area";
import type { Memory } from "../state/memory";
import { pcpState } from "../state/page-state";
import type { PcpList } from "../state/pcp-list";
import { modNrFreeDown } from "../state/vmstat";
import type { Zone } from "../state/zone";

/**
 * Up to `most` single frames of the smallest free page of type `mt`, one that requests have, appended to a per-CPU list; how
 * many. 0: no page of the type lies free. Counters fall here where they fall page by page (6.10+), else the caller counts them.
 */
export function refillRun(m: Memory, zone: Zone, mt: number, most: number, list: PcpList): number {
  const { next } = m;
  let head = zone.listBase + mt;
  for (let order = 0; order <= m.maxOrder; order++, head += 8) {
    let pfn = next[head]!;
    if (pfn === head) continue;
    if (pfn >= m.virginBase) pfn = materialiseFirst(m, pfn);
    const n = order === 0 ? takeSingles(m, zone, mt, most, list) : Math.min(most, 1 << order);
    if (order > 0) {
      takePart(m, zone, pfn, n, mt);
      m.state.fill(pcpState(0, mt), pfn, pfn + n);
      for (let p = pfn; p < pfn + n; p++) list.addTail(p);
    }
    if (m.countPerPage) modNrFreeDown(zone, n);
    return n;
  }
  return 0;
}

/** Up to `most` pages of the list of single pages of a type, from its head on, go to the tail of `list`; how many. */
function takeSingles(m: Memory, zone: Zone, mt: number, most: number, list: PcpList): number {
  const { next, prev, state } = m;
  const head = zone.listBase + mt;
  const as = pcpState(0, mt);
  let n = 0;
  let p = next[head]!;
  for (; n < most && p !== head; n++) {
    state[p] = as;
    list.addTail(p);
    p = next[p]!;
  }
  next[head] = p;
  prev[p] = head;
  zone.nrFree[0]! -= n;
  return n;
}

/** Takes `n` frames off the free page at `pfn`, the smallest of its type; the others go to the lists. */
function takePart(m: Memory, zone: Zone, pfn: number, n: number, mt: number): void {
  const { next, prev, state } = m;
  const { nrFree } = zone;
  const order = state[pfn]! - 1;
  const before = prev[pfn]!;
  const after = next[pfn]!;
  next[before] = after;
  prev[after] = before;
  nrFree[order]!--;
  // What is left: one page for each bit of its length, the smaller the nearer. Each list was empty.
  let p = pfn + n;
  for (let left = (1 << order) - n; left > 0; left &= left - 1) {
    const o = 31 - Math.clz32(left & -left);
    const head = zone.listBase + (o << 3) + mt;
    next[head] = prev[head] = p;
    next[p] = prev[p] = head;
    state[p] = o + 1;
    nrFree[o]!++;
    p += 1 << o;
  }
}
