/**
 * Reserving a CMA area at boot: mm/cma.c cma_declare_contiguous() and cma_init_reserved_mem(), kernel/dma/contiguous.c
 * dma_contiguous_reserve() and rmem_cma_setup(). A failure is a result with the kernel's own words, not an exception.
 */
import { isAligned, roundDown, roundUp } from "../../base/alignment";
import { GiB, MiB } from "../../base/units";
import { type KernelRelease, since } from "../../hardware/kernel-release";
import type { Memblock, PhysicalRange } from "./memblock";

/** The name of the area's claim in memblock. */
export const CMA_AREA = "CMA area";

/** What was asked of cma_declare_contiguous(): bytes; `fixed` means exactly at `base`. */
export interface CmaDeclaration {
  bytes: number;
  base: number;
  /** End of the range to search; 0: no limit. */
  limit: number;
  fixed: boolean;
  /** Only there: cma_declare_contiguous_nid(); default anywhere. */
  node?: PhysicalRange;
  /** The caller's own alignment, a power of two; the larger of it and the area's least counts. */
  alignment?: number;
  /** Pages of the size; needed with `orderPerBit`. */
  pageSize?: number;
  /** A bit of the bitmap stands for 2^orderPerBit pages. */
  orderPerBit?: number;
  /** cma_areas[]: slots taken and slots there are. */
  slots?: CmaSlots;
}

/** MAX_CMA_AREAS and how many are taken. */
export interface CmaSlots {
  used: number;
  most: number;
}

/** MAX_CMA_AREAS of a usual configuration: 1 + CMA_AREAS, which is 7 in 4.17 and 19 with NUMA in 6.1; 20 in all since 6.6. */
export function maxCmaAreas(release: KernelRelease): number {
  return since(release, "6.1") ? 20 : 8;
}

const NO_SLOTS = "cma: Not enough slots for CMA reserved regions!";

export type CmaErrno = "EINVAL" | "EBUSY" | "ENOMEM" | "ENOSPC";

/** The area reserved, or the kernel's error messages. */
export type CmaOutcome =
  | { ok: true; base: number; bytes: number; alignment: number; messages: string[] }
  | { ok: false; errno: CmaErrno; alignment: number; messages: string[] };

/**
 * The alignment a CMA area needs in bytes: 4.17 the larger of the largest buddy and the page block, because a page at
 * the edge of the area could otherwise merge with a neighbour outside; since 5.19 (6.1 here) one page block,
 * CMA_MIN_ALIGNMENT_BYTES. With CONFIG_PAGE_BLOCK_MAX_ORDER (6.16) the page block itself can be made smaller.
 */
export function cmaMinAlignmentBytes(
  release: KernelRelease,
  pageSize: number,
  pageblockOrder: number,
  largestBuddyOrder: number,
): number {
  const order = since(release, "6.1") ? pageblockOrder : Math.max(largestBuddyOrder, pageblockOrder);
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
  const asked = request.alignment ?? 0;
  const alignment = Math.max(asked, minAlignment);
  const { slots } = request;
  const pa = printPhysicalAddress;
  const fail = (errno: CmaErrno, bytes: number): CmaOutcome => {
    messages.push(`cma: Failed to reserve ${Math.floor(bytes / MiB)} MiB`);
    return { ok: false, errno, alignment, messages };
  };
  if (slots !== undefined && slots.used >= slots.most)
    return { ok: false, errno: "ENOSPC", alignment, messages: [NO_SLOTS] };
  // These two the kernel refuses without a word.
  if (request.bytes === 0) return { ok: false, errno: "EINVAL", alignment, messages };
  if (asked !== 0 && !Number.isInteger(Math.log2(asked)))
    return { ok: false, errno: "EINVAL", alignment: minAlignment, messages };
  if (request.fixed && !isAligned(request.base, alignment) && since(release, "6.1")) {
    messages.push(`cma: Region at ${pa(request.base)} must be aligned to ${pa(alignment)} bytes`);
    return fail("EINVAL", request.bytes);
  }
  const memblockEnd = memblock.endOfDram();
  const base = roundUp(request.base, alignment);
  const bytes = roundUp(request.bytes, alignment);
  const fixed = request.fixed && base !== 0;
  // Another refusal without a word.
  const bitBytes = (request.pageSize ?? 0) * 2 ** (request.orderPerBit ?? 0);
  if (bitBytes > 0 && bytes % bitBytes !== 0) return { ok: false, errno: "EINVAL", alignment, messages };
  let limit = roundDown(request.limit, alignment);
  if (limit === 0 || limit > memblockEnd) limit = memblockEnd;
  if (since(release, "6.1") && base + bytes > limit) {
    messages.push(`cma: Size (${pa(bytes)}) of region at ${pa(base)} exceeds limit (${pa(limit)})`);
    return fail("EINVAL", bytes);
  }
  const { start: low, end: high } = request.node ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
  const inNode = (from: number, to: number) => ({ start: Math.max(from, low), end: Math.min(to, high) });
  let found: number | undefined;
  if (fixed) {
    if (memblock.isRegionReserved(base, bytes)) return fail("EBUSY", bytes);
    memblock.reserve(name, base, bytes);
    found = base;
  } else {
    // Since 5.13: from 4 GiB upwards first, where the limit lets it, so that compaction moves pages out of the area.
    if (since(release, "6.1") && memblockEnd >= 4 * GiB + bytes)
      found = memblock.allocRange(name, bytes, alignment, inNode(4 * GiB, limit), "bottom-up");
    found ??= memblock.allocRange(name, bytes, alignment, inNode(base, limit));
    if (found === undefined) return fail("ENOMEM", bytes);
  }
  if (slots !== undefined) slots.used++;
  messages.push(`cma: Reserved ${Math.floor(bytes / MiB)} MiB at ${pa(found)}`);
  return { ok: true, base: found, bytes, alignment, messages };
}

