/**
 * Reserves a CMA area at boot: mm/cma.c cma_declare_contiguous() and cma_init_reserved_mem(), kernel/dma/contiguous.c
 * dma_contiguous_reserve() and rmem_cma_setup(). A failure returns a result with the kernel's own words; it does not
 * throw.
 */

import { isAligned, roundDown, roundUp } from "../../base/alignment";
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import { GiB, MiB } from "../../base/units";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import type { Memblock, PhysicalRange } from "./memblock";

/** The name of the area's claim in memblock. */
export const CMA_AREA = "CMA area";

/** The request to cma_declare_contiguous(), in bytes; `fixed` means exactly at `base`. */
export interface CmaDeclaration {
  bytes: number;
  base: number;
  /** End of the range to search; 0: no limit. */
  limit: number;
  fixed: boolean;
  /** The only node allowed: cma_declare_contiguous_nid(); default any. */
  node?: PhysicalRange;
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

function refusedCma(errno: number, alignment: number, messages: string[], silent = ""): RefusedCma {
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

/** `%pa`: a physical address as the kernel prints it. */
export function printPhysicalAddress(address: number): string {
  return `0x${address.toString(16).padStart(16, "0")}`;
}

/** cma_declare_contiguous(): rounds, checks, searches `memblock` and reserves. 64-bit: no high memory. */
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
  const pa = printPhysicalAddress;
  const fail = (errno: number, bytes: number): CmaOutcome => {
    messages.push(`cma: Failed to reserve ${Math.floor(bytes / MiB)} MiB`);
    return refusedCma(errno, alignment, messages);
  };
  if (slots !== undefined && slots.used >= slots.most) return refusedCma(ENOSPC, alignment, [NO_SLOTS]);
  // The kernel refuses these two silently.
  if (request.bytes === 0) return refusedCma(EINVAL, alignment, messages, "the size is 0");
  if (asked !== 0 && !Number.isInteger(Math.log2(asked)))
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
  let limit = roundDown(request.limit, alignment);
  if (limit === 0 || limit > memblockEnd) limit = memblockEnd;
  if (rules.cmaRefusesUnfit && base + bytes > limit) {
    messages.push(`cma: Size (${pa(bytes)}) of region at ${pa(base)} exceeds limit (${pa(limit)})`);
    return fail(EINVAL, bytes);
  }
  const { start: low, end: high } = request.node ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
  const inNode = (from: number, to: number) => ({ start: Math.max(from, low), end: Math.min(to, high) });
  let found: number | undefined;
  if (fixed) {
    if (memblock.isRegionReserved(base, bytes)) return fail(EBUSY, bytes);
    memblock.reserve(name, base, bytes);
    found = base;
  } else {
    // Since 5.12: first from 4 GiB upwards, if the limit allows, so that compaction moves pages out of the area.
    if (rules.cmaFrom4GiB && memblockEnd >= 4 * GiB + bytes)
      found = memblock.allocRange(name, bytes, alignment, inNode(4 * GiB, limit), "bottom-up");
    found ??= memblock.allocRange(name, bytes, alignment, inNode(base, limit));
    if (found === undefined) return fail(ENOMEM, bytes);
  }
  if (slots !== undefined) slots.used++;
  messages.push(`cma: Reserved ${Math.floor(bytes / MiB)} MiB at ${pa(found)}`);
  return { ...GRANTED, base: found, bytes, alignment, messages };
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

/**
 * A region of the device tree at a fixed address (`reg`), `reusable` and `shared-dma-pool`: reserves it, then calls
 * rmem_cma_setup(). A misaligned region is rejected, never rounded, and its memory is released.
 */
export function rmemCmaFixed(
  memblock: Memblock,
  minAlignment: number,
  region: { name: string; base: number; bytes: number },
  slots?: CmaSlots,
): CmaOutcome {
  const { name, base, bytes } = region;
  const alignment = minAlignment;
  memblock.reserve(name, base, bytes);
  const aligned = isAligned(base, alignment) && isAligned(bytes, alignment);
  const made = aligned
    ? cmaInitReservedMem(memblock, alignment, region, slots)
    : { ...refusedWith(EINVAL, "incorrect alignment"), messages: [] };
  if (made.ok)
    return {
      ...GRANTED,
      base,
      bytes,
      alignment,
      messages: [
        `Reserved memory: created CMA memory pool at ${printPhysicalAddress(base)}, size ${Math.floor(bytes / MiB)} MiB`,
        `OF: reserved mem: initialized node ${name}, compatible id shared-dma-pool`,
      ],
    };
  memblock.free(base, bytes);
  const why = aligned ? "unable to setup CMA region" : "incorrect alignment of CMA region";
  return refusedCma(made.errno, alignment, [
    ...made.messages,
    `Reserved memory: ${why}`,
    `OF: reserved mem: node ${name} compatible matching fail`,
  ]);
}

/** A `linux,cma` node of the device tree's reserved-memory: a size and the allowed ranges, `linux,cma-default`. */
export interface DeviceTreeCma {
  bytes: number;
  /** `alloc-ranges`: [start, end). */
  start: number;
  end: number;
}

/**
 * drivers/of/of_reserved_mem.c __reserved_mem_alloc_size() and rmem_cma_setup(): the search for a base uses the CMA
 * alignment; the size is used as the device tree states it. A misaligned size is rejected and its memory released.
 */
export function rmemCmaSetup(memblock: Memblock, minAlignment: number, node: DeviceTreeCma): CmaOutcome {
  const alignment = minAlignment;
  const mib = Math.floor(node.bytes / MiB);
  const base = memblock.allocRange(CMA_AREA, node.bytes, alignment, node);
  if (base === undefined) {
    const messages = [`OF: reserved mem: failed to allocate memory for node 'linux,cma': size ${mib} MiB`];
    return refusedCma(ENOMEM, alignment, messages);
  }
  if (!isAligned(base, alignment) || !isAligned(node.bytes, alignment)) {
    memblock.free(base, node.bytes);
    const messages = [
      "Reserved memory: incorrect alignment of CMA region",
      "OF: reserved mem: node linux,cma compatible matching fail",
    ];
    return refusedCma(EINVAL, alignment, messages);
  }
  const messages = [
    `Reserved memory: created CMA memory pool at ${printPhysicalAddress(base)}, size ${mib} MiB`,
    "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool",
  ];
  return { ...GRANTED, base, bytes: node.bytes, alignment, messages };
}
