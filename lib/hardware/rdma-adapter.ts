/**
 * The number of translation entries (MTT) that an RDMA adapter needs for a registered region, by the rule of the
 * kernel's ib_umem_find_best_pgsz() (drivers/infiniband/core/umem.c, 6.1). mlx5 calls it with all page sizes that its
 * memory key can express. Physically adjacent pieces count as one. A page size fits if the virtual and physical
 * addresses are congruent modulo it at the start and both are aligned to it wherever the physical addresses jump.
 * mlx4 has its own function with the same result (drivers/infiniband/hw/mlx4/mr.c,
 * mlx4_ib_umem_calc_optimal_mtt_size()). Without an IOMMU: device addresses are physical.
 */

import { roundDown, roundUp } from "../base/alignment";
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../base/answer";
import { InputError } from "../base/errors";
import { hex } from "../base/units";
import { type RdmaAdapter, type RdmaAdapterName, toAdapter } from "./rdma-adapter-data";

/** A physically contiguous piece of a region. */
export interface PhysicalPiece {
  /** Bytes from the start of physical memory. */
  physicalAddress: number;
  bytes: number;
}

/** A region as the adapter sees it. */
export interface Registration extends Granted {
  /** Bytes of memory that one translation entry covers. */
  pageBytes: number;
  /** Translation entries of the region. */
  entries: number;
  /** Bytes of the translation table, in host memory. */
  mttBytes: number;
  /** Pieces left after merging adjacent ones: entries of the scatter-gather list, before splits at the longest segment. */
  pieces: number;
  bytes: number;
}

/** `reason`: the driver's reason. */
export type FailedRegistration = Refused;

/**
 * Registers `pieces`, in virtual order, at `virtualAddress`, with an adapter or the adapter of that name. Throws
 * InputError for an unknown adapter, for no pieces, for sizes that are not whole numbers above 0, and for addresses
 * beyond 2^53. Returns a FailedRegistration for a region that the adapter cannot express.
 * @example
 * ```ts
 * import { registerRegion } from "pageblock";
 *
 * const twoHalves = [
 *   { physicalAddress: 2 ** 32, bytes: 2 ** 30 },
 *   { physicalAddress: 2 ** 34, bytes: 2 ** 30 },
 * ];
 * const region = registerRegion("connectx-5", twoHalves, 2 ** 40);
 * region.ok && region.entries; // => 2
 * ```
 */
export function registerRegion(
  given: RdmaAdapter | RdmaAdapterName,
  pieces: readonly PhysicalPiece[],
  virtualAddress: number,
): Registration | FailedRegistration {
  const adapter = toAdapter(given);
  checkAddress("virtual address", virtualAddress);
  if (!Array.isArray(pieces) || pieces.length === 0)
    throw new InputError("register: a region needs at least one piece: got none");
  const smallest = adapter.smallestPageBytes.value;
  let limit = adapter.largestPageBytes.value;
  let merged = 0;
  let va = virtualAddress;
  let end = -1;
  for (const { physicalAddress, bytes } of pieces) {
    checkAddress("physical address", physicalAddress);
    if (!Number.isSafeInteger(bytes) || bytes < 1)
      throw new InputError(`register: bytes of a piece must be a whole number above 0: got ${bytes}`);
    if (physicalAddress !== end) {
      // The lowest bit in which two numbers differ is the lowest bit of their difference.
      limit = Math.min(limit, largestDivisor(Math.abs(physicalAddress - va)));
      if (merged > 0) limit = Math.min(limit, largestDivisor(va));
      if (limit < smallest)
        return refusedWith(
          ERRNO.EINVAL,
          `physical ${hex(physicalAddress)} and virtual ${hex(va)} do not agree modulo ${smallest} bytes, the smallest page of ${adapter.title}: ib_umem_find_best_pgsz() finds no page size (-EINVAL)`,
        );
      merged++;
    }
    end = physicalAddress + bytes;
    va += bytes;
  }
  checkAddress("end of the region", va);
  const pageBytes = adapter.shrinksPage
    ? smallestWithSameEntries(virtualAddress, va, limit, smallest)
    : limit;
  const entries = (roundUp(va, pageBytes) - roundDown(virtualAddress, pageBytes)) / pageBytes;
  return {
    ...GRANTED,
    pageBytes,
    entries,
    mttBytes: entries * adapter.entryBytes.value,
    pieces: merged,
    bytes: va - virtualAddress,
  };
}

/**
 * Entries for `bytes` at aligned addresses in pages of `pageBytes`: the best case for a strategy that provides such
 * pages.
 * @example
 * ```ts
 * import { alignedEntries } from "pageblock";
 *
 * alignedEntries(2 ** 31, 2 * 2 ** 20); // => 1024
 * ```
 */
export function alignedEntries(bytes: number, pageBytes: number): number {
  return Math.ceil(bytes / pageBytes);
}

/** The kernel uses no page larger than the power of two around the whole region: the count stays 1. */
function smallestWithSameEntries(start: number, end: number, limit: number, smallest: number): number {
  let around = smallest;
  while (around < limit && Math.floor(start / around) !== Math.floor((end - 1) / around)) around *= 2;
  return around;
}

/** The largest power of two that divides `n`; for 0, all of them do. */
function largestDivisor(n: number): number {
  if (n === 0) return Number.POSITIVE_INFINITY;
  const low = n % 4294967296;
  if (low !== 0) return (low & -low) >>> 0;
  return 4294967296 * largestDivisor(n / 4294967296);
}

function checkAddress(what: string, address: number): void {
  if (!Number.isSafeInteger(address) || address < 0)
    throw new InputError(`register: ${what} must be a whole number from 0 to 2^53: got ${address}`);
}
