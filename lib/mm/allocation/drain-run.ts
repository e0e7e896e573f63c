/**
 * A drain of a per-CPU list taken in runs. Frames that lie side by side and are freed one after the other merge into the largest
 * aligned pages among them; what each of them did to the lists on the way is undone by the next. So a run is freed page by
 * page of those, in the order in which they become whole. Only the counters go frame by frame.
 */
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE } from "../state/migratetype";
import { pcpStoredType } from "../state/page-state";
import type { PcpList } from "../state/pcp-list";
import { modNrFreeCma, modNrFreeUp } from "../state/vmstat";
import type { Zone } from "../state/zone";
import { placeFreed } from "./free-one-page";

/**
 * Frees up to `most` single pages from the tail of a list that is not empty, as many as lie side by side in one page block and
 * have one type; how many. `typeOfNow`: that of the block counts, else the one stored with each page.
 */
export function drainRun(m: Memory, zone: Zone, list: PcpList, most: number, typeOfNow: boolean): number {
  const { state } = m;
  const last = list.length - 1;
  const from = list.at(last);
  const as = state[from]!;
  const step = last > 0 ? list.at(last - 1) - from : 0;
  let n = 1;
  if (step === 1 || step === -1) {
    const block = from >>> m.pageblockOrder;
    for (const end = Math.min(most, last + 1); n < end; n++) {
      const p = from + n * step;
      if (list.at(last - n) !== p || state[p] !== as || p >>> m.pageblockOrder !== block) break;
    }
  }
  list.dropTail(n);
  const mt = typeOfNow ? m.blockType(from) : pcpStoredType(as);
  countFreed(zone, n, mt);
  if (n === 1) placeFreed(m, zone, from, 0, mt, false);
  else if (step > 0) freeUpwards(m, zone, from, n, mt);
  else freeDownwards(m, zone, from - n + 1, n, mt);
  return n;
}

/** accountFreePages(zone, 1, mt), `n` times. */
function countFreed(zone: Zone, n: number, mt: number): void {
  if (mt === MIGRATE_ISOLATE) return;
  modNrFreeUp(zone, n);
  if (mt === MIGRATE_CMA) for (let i = 0; i < n; i++) modNrFreeCma(zone, 1);
  else if (mt === MIGRATE_HIGHATOMIC) zone.nrFreeHighatomic += n;
}

function freeUpwards(m: Memory, zone: Zone, start: number, n: number, mt: number): void {
  m.state.fill(0, start, start + n);
  const end = start + n;
  for (let p = start; p < end; ) {
    const order = largest(p, end - p);
    placeFreed(m, zone, p, order, mt, false);
    p += 1 << order;
  }
}

/** Frees the single frames [start, start + n) of one page block, the last one first; they are counted already. */
export function freeDownwards(m: Memory, zone: Zone, start: number, n: number, mt: number): void {
  m.state.fill(0, start, start + n);
  for (let end = start + n; end > start; ) {
    const order = largest(end, end - start);
    end -= 1 << order;
    placeFreed(m, zone, end, order, mt, false);
  }
}

/** Order of the largest page of at most `most` frames that is aligned at `edge`. */
function largest(edge: number, most: number): number {
  const byMost = 31 - Math.clz32(most);
  const byEdge = 31 - Math.clz32(edge & -edge);
  return edge === 0 || byMost < byEdge ? byMost : byEdge;
}
