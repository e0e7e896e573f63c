/**
 * Walks over all frames of a machine in uniform runs: a free page, a page on a per-CPU list, a page in use, or
 * untouched memory. Untouched top-order runs are visited whole, so the cost of walking 1 TiB depends only on the
 * memory touched.
 */
import type { Memory } from "../state/memory";
import { ALLOCATED, isPcpState, ORDER_MASK } from "../state/page-state";
import type { Zone } from "../state/zone";
import type { FrameSpan } from "../state/zone-frames";

/** The kind of a run of frames. */
export type PageUse = "free" | "perCpu" | "used";

/**
 * Called for each run of frames [startPfn, startPfn + pages), ascending. `owner` is Memory.ownerOf() of a run in use and
 * 0 otherwise. A run in use is one page, or adjacent frames of unknown order with the same owner (reserved at boot).
 */
export type PageVisitor = (startPfn: number, pages: number, use: PageUse, owner: number) => void;

/** Visits every frame of the zone once. */
export function walkPages(m: Memory, zone: Zone, visit: PageVisitor): void {
  const runs = untouchedRuns(m);
  for (const piece of zone.pieces) walkPiece(m, piece, runs, visit);
}

function walkPiece(m: Memory, zone: FrameSpan, runs: [lo: number, hi: number][], visit: PageVisitor): void {
  const { state, owner } = m;
  const end = zone.endPfn;
  let next = runs.findIndex(([, hi]) => hi > zone.startPfn);
  if (next < 0) next = runs.length;
  for (let p = zone.startPfn; p < end; ) {
    const limit = Math.min(end, runs[next]?.[0] ?? end);
    if (p >= limit) {
      const to = Math.min(end, runs[next++]![1]);
      visit(p, to - p, "free", 0);
      p = to;
      continue;
    }
    const s = state[p]!;
    let pages = 1;
    if (s === 0) {
      const known = owner[p]!;
      while (p + pages < limit && state[p + pages] === 0 && owner[p + pages] === known) pages++;
      visit(p, pages, "used", known);
    } else if (s >= ALLOCATED) {
      pages = Math.min(2 ** (s & ORDER_MASK), end - p);
      visit(p, pages, "used", m.ownerOf(p));
    } else if (isPcpState(s)) {
      pages = 2 ** m.pcpOrder(s);
      visit(p, pages, "perCpu", 0);
    } else {
      pages = 2 ** (s - 1);
      visit(p, pages, "free", 0);
    }
    p += pages;
  }
}

/** Untouched runs of free top-order blocks, ascending. */
function untouchedRuns(m: Memory): [lo: number, hi: number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < m.virginLo.length; i++)
    if (m.virginHi[i]! > m.virginLo[i]!) runs.push([m.virginLo[i]!, m.virginHi[i]!]);
  return runs.sort((a, b) => a[0] - b[0]);
}
