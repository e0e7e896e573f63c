/** The largest range of free frames, which no page of the buddy allocator shows: adjacent free pages do not always merge. */
import type { Memory } from "../state/memory";
import { walkPages } from "./page-walk";

/** Frames of the longest run of free pages within one zone; per-CPU lists are not free. */
export function largestFreeRange(m: Memory): number {
  let most = 0;
  for (const zone of m.zones) {
    let from = -1;
    let to = -1;
    walkPages(m, zone, (startPfn, pages, use) => {
      if (use !== "free") return;
      if (startPfn !== to) from = startPfn;
      to = startPfn + pages;
      if (to - from > most) most = to - from;
    });
  }
  return most;
}
