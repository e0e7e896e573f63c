/**
 * Cache pseudo-locking by Intel RDT: the size of the region that `bits` of a capacity mask select, and the contiguous
 * memory that the kernel needs for it. arch/x86/kernel/cpu/resctrl/pseudo_lock.c: the region is cache size / mask
 * length × bits (rdtgroup_cbm_to_size()), allocated by kzalloc() as one physically contiguous piece, and refused
 * above KMALLOC_MAX_SIZE. In 2018 a patch for larger regions was waiting for the interface for contiguous
 * allocations; it was never merged.
 */
import { log2 } from "../base/elementary";
import { InputError, unknownName } from "../base/errors";
import { formatSize, KiB, MiB } from "../base/units";
import type { Sourced } from "./sourced";

export interface LockableCache {
  title: string;
  level: 2 | 3;
  /** Bytes of one cache instance, and bits of its capacity mask: ways, or groups of ways. */
  cacheBytes: Sourced;
  maskBits: Sourced;
  /** Minimum number of bits in a mask. */
  minimumBits: Sourced;
  /** Whether the kernel's pseudo-locking is validated on it: get_prefetch_disable_bits(). */
  validated: boolean;
}

const ONE_BIT = { value: 1, source: "min_cbm_bits in resctrl's info directory [M]" };
const TWO_BITS = { value: 2, source: "min_cbm_bits of Haswell server parts, quirk in the kernel [M]" };

/** Parts with cache allocation. Validated in the kernel: Broadwell-X, Goldmont, Goldmont Plus [P pseudo_lock.c]. */
export const LOCKABLE_CACHES = {
  "xeon-e5-2699-v4": {
    title: "Xeon E5-2699 v4 (Broadwell)",
    level: 3,
    cacheBytes: { value: 55 * MiB, source: "vendor's data sheet: 55 MB [M]" },
    maskBits: { value: 20, source: "cbm_mask fffff: 20 ways [M]" },
    minimumBits: ONE_BIT,
    validated: true,
  },
  "atom-x7-e3950": {
    title: "Atom x7-E3950 (Goldmont)",
    level: 2,
    cacheBytes: { value: MiB, source: "2 MB of L2, 1 MB for each pair of cores [M]" },
    maskBits: { value: 8, source: "cbm_mask ff: 8 bits of two ways [M]" },
    minimumBits: ONE_BIT,
    validated: true,
  },
  "pentium-j5005": {
    title: "Pentium J5005 (Goldmont Plus)",
    level: 2,
    cacheBytes: { value: 4 * MiB, source: "4 MB of L2 for four cores [M]" },
    maskBits: { value: 8, source: "taken to be as on Goldmont [modelling choice]" },
    minimumBits: ONE_BIT,
    validated: true,
  },
  "xeon-e5-2699-v3": {
    title: "Xeon E5-2699 v3 (Haswell)",
    level: 3,
    cacheBytes: { value: 45 * MiB, source: "vendor's data sheet: 45 MB [M]" },
    maskBits: { value: 20, source: "cbm_mask fffff: 20 ways [M]" },
    minimumBits: TWO_BITS,
    validated: false,
  },
  "xeon-platinum-8180": {
    title: "Xeon Platinum 8180 (Skylake-SP)",
    level: 3,
    cacheBytes: { value: 38.5 * MiB, source: "vendor's data sheet: 38.5 MB [M]" },
    maskBits: { value: 11, source: "cbm_mask 7ff: 11 ways [M]" },
    minimumBits: ONE_BIT,
    validated: false,
  },
  "xeon-platinum-8380": {
    title: "Xeon Platinum 8380 (Ice Lake-SP)",
    level: 3,
    cacheBytes: { value: 60 * MiB, source: "vendor's data sheet: 60 MB [M]" },
    maskBits: { value: 12, source: "cbm_mask fff: 12 ways [M]" },
    minimumBits: ONE_BIT,
    validated: false,
  },
} as const satisfies Record<string, LockableCache>;

export type LockableCacheName = keyof typeof LOCKABLE_CACHES;
export const LOCKABLE_CACHE_NAMES = Object.keys(LOCKABLE_CACHES) as LockableCacheName[];

/** The limits of what a kernel can allocate in one piece. */
export interface BuddyLimit {
  /** Bytes of a base page. */
  pageBytes: number;
  /** Largest order of the buddy allocator (PageGeometry.largestBuddyOrder). */
  largestBuddyOrder: number;
}

/** x86-64, 4.17 to 6.19. */
export const X86_BUDDY: BuddyLimit = { pageBytes: 4 * KiB, largestBuddyOrder: 10 };

