/**
 * Kernel profiles: every difference between releases that concerns the allocator is one named switch; a profile is
 * a full set of them, and a machine can flip one alone. Sources are told in docs/fidelity.md.
 */
import { InputError, unknownName } from "../../base/errors";
import type { KernelRelease } from "../../hardware/kernel-release";

/** The allocator's behaviour, release by release. */
export interface KernelSwitches {
  /** Boot memory goes to the tail of the lists (5.10+); before, to the head. */
  bootFreeToTail: boolean;
  /** Pages moved between lists (steal, isolate) go to the tail (5.10+); before, to the head. */
  moveToTail: boolean;
  /** Merging at and above page-block order: only ISOLATE is kept apart (`isolate`), or all but types 0..2 (`mergeable`). */
  mergeAcrossTypes: "isolate" | "mergeable";
  /** Free pages lie on the list of their block's type (6.10+): merges re-type blocks, pcp pages carry no type. */
  freelistHygiene: boolean;
  /** Per-CPU lists serve orders 1..3 too (5.13+). */
  pcpHighOrders: boolean;
  /** Number of per-CPU lists for the THP order: 0, 1, or 2 (not movable, movable). */
  pcpThpLists: 0 | 1 | 2;
  /** Drain size: one batch, doubled by `free_factor` (5.14..6.6), or the count of pages freed in a row (6.7+). */
  pcpFree: "fixed" | "freeFactor" | "freeCount";
  /** Refill doubles with consecutive order-0 refills and `high` tunes itself (6.7+). */
  pcpAutoTune: boolean;
  /** A bulk free visits lists freeing 1, 2, 3… each (`counting`), or empties a list before the next. */
  pcpBulkFree: "counting" | "narrowing" | "wrapping";
  /** drain_pages_zone() empties the lists in one go (4.17), or in pieces of batch << 5. */
  pcpDrain: "whole" | "pieces";
  /** A drain is cut in pieces of `batch`, each starting at the freed page's list again (7.x). */
  pcpFreeInBatches: boolean;
  /** When frees of orders 1..3 in a row drain the lists. */
  pcpFreeHigh: "never" | "freeFactor" | "batch" | "batchPlusHalfHighMin";
  /** Fallback moves the block's free pages and retries (`steal`), or claims blocks and else takes one page (`claim`). */
  fallback: "steal" | "claim";
  /** A refill remembers where it found pages last (6.15+ and back-ports). */
  rmqueueMode: boolean;
  /** Movable requests take CMA first while it holds more than half of the free pages (5.7+). */
  cmaBalance: boolean;
  /**
   * With `cmaBalance`, how many sixteenths of the free pages must be CMA before movable requests take them first: the Raspberry
   * Pi kernel's alloc_in_cma_threshold= (raspberrypi/linux #4964, its default is 12). 0: over half, as everywhere else.
   */
  cmaThreshold: number;
  /**
   * ZONE_MOVABLE has the CMA areas (merged for 4.17-rc1, reverted before 4.17): blocks stay CMA, but free CMA pages are taken
   * off nowhere, since all that asks their zone may have them.
   */
  cmaInMovableZone: boolean;
  /** An area may have up to 8 ranges; a failed look says −EBUSY, also in an area that is merely full (6.15+). */
  cmaRanges: boolean;
  /** ALLOC_NOFRAGMENT: spill into the next zone before polluting blocks (5.0+). */
  nofragment: boolean;
  /** Fallbacks raise the watermarks for kswapd (5.0+). */
  watermarkBoost: boolean;
  /** The high-atomic reserve's cap: 1 % + a block, or 1 % rounded up and none below a block. */
  highatomicCap: "plusBlock" | "roundedUp";
  /** The watermark check takes off the whole reserve, or only its free pages. */
  highatomicUnusable: "reserved" | "free";
  /**
   * What atomic requests may do: `graded` as of 6.1.192 (back-ported from 6.3); `harder` as of 4.17: only a true atomic
   * request (not GFP_NOWAIT) digs into the reserve, of any order above 0 it tries that first, order 0 never gets it,
   * and the quick check of order 0 overlooks what is reserved.
   */
  atomicRights: "harder" | "graded";
  /** High-order atomic requests may use the reserve on the fast path and leave empty pcp lists alone (7.x). */
  highatomicFastPath: boolean;
  /** NR_FREE_PAGES falls page by page inside a refill (6.10+), or once at its end. */
  countPerPage: boolean;
  /** A page above page-block order is freed block by block, each with its own type (6.10+). */
  freeSplitsAtPageblock: boolean;
  /** Isolation is a bit of its own; the block keeps its type (6.16+). */
  isolateBit: boolean;
  /** Compaction searches the free lists before it scans, and direct compaction captures merged pages (5.1+). */
  compactionFastSearch: boolean;
  compactionCapture: boolean;
  /** Background compaction by fragmentation score (5.9+). */
  proactiveCompaction: boolean;
  /** What alloc_contig_range() isolates in: single page blocks (5.19+), or units of the largest buddy. */
  isolationUnit: "pageblock" | "maxOrder";
  /** zone_reclaimable_pages() counts free pages where nothing is reclaimable (6.13+, back-ported to 6.1 and 6.12). */
  reclaimableCountsFree: boolean;
  /** What a long-term pin does with pages that must stay movable: pins them in place, or moves them out first. */
  longtermPin: "stays" | "leavesCma" | "leavesCmaAndMovable";
  /** vm.defrag_mode: never steal, compact instead. */
  defragMode: boolean;
  /** Off: page_group_by_mobility_disabled, however large the machine is. On in every release, as are the next two. */
  mobilityGrouping: boolean;
  /** Off: no per-CPU lists; every request and every free goes to the buddy lists. */
  pcp: boolean;
  /** Off: no page ever moves; compaction and contiguous requests find free pages or nothing. */
  migration: boolean;
}

