/**
 * The laws of the allocator's state, checked where the data lives. In every zone, in pages:
 *
 *     free + isolated + on per-CPU lists + allocated + reserved = spanned     (reserved: never given to the allocator)
 *     NR_FREE_PAGES + Σ per-CPU differences = pages on the lists, without those of type ISOLATE
 *
 * and every free page is aligned, on one list of its order, linked both ways, and has no free buddy to merge with.
 */
import type { Memory } from "../state/memory";
import { MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE, MIGRATE_NAMES, MIGRATE_TYPES } from "../state/migratetype";
import { ALLOCATED, BLOCK_HOLE, BLOCK_ISOLATED, BLOCK_MT, isPcpState, ORDER_MASK } from "../state/page-state";
import type { Zone } from "../state/zone";

import { LawBroken } from "./law-broken";
import { checkFreeArea, checkPcp, keepsTypes, type Tally } from "./validate-lists";

export { LawBroken };

/** `entry`: heads and counters, a few hundred reads; `everything`: every list and every frame. */
export const VALIDATE_LEVELS = ["off", "entry", "everything"] as const;
export type ValidateLevel = (typeof VALIDATE_LEVELS)[number];

/** What the caller knows about the memory's past; each fact makes more laws checkable. */
export interface ValidateOptions {
  /**
   * Every page in use was allocated here, so pages can be distinguished from holes (not so after loading a snapshot).
   */
  ownersKnown?: boolean;
  /** No block ever was CMA, HIGHATOMIC or ISOLATE: then pages merge at and above page-block order too. */
  plainTypes?: boolean;
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
    const some = pcp.lists.some((list) => list.length > 0);
    if (some !== pcp.count > 0) fail("pcp count = pages on the pcp lists", `count ${pcp.count}`);
    const diff = Math.max(Math.abs(pcp.diffNrFree), Math.abs(pcp.diffNrFreeCma));
    if (options.ownersKnown && diff > pcp.statThreshold)
      fail("per-CPU differences stay within their threshold", `${diff} > ${pcp.statThreshold}`);
  }
}

/** Walks the frames page by page: every free page is on a list, none is inside another, buddies are merged. */
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
      if (end > zone.endPfn) throw new LawBroken("pages are in their zone", zone.name, p, `order ${order}`);
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

/**
 * Below page-block order the kernel merges regardless of type; above, different types may have kept buddies apart.
 */
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

/** Counters of page blocks; a block that straddles the zone's edge belongs to the zone in which it starts. */
function checkBlocks(m: Memory, zone: Zone): void {
  let highatomic = 0;
  let isolated = 0;
  for (const b of blocksOf(m, zone)) {
    const byte = m.blocks[b]!;
    if (byte & BLOCK_HOLE) continue;
    if (byte & BLOCK_ISOLATED || (byte & BLOCK_MT) === MIGRATE_ISOLATE) isolated++;
    else if ((byte & BLOCK_MT) === MIGRATE_HIGHATOMIC) highatomic++;
  }
  // Without a bit of its own, isolation is lost with the block's type.
  if (isolated !== zone.nrIsolatePageblock && !(m.sw.freelistHygiene && !keepsTypes(m) && !m.sw.isolateBit))
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