export interface LockedRegion {
  /** Bytes of one bit of the mask. */
  bitBytes: number;
  /** Bytes of the region. */
  bytes: number;
  /**
   * The order that kzalloc() requests from the buddy allocator, and its bytes: the power of two that holds the
   * region.
   */
  order: number;
  kmallocBytes: number;
  /** KMALLOC_MAX_SIZE of that kernel (include/linux/slab.h: page size << largest order, SLUB). */
  kmallocMaxBytes: number;
  /** Bytes that a contiguous allocation by range needs: whole pages, not a power of two. */
  contigBytes: number;
  /** Why the kernel refuses; empty if it accepts and only the allocation can fail. */
  refusals: string[];
}

/**
 * The region that `bits` adjacent bits of the mask lock. Throws InputError unless `bits` is a whole number from the
 * minimum to one less than all: other tasks keep at least one bit.
 * @example
 * ```ts
 * import { lockedRegion } from "pageblock";
 *
 * lockedRegion("xeon-e5-2699-v4", 1).bytes === 2.75 * 2 ** 20; // => true
 * ```
 */
export function lockedRegion(
  cache: LockableCacheName | LockableCache,
  bits: number,
  buddy: BuddyLimit = X86_BUDDY,
): LockedRegion {
  const part = toLockable(cache);
  const most = part.maskBits.value - 1;
  const least = part.minimumBits.value;
  if (!Number.isSafeInteger(bits) || bits < least || bits > most)
    throw new InputError(`pseudo-lock: bits on ${part.title} must be from ${least} to ${most}: got ${bits}`);
  // First computes whole bytes per bit, as rdtgroup_cbm_to_size() does.
  const bitBytes = Math.floor(part.cacheBytes.value / part.maskBits.value);
  const bytes = bitBytes * bits;
  const pages = Math.ceil(bytes / buddy.pageBytes);
  const order = Math.ceil(log2(pages));
  const kmallocMaxBytes = buddy.pageBytes * 2 ** buddy.largestBuddyOrder;
  const refusals: string[] = [];
  if (!part.validated)
    refusals.push(
      `${part.title} is not among the models the kernel validated for pseudo-locking (get_prefetch_disable_bits(): Broadwell-X, Goldmont, Goldmont Plus)`,
    );
  if (bytes > kmallocMaxBytes)
    refusals.push(
      `the region of ${formatSize(bytes)} exceeds KMALLOC_MAX_SIZE, ${formatSize(kmallocMaxBytes)}: pseudo_lock_region_alloc() returns -E2BIG`,
    );
  return {
    bitBytes,
    bytes,
    order,
    kmallocBytes: buddy.pageBytes * 2 ** order,
    kmallocMaxBytes,
    contigBytes: pages * buddy.pageBytes,
    refusals,
  };
}

/** Columns of equal length, one row per number of bits that the part allows. */
export interface LockedRegionCurve {
  bits: number[];
  bytes: number[];
  kmallocBytes: number[];
  /** Whether the region is within KMALLOC_MAX_SIZE; the kernel's list of validated parts is not considered. */
  fitsKmalloc: boolean[];
}

/**
 * The regions for every allowed number of bits, as columns for a chart.
 * @example
 * ```ts
 * import { lockedRegionCurve } from "pageblock";
 *
 * lockedRegionCurve("atom-x7-e3950").bits; // => [1, 2, 3, 4, 5, 6, 7]
 * ```
 */
export function lockedRegionCurve(
  cache: LockableCacheName | LockableCache,
  buddy: BuddyLimit = X86_BUDDY,
): LockedRegionCurve {
  const part = toLockable(cache);
  const curve: LockedRegionCurve = { bits: [], bytes: [], kmallocBytes: [], fitsKmalloc: [] };
  for (let bits = part.minimumBits.value; bits < part.maskBits.value; bits++) {
    const region = lockedRegion(part, bits, buddy);
    curve.bits.push(bits);
    curve.bytes.push(region.bytes);
    curve.kmallocBytes.push(region.kmallocBytes);
    curve.fitsKmalloc.push(region.bytes <= region.kmallocMaxBytes);
  }
  return curve;
}

function toLockable(cache: LockableCacheName | LockableCache): LockableCache {
  if (typeof cache !== "string") return cache;
  if (!Object.hasOwn(LOCKABLE_CACHES, cache)) throw unknownName("cache", cache, LOCKABLE_CACHE_NAMES);
  return LOCKABLE_CACHES[cache];
}
