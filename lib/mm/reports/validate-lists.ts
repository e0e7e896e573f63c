/** The laws of one zone's free lists and per-CPU lists, and the counts from walking them. */
import type { Memory } from "../state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_NAMES,
  MIGRATE_PCPTYPES,
  MIGRATE_TYPES,
} from "../state/migratetype";
import { pcpState, pcpStoredType } from "../state/page-state";
import { PAGE_ALLOC_COSTLY_ORDER, type PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";
import { LawBroken } from "./law-broken";

/** Pages found while walking one zone. */
export interface Tally {
  free: number;
  cma: number;
  highatomic: number;
  isolated: number;
  /** Pages (heads) on the free lists, and the untouched runs [lo, hi) among them. */
  heads: number;
  virgin: [number, number][];
  pcpHeads: number;
  pcpPages: number;
}

/** All lists of one order. */
export function checkFreeArea(m: Memory, zone: Zone, order: number, tally: Tally): void {
  const pages = 2 ** order;
  let length = 0;
  const limit = zone.endPfn - zone.startPfn;
  for (let mt = 0; mt < MIGRATE_TYPES; mt++) {
    const head = zone.listBase + (order << 3) + mt;
    let before = head;
    const start = length;
    for (let p = m.next[head]!; p !== head; before = p, p = m.next[p]!) {
      if (m.prev[p] !== before)
        throw new LawBroken("lists are linked both ways", zone.name, p, `order ${order}, prev ${m.prev[p]}`);
      if (p >= m.virginBase) {
        length += virginBlocks(m, zone, p - m.virginBase, order, tally);
        continue;
      }
      checkFreePage(m, zone, p, order, mt);
      length++;
      if (length > limit)
        throw new LawBroken("lists have no loops", zone.name, p, `order ${order}, ${MIGRATE_NAMES[mt]}`);
    }
    const listPages = (length - start) * pages;
    if (mt === MIGRATE_ISOLATE) tally.isolated += listPages;
    else tally.free += listPages;
    if (mt === MIGRATE_CMA) tally.cma += listPages;
    if (mt === MIGRATE_HIGHATOMIC) tally.highatomic += listPages;
  }
  tally.heads += length;
  if (length !== zone.nrFree[order])
    throw new LawBroken(
      "nr_free = length of the lists",
      zone.name,
      -1,
      `order ${order}: ${zone.nrFree[order]} against ${length}`,
    );
}

function virginBlocks(m: Memory, zone: Zone, node: number, order: number, tally: Tally): number {
  const lo = m.virginLo[node]!;
  const hi = m.virginHi[node]!;
  const top = 2 ** m.maxOrder;
  if (order !== m.maxOrder || lo % top !== 0 || hi % top !== 0 || lo >= hi)
    throw new LawBroken("untouched runs are whole top-order blocks", zone.name, lo, `[${lo}, ${hi})`);
  if (lo < zone.startPfn || hi > zone.endPfn)
    throw new LawBroken("free pages are in their zone", zone.name, lo, `untouched up to ${hi}`);
  tally.virgin.push([lo, hi]);
  return (hi - lo) / top;
}

/** One page on a free list. */
function checkFreePage(m: Memory, zone: Zone, p: number, order: number, mt: number): void {
  const pages = 2 ** order;
  const fail = (law: string, detail: string): never => {
    throw new LawBroken(law, zone.name, p, `order ${order}, ${MIGRATE_NAMES[mt]}: ${detail}`);
  };
  if (p < zone.startPfn || p + pages > zone.endPfn) fail("free pages are in their zone", `${pages} pages`);
  if (p % pages !== 0) fail("free pages are aligned to their order", `remainder ${p % pages}`);
  if (m.state[p] !== order + 1) fail("a page on a list of an order has that order", `state ${m.state[p]}`);
  if (!keepsTypes(m) || m.mobilityDisabled) return;
  for (let b = p; b < p + pages; b += m.pageblockPages)
    if (m.blockType(b) !== mt)
      fail(
        "a free page is on the list of its block's type",
        `block ${b} is ${MIGRATE_NAMES[m.blockType(b)]}`,
      );
}

/**
 * Since 6.10 a free page is on the list of its block's type, unless per-CPU lists hold pages larger than a block:
 * such a page is drained whole, even if its blocks' types changed in the meantime.
 */
export function keepsTypes(m: Memory): boolean {
  return m.sw.freelistHygiene && m.pageblockOrder >= PAGE_ALLOC_COSTLY_ORDER;
}

export function checkPcp(m: Memory, zone: Zone, pcp: PerCpuPages, tally: Tally): void {
  let count = 0;
  pcp.lists.forEach((list, i) => {
    const order = m.pindexOrder(i);
    for (const p of list.toArray()) {
      const fail = (law: string, detail: string): never => {
        throw new LawBroken(law, zone.name, p, `pcp list ${i}: ${detail}`);
      };
      if (p < zone.startPfn || p >= zone.endPfn) fail("free pages are in their zone", "outside");
      const stored = pcpStoredType(m.state[p]!);
      if (m.state[p] !== pcpState(order, stored)) fail("a page on a pcp list says so", `state ${m.state[p]}`);
      if (p % 2 ** order !== 0) fail("free pages are aligned to their order", `order ${order}`);
      const listed = stored >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : stored;
      if (!m.sw.freelistHygiene && m.pindex(order, listed) !== i)
        fail("a pcp page is on the list of its stored type", MIGRATE_NAMES[stored] ?? `${stored}`);
      tally.pcpHeads++;
      count += 2 ** order;
    }
  });
  if (count !== pcp.count)
    throw new LawBroken("pcp count = pages on the pcp lists", zone.name, -1, `${pcp.count} against ${count}`);
  tally.pcpPages += count;
}
