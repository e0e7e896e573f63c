/**
 * Reserves a CMA area at boot: mm/cma.c cma_declare_contiguous() and cma_init_reserved_mem(), kernel/dma/contiguous.c
 * dma_contiguous_reserve(); regions of the device tree are in reserved-mem.ts. A failure returns a result with the kernel's own words; it does not
 * throw.
 */

import { isAligned, roundDown, roundUp } from "../../base/alignment";
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import { log2 } from "../../base/elementary";
import { GiB, MiB } from "../../base/units";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import type { Memblock, PhysicalRange } from "./memblock";

/** The name of the area's claim in memblock. */
export const CMA_AREA = "CMA area";
/** What cma_declare_contiguous_nid() took in high memory and forgot. */
export const LOST_HIGH_MEMORY = "high memory that the search for a CMA area lost";

/** The request to cma_declare_contiguous(), in bytes; `fixed` means exactly at `base`. */
export interface CmaDeclaration {
  bytes: number;
  base: number;
  /** End of the range to search; 0: no limit. */
  limit: number;
  fixed: boolean;
  /** The only node allowed and its number: cma_declare_contiguous_nid(); default any. */
  node?: PhysicalRange;
  nid?: number;
  /** The caller's alignment, a power of two. The larger of this and the area's minimum applies. */
  alignment?: number;
  /** The page size; needed with `orderPerBit`. */
  pageSize?: number;
  /** One bit of the bitmap represents 2^orderPerBit pages. */
  orderPerBit?: number;
  /** cma_areas[]: slots taken and slots in all. */
  slots?: CmaSlots;
}

/** MAX_CMA_AREAS, and the number taken. */
export interface CmaSlots {
  used: number;
  most: number;
}

/**
 * MAX_CMA_AREAS in a common configuration: 1 + CMA_AREAS, which is 7 in 4.17 and 19 with NUMA in 6.1; since 6.6 it is
 * 20 in all.
 */
export function maxCmaAreas(release: KernelRelease): number {
  return bootRules(release).cmaAreasMost;
}

const { EBUSY, EINVAL, ENOMEM, ENOSPC } = ERRNO;
const NO_SLOTS = "cma: Not enough slots for CMA reserved regions!";

/** Part of every answer to a declaration: the alignment it needed and the kernel's messages. */
interface CmaDeclared {
  alignment: number;
  messages: string[];
}

/** No area. `reason`: the kernel's own messages, or the check that failed silently. */
export type RefusedCma = Refused & CmaDeclared;

/** The reserved area, or the reason for the failure. */
export type CmaOutcome = (Granted & CmaDeclared & { base: number; bytes: number }) | RefusedCma;

export function refusedCma(errno: number, alignment: number, messages: string[], silent = ""): RefusedCma {
  return { ...refusedWith(errno, messages.join("; ") || silent), alignment, messages };
}

/**
 * The alignment a CMA area needs, in bytes. 4.17: the larger of the largest buddy and the page block, because a page
 * at the edge of the area could otherwise merge with a neighbour outside. Since 5.19: one page block,
 * CMA_MIN_ALIGNMENT_BYTES. CONFIG_PAGE_BLOCK_MAX_ORDER (6.16) can make the page block itself smaller.
 */
export function cmaMinAlignmentBytes(
  release: KernelRelease,
  pageSize: number,
  pageblockOrder: number,
  largestBuddyOrder: number,
): number {
  const byPageblock = bootRules(release).cmaAlignment === "pageblock";
  const order = byPageblock ? pageblockOrder : Math.max(largestBuddyOrder, pageblockOrder);
  return pageSize * 2 ** order;
}

/** `%pa`: a physical address as the kernel prints it: 16 digits, or 8 on a 32-bit kernel. */
export function printPhysicalAddress(address: number, digits = 16): string {
  return `0x${address.toString(16).padStart(digits, "0")}`;
}

/** What a message says of the size and the node of an area: see the rule cmaReservedMessage. */
function sizeAndNode(release: KernelRelease, { bytes, nid = -1 }: CmaDeclaration, rounded: number) {
  const form = bootRules(release).cmaReservedMessage;
  const mib = Math.floor((form === "asked" ? bytes : rounded) / MiB);
  return { mib, node: form === "node" ? ` on node ${nid}` : "" };
}

/**
 * cma_declare_contiguous(): rounds, checks, searches `memblock` and reserves. An area may lie in high memory, and does
 * so if there is room, but not on both sides of the boundary.
 */