const V6_1: KernelSwitches = {
  bootFreeToTail: true,
  moveToTail: true,
  mergeAcrossTypes: "mergeable",
  freelistHygiene: false,
  pcpHighOrders: true,
  pcpThpLists: 2,
  pcpFree: "freeFactor",
  pcpAutoTune: false,
  pcpBulkFree: "narrowing",
  pcpDrain: "pieces",
  pcpFreeInBatches: false,
  pcpFreeHigh: "freeFactor",
  fallback: "steal",
  rmqueueMode: false,
  cmaBalance: true,
  cmaThreshold: 0,
  cmaInMovableZone: false,
  cmaRanges: false,
  nofragment: true,
  watermarkBoost: true,
  highatomicCap: "plusBlock",
  highatomicUnusable: "reserved",
  atomicRights: "graded",
  highatomicFastPath: false,
  countPerPage: false,
  freeSplitsAtPageblock: false,
  isolateBit: false,
  compactionFastSearch: true,
  compactionCapture: true,
  proactiveCompaction: true,
  isolationUnit: "pageblock",
  reclaimableCountsFree: true,
  longtermPin: "leavesCmaAndMovable",
  defragMode: false,
  mobilityGrouping: true,
  pcp: true,
  migration: true,
};

const V4_17: KernelSwitches = {
  ...V6_1,
  bootFreeToTail: false,
  moveToTail: false,
  mergeAcrossTypes: "isolate",
  isolationUnit: "maxOrder",
  pcpHighOrders: false,
  pcpThpLists: 0,
  pcpFree: "fixed",
  pcpBulkFree: "counting",
  pcpDrain: "whole",
  pcpFreeHigh: "never",
  atomicRights: "harder",
  cmaBalance: false,
  nofragment: false,
  watermarkBoost: false,
  compactionFastSearch: false,
  compactionCapture: false,
  proactiveCompaction: false,
  reclaimableCountsFree: false,
  longtermPin: "stays",
};

const V6_12: KernelSwitches = {
  ...V6_1,
  freelistHygiene: true,
  pcpFree: "freeCount",
  pcpAutoTune: true,
  pcpBulkFree: "wrapping",
  pcpFreeHigh: "batch",
  fallback: "claim",
  rmqueueMode: true,
  highatomicCap: "roundedUp",
  highatomicUnusable: "free",
  countPerPage: true,
  freeSplitsAtPageblock: true,
};

const V6_19: KernelSwitches = {
  ...V6_12,
  pcpFreeInBatches: true,
  pcpFreeHigh: "batchPlusHalfHighMin",
  highatomicFastPath: true,
  isolateBit: true,
  cmaRanges: true,
};

const V7_3: KernelSwitches = { ...V6_19 };

/** The releases that can be named, oldest first. 6.1, 6.12 and 7.3 are proved by recordings. */
export const KERNEL_PROFILES: Readonly<Record<KernelRelease, Readonly<KernelSwitches>>> = {
  "4.17": V4_17,
  "6.1": V6_1,
  "6.12": V6_12,
  "6.19": V6_19,
  "7.3": V7_3,
};

/** Every value of a switch: true and false, or what some release has. */
function valuesOf(name: keyof KernelSwitches): Set<unknown> {
  if (name === "pcpThpLists") return new Set([0, 1, 2]);
  if (name === "cmaThreshold") return new Set(Array.from({ length: 17 }, (_, sixteenths) => sixteenths));
  // 5.2 to 5.12 lie between two modelled releases.
  if (name === "longtermPin") return new Set(["stays", "leavesCma", "leavesCmaAndMovable"]);
  const values = new Set<unknown>(Object.values(KERNEL_PROFILES).map((profile) => profile[name]));
  return values.has(true) || values.has(false) ? new Set([true, false]) : values;
}

/**
 * The switches of `release` with `changes` applied; unknown names list the known ones.
 * @example
 * ```ts
 * import { kernelProfile } from "pageblock";
 *
 * kernelProfile("6.1").freelistHygiene; // => false
 * kernelProfile("6.1", { freelistHygiene: true }).freelistHygiene; // => true
 * ```
 */
export function kernelProfile(release: string, changes: Partial<KernelSwitches> = {}): KernelSwitches {
  if (!Object.hasOwn(KERNEL_PROFILES, release))
    throw unknownName("kernel profile", release, Object.keys(KERNEL_PROFILES));
  const base = KERNEL_PROFILES[release as KernelRelease];
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(base, name)) throw unknownName("kernel switch", name, Object.keys(base));
    const known = valuesOf(name as keyof KernelSwitches);
    if (!known.has(value))
      throw new InputError(
        `kernel switch ${name}: must be one of ${[...known].map((v) => JSON.stringify(v)).join(", ")}: got ${JSON.stringify(value)}`,
      );
  }
  return { ...base, ...changes };
}
