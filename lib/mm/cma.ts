/**
 * Reserving a CMA area at boot: mm/cma.c cma_declare_contiguous() and cma_init_reserved_mem(), kernel/dma/contiguous.c
 * dma_contiguous_reserve() and rmem_cma_setup(). A failure is a result with the kernel's own words, not an exception.
 */
import { isAligned, roundDown, roundUp } from "../base/alignment";
import { GiB, MiB } from "../base/units";
import { type KernelRelease, since } from "../hardware/kernel-release";
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
}

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
  const alignment = minAlignment;
  const pa = printPhysicalAddress;
  const fail = (errno: CmaErrno, bytes: number): CmaOutcome => {
    messages.push(`cma: Failed to reserve ${Math.floor(bytes / MiB)} MiB`);
    return { ok: false, errno, alignment, messages };
  };
  if (request.bytes === 0) return { ok: false, errno: "EINVAL", alignment, messages };
  if (request.fixed && !isAligned(request.base, alignment) && since(release, "6.1")) {
    messages.push(`cma: Region at ${pa(request.base)} must be aligned to ${pa(alignment)} bytes`);
    return fail("EINVAL", request.bytes);
  }
  const memblockEnd = memblock.endOfDram();
  const base = roundUp(request.base, alignment);
  const bytes = roundUp(request.bytes, alignment);
  const fixed = request.fixed && base !== 0;
  let limit = roundDown(request.limit, alignment);
  if (limit === 0 || limit > memblockEnd) limit = memblockEnd;
  if (since(release, "6.1") && base + bytes > limit) {
    messages.push(`cma: Size (${pa(bytes)}) of region at ${pa(base)} exceeds limit (${pa(limit)})`);
    return fail("EINVAL", bytes);
  }
  const { start: low, end: high } = request.node ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
  const inNode = (from: number, to: number): [number, number] => [Math.max(from, low), Math.min(to, high)];
  let found: number | undefined;
  if (fixed) {
    if (memblock.isRegionReserved(base, bytes)) return fail("EBUSY", bytes);
    memblock.reserve(name, base, bytes);
    found = base;
  } else {
    // Since 5.13: from 4 GiB upwards first, where the limit lets it, so that compaction moves pages out of the area.
    if (since(release, "6.1") && memblockEnd >= 4 * GiB + bytes)
      found = memblock.allocRange(name, bytes, alignment, ...inNode(4 * GiB, limit), "bottom-up");
    found ??= memblock.allocRange(name, bytes, alignment, ...inNode(base, limit));
    if (found === undefined) return fail("ENOMEM", bytes);
  }
  messages.push(`cma: Reserved ${Math.floor(bytes / MiB)} MiB at ${pa(found)}`);
  return { ok: true, base: found, bytes, alignment, messages };
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
  const base = memblock.allocRange(CMA_AREA, node.bytes, alignment, node.start, node.end);
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