/** cma_init_reserved_mem(): makes an area of memory that is reserved already. 0, or the error; the message, if there is one. */
export function cmaInitReservedMem(
  memblock: Memblock,
  minAlignment: number,
  region: { base: number; bytes: number },
  slots?: CmaSlots,
): { errno: CmaErrno | null; messages: string[] } {
  if (slots !== undefined && slots.used >= slots.most) return { errno: "ENOSPC", messages: [NO_SLOTS] };
  const { base, bytes } = region;
  if (bytes === 0 || !memblock.isRegionReserved(base, bytes)) return { errno: "EINVAL", messages: [] };
  if (!isAligned(base, minAlignment) || !isAligned(bytes, minAlignment))
    return { errno: "EINVAL", messages: [] };
  if (slots !== undefined) slots.used++;
  return { errno: null, messages: [] };
}

/**
 * A region of the device tree at a fixed place (`reg`), `reusable` and `shared-dma-pool`: reserved, then rmem_cma_setup().
 * A misaligned one is rejected, never rounded, and its memory given back.
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
    : { errno: "EINVAL" as const, messages: [] };
  if (made.errno === null)
    return {
      ok: true,
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
  return {
    ok: false,
    errno: made.errno,
    alignment,
    messages: [
      ...made.messages,
      `Reserved memory: ${why}`,
      `OF: reserved mem: node ${name} compatible matching fail`,
    ],
  };
}

/** A `linux,cma` node of the device tree's reserved-memory: a size and where it may lie, `linux,cma-default`. */
export interface DeviceTreeCma {
  bytes: number;
  /** `alloc-ranges`: [start, end). */
  start: number;
  end: number;
}

/**
 * drivers/of/of_reserved_mem.c __reserved_mem_alloc_size() and rmem_cma_setup(): the base is searched with the CMA
 * alignment, the size is taken as the device tree gives it; a misaligned one is rejected and its memory given back.
 */
export function rmemCmaSetup(memblock: Memblock, minAlignment: number, node: DeviceTreeCma): CmaOutcome {
  const alignment = minAlignment;
  const mib = Math.floor(node.bytes / MiB);
  const base = memblock.allocRange(CMA_AREA, node.bytes, alignment, node);
  if (base === undefined) {
    const messages = [`OF: reserved mem: failed to allocate memory for node 'linux,cma': size ${mib} MiB`];
    return { ok: false, errno: "ENOMEM", alignment, messages };
  }
  if (!isAligned(base, alignment) || !isAligned(node.bytes, alignment)) {
    memblock.free(base, node.bytes);
    const messages = [
      "Reserved memory: incorrect alignment of CMA region",
      "OF: reserved mem: node linux,cma compatible matching fail",
    ];
    return { ok: false, errno: "EINVAL", alignment, messages };
  }
  const messages = [
    `Reserved memory: created CMA memory pool at ${printPhysicalAddress(base)}, size ${mib} MiB`,
    "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool",
  ];
  return { ok: true, base, bytes: node.bytes, alignment, messages };
}
