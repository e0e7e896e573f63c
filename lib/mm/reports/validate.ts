/**
 * The laws of the allocator's state, checked where the data lives. In every zone, in pages:
 *
 *     free + isolated + on per-CPU lists + allocated + reserved = spanned     (reserved: never given to the allocator)
 *     NR_FREE_PAGES + Σ per-CPU differences = what the lists hold, without those of type ISOLATE
 *
 * and every free page is aligned, on one list of its order, linked both ways, and has no free buddy to merge with.
 */
import {
  ALLOCATED,
  BLOCK_HOLE,
  BLOCK_ISOLATED,
  BLOCK_MT,
  isPcpState,
  type Memory,
  ORDER_MASK,
  pcpState,
  pcpStoredType,
} from "../state/memory";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_NAMES,
  MIGRATE_PCPTYPES,
  MIGRATE_TYPES,
} from "../state/migratetype";
import { NR_PCP_LISTS_MAX, PAGE_ALLOC_COSTLY_ORDER, type PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";

/** `entry`: heads and counters, a few hundred reads; `everything`: every list and every frame. */
export const VALIDATE_LEVELS = ["off", "entry", "everything"] as const;
export type ValidateLevel = (typeof VALIDATE_LEVELS)[number];

/** What the caller knows of the memory's past; each makes more laws checkable. */
export interface ValidateOptions {
  /** Every page in use was handed out here, so pages can be told from holes (not so after loading a snapshot). */
  ownersKnown?: boolean;
  /** No block ever was CMA, HIGHATOMIC or ISOLATE: then pages merge at and above page-block order too. */
  plainTypes?: boolean;
}

/** A law that does not hold: a defect of the engine, never of the input. */
export class LawBroken extends Error {
  readonly law: string;
  readonly zone: string;
  /** First frame of the page at fault, or −1. */
  readonly pfn: number;
  constructor(law: string, zone: string, pfn: number, detail: string) {
    super(`law broken: ${law}: zone ${zone}${pfn < 0 ? "" : `, frame ${pfn}`}: ${detail}`);
    this.name = "LawBroken";
    this.law = law;
    this.zone = zone;
    this.pfn = pfn;
  }
}

/** Pages found while walking one zone. */
interface Tally {
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

/**
 * Throws LawBroken at the first law that does not hold; changes nothing.
 * @example
 * ```ts
 * import { machine, validate } from "pageblock";
 *
 * validate(machine("qemu-virt").memory("512MiB").start().memory, "everything"); // throws LawBroken if a law is broken
 * ```
 */
export function validate(m: Memory, level: ValidateLevel, options: ValidateOptions = {}): void {
  if (level === "off") return;
  for (const zone of m.zones) {
    checkEntry(m, zone, options);
    if (level === "entry") continue;
    const tally: Tally = {
      free: 0,
      cma: 0,
      highatomic: 0,
      isolated: 0,
      heads: 0,
      virgin: [],
      pcpHeads: 0,
      pcpPages: 0,
    };
    for (let order = 0; order <= m.maxOrder; order++) checkFreeArea(m, zone, order, tally);
    for (const pcp of zone.pcps) checkPcp(m, zone, pcp, tally);
    checkFrames(m, zone, tally, options);
    checkCounters(m, zone, tally);
    checkBlocks(m, zone);
  }
}

function checkEntry(m: Memory, zone: Zone, options: ValidateOptions): void {
  const fail = (law: string, detail: string): never => {
    throw new LawBroken(law, zone.name, -1, detail);
  };
  for (let order = 0; order <= m.maxOrder; order++) {
    if (zone.nrFree[order]! < 0) fail("nr_free is not negative", `order ${order}: ${zone.nrFree[order]}`);
    let some = false;
    for (let mt = 0; mt < MIGRATE_TYPES; mt++) {
      const head = zone.listBase + (order << 3) + mt;
      if (m.prev[m.next[head]!] !== head || m.next[m.prev[head]!] !== head)
        fail("lists are linked both ways", `head of order ${order}, ${MIGRATE_NAMES[mt]}`);
      if (m.next[head] !== head) some = true;
    }
    if (some !== zone.nrFree[order]! > 0)
      fail("nr_free = length of the lists", `order ${order}: nr_free ${zone.nrFree[order]}`);
  }
  for (const pcp of zone.pcps) {
    if (pcp.count < 0) fail("pcp count is not negative", `${pcp.count}`);
    let some = false;
    for (let i = 0; i < NR_PCP_LISTS_MAX; i++) {
      const head = pcp.listBase + i;
      if (m.prev[m.next[head]!] !== head || m.next[m.prev[head]!] !== head)
        fail("lists are linked both ways", `head of pcp list ${i}`);
      if (m.next[head] === head) continue;
      some = true;
      if (i >= pcp.nrLists) fail("only the profile's pcp lists are used", `list ${i} of ${pcp.nrLists}`);
    }
    if (some !== pcp.count > 0) fail("pcp count = pages on the pcp lists", `count ${pcp.count}`);
    const diff = Math.max(Math.abs(pcp.diffNrFree), Math.abs(pcp.diffNrFreeCma));
    if (options.ownersKnown && diff > pcp.statThreshold)
      fail("per-CPU differences stay within their threshold", `${diff} > ${pcp.statThreshold}`);
  }
}

/** All lists of one order. */
function checkFreeArea(m: Memory, zone: Zone, order: number, tally: Tally): void {
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
    throw new LawBroken("free pages lie in their zone", zone.name, lo, `untouched up to ${hi}`);
  tally.virgin.push([lo, hi]);
  return (hi - lo) / top;
}

/** One page on a free list. */
function checkFreePage(m: Memory, zone: Zone, p: number, order: number, mt: number): void {
  const pages = 2 ** order;
  const fail = (law: string, detail: string): never => {
    throw new LawBroken(law, zone.name, p, `order ${order}, ${MIGRATE_NAMES[mt]}: ${detail}`);
  };
  if (p < zone.startPfn || p + pages > zone.endPfn) fail("free pages lie in their zone", `${pages} pages`);
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
 * Since 6.10 a free page lies on the list of its block's type, as long as the per-CPU lists hold no page larger than a
 * block: such a page is drained whole, whatever became of its blocks' types meanwhile.
 */
function keepsTypes(m: Memory): boolean {
  return m.sw.freelistHygiene && m.pageblockOrder >= PAGE_ALLOC_COSTLY_ORDER;
}

function checkPcp(m: Memory, zone: Zone, pcp: PerCpuPages, tally: Tally): void {
  let count = 0;
  for (let i = 0; i < pcp.nrLists; i++) {
    const head = pcp.listBase + i;
    const order = m.pindexOrder(i);
    let before = head;
    for (let p = m.next[head]!; p !== head; before = p, p = m.next[p]!) {
      const fail = (law: string, detail: string): never => {
        throw new LawBroken(law, zone.name, p, `pcp list ${i}: ${detail}`);
      };
      if (p < zone.startPfn || p >= zone.endPfn) fail("free pages lie in their zone", "outside");
      if (m.prev[p] !== before) fail("lists are linked both ways", `prev ${m.prev[p]}`);
      const stored = pcpStoredType(m.state[p]!);
      if (m.state[p] !== pcpState(order, stored)) fail("a page on a pcp list says so", `state ${m.state[p]}`);
      if (p % 2 ** order !== 0) fail("free pages are aligned to their order", `order ${order}`);
      const listed = stored >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : stored;
      if (!m.sw.freelistHygiene && m.pindex(order, listed) !== i)
        fail("a pcp page is on the list of its stored type", MIGRATE_NAMES[stored] ?? `${stored}`);
      tally.pcpHeads++;
      count += 2 ** order;
      if (count > zone.endPfn - zone.startPfn) fail("lists have no loops", `more than the zone's pages`);
    }
  }
  if (count !== pcp.count)
    throw new LawBroken("pcp count = pages on the pcp lists", zone.name, -1, `${pcp.count} against ${count}`);
  tally.pcpPages += count;
}

/** Walks the frames page by page: every free page is on a list, none lies inside another, buddies are merged. */
function checkFrames(m: Memory, zone: Zone, tally: Tally, options: ValidateOptions): void {
  const state = m.state;
  const virgin = tally.virgin.sort((a, b) => a[0] - b[0]);
  let v = 0;
  let heads = 0;
  let pcpHeads = 0;
  let allocated = 0;
  let untold = 0;
  for (const piece of zone.pieces)
    for (let p = piece.startPfn; p < piece.endPfn; ) {
      if (v < virgin.length && p >= virgin[v]![0]) {
        if (p > virgin[v]![0])
          throw new LawBroken("nothing is free twice", zone.name, p, "overlaps an untouched run");
        heads += (virgin[v]![1] - p) / 2 ** m.maxOrder;
        p = virgin[v++]![1];
        continue;
      }
      const s = state[p]!;
      if (s === 0) {
        untold++;
        p++;
        continue;
      }
      const order = s >= ALLOCATED ? s & ORDER_MASK : isPcpState(s) ? m.pcpOrder(s) : s - 1;
      const end = p + 2 ** order;
      if (s & ALLOCATED && !options.ownersKnown) {
        p++;
        continue;
      }
      if (end > zone.endPfn) throw new LawBroken("pages lie in their zone", zone.name, p, `order ${order}`);
      for (let q = p + 1; q < end; q++) {
        const t = state[q]!;
        if (t !== 0 && (t & ALLOCATED) === 0)
          throw new LawBroken("no free page inside another page", zone.name, q, `inside the page at ${p}`);
      }
      if (s & ALLOCATED) allocated += end - p;
      else if (isPcpState(s)) pcpHeads++;
      else {
        heads++;
        checkMerged(m, zone, p, order, options);
      }
      p = end;
    }
  if (heads !== tally.heads)
    throw new LawBroken("every free page is on a list", zone.name, -1, `${heads} against ${tally.heads}`);
  if (pcpHeads !== tally.pcpHeads)
    throw new LawBroken(
      "every pcp page is on a list",
      zone.name,
      -1,
      `${pcpHeads} against ${tally.pcpHeads}`,
    );
  const known = tally.free + tally.isolated + tally.pcpPages + allocated;
  if (options.ownersKnown ? known !== zone.managed : known > zone.managed)
    throw new LawBroken(
      "free + isolated + pcp + allocated = managed",
      zone.name,
      -1,
      `${tally.free} + ${tally.isolated} + ${tally.pcpPages} + ${allocated} against ${zone.managed} (${untold} frames never used)`,
    );
}

/** Below page-block order the kernel merges whatever the types; above, types can have kept buddies apart. */
function checkMerged(m: Memory, zone: Zone, p: number, order: number, options: ValidateOptions): void {
  if (order >= m.maxOrder || (order >= m.pageblockOrder && !options.plainTypes)) return;
  const buddy = p ^ (2 ** order);
  if (buddy < zone.startPfn || buddy >= zone.endPfn || m.state[buddy] !== order + 1) return;
  throw new LawBroken("free buddies are merged", zone.name, p, `order ${order}, buddy ${buddy} is free too`);
}

function checkCounters(m: Memory, zone: Zone, tally: Tally): void {
  const same = (law: string, counter: number, found: number) => {
    if (counter !== found) throw new LawBroken(law, zone.name, -1, `${counter} against ${found}`);
  };
  let free = zone.nrFreePages;
  let cma = zone.nrFreeCma;
  for (const pcp of zone.pcps) {
    free += pcp.diffNrFree;
    cma += pcp.diffNrFreeCma;
  }
  same("NR_FREE_PAGES + differences = pages on the lists", free, tally.free);
  same("NR_FREE_CMA_PAGES + differences = pages on the CMA lists", cma, tally.cma);
  if (m.sw.freelistHygiene)
    same("nr_free_highatomic = pages on the HIGHATOMIC lists", zone.nrFreeHighatomic, tally.highatomic);
}

/** Numbers of the page blocks that start in the zone's pieces. */
function* blocksOf(m: Memory, { pieces }: Zone): Generator<number> {
  for (const { startPfn, endPfn } of pieces)
    for (let b = Math.ceil(startPfn / m.pageblockPages); b < Math.ceil(endPfn / m.pageblockPages); b++)
      yield b;
}

/** Counters of page blocks; a block that straddles the zone's edge belongs to whoever starts it. */
function checkBlocks(m: Memory, zone: Zone): void {
  let highatomic = 0;
  let isolated = 0;
  for (const b of blocksOf(m, zone)) {
    const byte = m.blocks[b]!;
    if (byte & BLOCK_HOLE) continue;
    if (byte & BLOCK_ISOLATED || (byte & BLOCK_MT) === MIGRATE_ISOLATE) isolated++;
    else if ((byte & BLOCK_MT) === MIGRATE_HIGHATOMIC) highatomic++;
  }
  if (isolated !== zone.nrIsolatePageblock)
    throw new LawBroken(
      "nr_isolate_pageblock = isolated blocks",
      zone.name,
      -1,
      `${zone.nrIsolatePageblock} against ${isolated}`,
    );
  if (keepsTypes(m) && highatomic * m.pageblockPages !== zone.nrReservedHighatomic)
    throw new LawBroken(
      "nr_reserved_highatomic = pages of the HIGHATOMIC blocks",
      zone.name,
      -1,
      `${zone.nrReservedHighatomic} against ${highatomic} blocks`,
    );
}