export function cmaDeclareContiguous(
  memblock: Memblock,
  release: KernelRelease,
  minAlignment: number,
  request: CmaDeclaration,
  name = CMA_AREA,
): CmaOutcome {
  const messages: string[] = [];
  const rules = bootRules(release);
  const asked = request.alignment ?? 0;
  const alignment = Math.max(asked, minAlignment);
  const { slots } = request;
  const pa = (address: number) => printPhysicalAddress(address, memblock.addressDigits);
  const fail = (errno: number, bytes: number): CmaOutcome => {
    const { mib, node } = sizeAndNode(release, request, bytes);
    messages.push(`cma: Failed to reserve ${mib} MiB${node}`);
    return refusedCma(errno, alignment, messages);
  };
  if (slots !== undefined && slots.used >= slots.most) return refusedCma(ENOSPC, alignment, [NO_SLOTS]);
  // The kernel refuses these two silently.
  if (request.bytes === 0) return refusedCma(EINVAL, alignment, messages, "the size is 0");
  if (asked !== 0 && !Number.isInteger(log2(asked)))
    return refusedCma(EINVAL, minAlignment, messages, `the alignment, ${asked} bytes, is no power of two`);
  if (request.fixed && !isAligned(request.base, alignment) && rules.cmaRefusesUnfit) {
    messages.push(`cma: Region at ${pa(request.base)} must be aligned to ${pa(alignment)} bytes`);
    return fail(EINVAL, request.bytes);
  }
  const memblockEnd = memblock.endOfDram();
  const base = roundUp(request.base, alignment);
  const bytes = roundUp(request.bytes, alignment);
  const fixed = request.fixed && base !== 0;
  // Another silent refusal.
  const bitBytes = (request.pageSize ?? 0) * 2 ** (request.orderPerBit ?? 0);
  if (bitBytes > 0 && bytes % bitBytes !== 0)
    return refusedCma(
      EINVAL,
      alignment,
      messages,
      `the size is no multiple of ${bitBytes} bytes, which one bit stands for`,
    );
  const highmem = memblock.highmemStart;
  if (fixed && base < highmem && base + bytes > highmem) {
    messages.push(`cma: Region at ${pa(base)} defined on low/high memory boundary (${pa(highmem)})`);
    return fail(EINVAL, bytes);
  }
  const wanted = roundDown(request.limit, alignment);
  const limit = wanted === 0 ? memblockEnd : Math.min(wanted, memblockEnd);
  if (rules.cmaRefusesUnfit && base + bytes > limit) {
    messages.push(`cma: Size (${pa(bytes)}) of region at ${pa(base)} exceeds limit (${pa(limit)})`);
    return fail(EINVAL, bytes);
  }
  if (fixed && memblock.isRegionReserved(base, bytes)) return fail(EBUSY, bytes);
  if (fixed) memblock.reserve(name, base, bytes);
  const range = { base, limit, bytes, alignment, name, node: request.node };
  const found = fixed ? base : searchArea(memblock, release, range);
  if (found === undefined) return fail(ENOMEM, bytes);
  if (slots !== undefined) slots.used++;
  const { mib, node } = sizeAndNode(release, request, bytes);
  messages.push(`cma: Reserved ${mib} MiB at ${pa(found)}${node}`);
  return { ...GRANTED, base: found, bytes, alignment, messages };
}

/** Where an area may be, in bytes: [base, limit), on `node` only. */
interface AreaRange {
  base: number;
  limit: number;
  bytes: number;
  alignment: number;
  name: string;
  node?: PhysicalRange | undefined;
}

/**
 * The three attempts of cma_declare_contiguous_nid(): since 5.12 from 4 GiB upwards, if the limit allows, so that
 * compaction moves pages out of the area; in high memory; anywhere in the range. Up to 6.2 the attempt in high memory
 * is made first, and the one from 4 GiB upwards forgets what it found: that memory stays reserved, and is lost.
 */
function searchArea(
  memblock: Memblock,
  release: KernelRelease,
  { base, limit, bytes, alignment, name, node }: AreaRange,
): number | undefined {
  const { start: low, end: high } = node ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
  const inNode = (from: number, to: number) => ({ start: Math.max(from, low), end: Math.min(to, high) });
  const { cmaFrom4GiB, cmaFrom4GiBFirst } = bootRules(release);
  const { highmemStart: highmem, direction } = memblock;
  const tries4GiB = cmaFrom4GiB && direction === "top-down" && memblock.endOfDram() >= 4 * GiB + bytes;
  const triesHigh = base < highmem && limit > highmem;
  const from4GiB = (end: number) =>
    memblock.allocRange(name, bytes, alignment, inNode(4 * GiB, end), "bottom-up");
  const inHigh = (what: string) => memblock.allocRange(what, bytes, alignment, inNode(highmem, limit));
  const below = triesHigh ? highmem : limit;
  let found: number | undefined;
  if (tries4GiB && triesHigh && !cmaFrom4GiBFirst) {
    inHigh(LOST_HIGH_MEMORY);
    found = from4GiB(below);
  } else {
    if (tries4GiB) found = from4GiB(limit);
    if (triesHigh) found ??= inHigh(name);
  }
  return found ?? memblock.allocRange(name, bytes, alignment, inNode(base, below));
}

/** cma_init_reserved_mem(): turns memory that is already reserved into an area; returns the message, if any. */
export function cmaInitReservedMem(
  memblock: Memblock,
  minAlignment: number,
  region: { base: number; bytes: number },
  slots?: CmaSlots,
): (Granted | Refused) & { messages: string[] } {
  if (slots !== undefined && slots.used >= slots.most)
    return { ...refusedWith(ENOSPC, NO_SLOTS), messages: [NO_SLOTS] };
  const { base, bytes } = region;
  if (bytes === 0 || !memblock.isRegionReserved(base, bytes))
    return { ...refusedWith(EINVAL, "the region is not reserved"), messages: [] };
  if (!isAligned(base, minAlignment) || !isAligned(bytes, minAlignment))
    return { ...refusedWith(EINVAL, `the region is not aligned to ${minAlignment} bytes`), messages: [] };
  if (slots !== undefined) slots.used++;
  return { ...GRANTED, messages: [] };
}
