/** How many frames of a range are free, in the buddy lists or on per-CPU lists. */
import type { Memory } from "../mm/state/memory";
import { ALLOCATED, ORDER_MASK } from "../mm/state/page-state";

export function freeFramesIn(m: Memory, start: number, end: number): number {
  let free = 0;
  for (let p = start; p < end; ) {
    const s = m.state[p]!;
    if (s >= ALLOCATED) {
      p += 1 << (s & ORDER_MASK);
      continue;
    }
    const place = m.freePlaceOf(p);
    const next = place === undefined ? p + 1 : Math.min(end, place.head + (1 << place.order));
    if (place !== undefined) free += next - p;
    p = next;
  }
  return free;
}
