/**
 * The kernels that are modelled, and every difference between releases that concerns the allocator: one named switch
 * each, with the mainline release that brought each value. A machine can flip one alone. docs/fidelity.md prints the
 * table; what differs at boot and in reports is in kernel-boot-rules.ts. To add a kernel: a row here, and the switches
 * it changes.
 */
import { came, choice, constant, likely, onOff, type ValuesOf } from "./kernel-switch";

/** A release whose behaviour is modelled as a whole; releases between two rows are resolved by the dates below. */
export interface ModelledKernel {
  release: string;
  /** The version whose source was read or which was recorded; the row includes its stable back-ports. */
  standsFor: string;
  /** What shows that the model does as this kernel does. */
  provedBy: string;
}

/** The rows, oldest first. */
export const MODELLED_KERNELS = [
  { release: "4.17", standsFor: "4.17.0", provedBy: "vectors derived by hand from its source, and the laws" },
  {
    release: "6.1",
    standsFor: "6.1.192",
    provedBy:
      "13 traces (7 on x86-64, 6 on arm64 with CMA), 163 boots, tables of CMA requests and huge pages",
  },
  {
    release: "6.12",
    standsFor: "6.12.107",
    provedBy: "traces w1-files, w2d-fragdeep, w2f-boost, w4-thp",
  },
  { release: "6.19", standsFor: "6.19.0", provedBy: "the laws, and what it shares with 7.3" },
  { release: "7.3", standsFor: "7.3.4", provedBy: "traces w1-files, w2d-fragdeep, w4-thp, w7-cma" },
] as const satisfies readonly ModelledKernel[];

/** What differs in the allocator. Commits are mainline's. */
export const ALLOCATOR_SWITCHES = {
  bootFreeToTail: onOff(
    "Boot memory goes to the tail of the lists; before, to the head.",
    came("5.10", "7fef431be9c9"),
  ),
  moveToTail: onOff(
    "Pages moved between lists (steal, isolate) go to the tail; before, to the head.",
    came("5.10", "293ffa5ebb9c"),
  ),
  mergeAcrossTypes: choice<"isolate" | "mergeable">(
    "Merging at and above page-block order: only ISOLATE is kept apart (`isolate`), or all but types 0 to 2 (`mergeable`).",
    "isolate",
    [["mergeable", came("5.18", "1dd214b8f21c")]],
  ),
  freelistHygiene: onOff(
    "Free pages are on the list of their block's type: merges re-type blocks, pcp pages carry no type.",
    came("6.10", "e0932b6c1f94"),
  ),
  pcpHighOrders: onOff("Per-CPU lists serve orders 1 to 3 too.", came("5.14", "44042b449872")),
  pcpThpLists: choice<0 | 1 | 2>(
    "Number of per-CPU lists for the THP order: 0, 1, or 2 (not movable, movable).",
    0,
    [
      [1, came("5.14", "44042b449872, which stores the THP order too; NR_PCP_THP is 1 until bf14ed81f571")],
      [2, came("6.10", "bf14ed81f571; upstream before 6.6.37-rc1 of 2 July 2024, 6.10 is of 14 July")],
    ],
    { backports: { "6.1": 2 } },
  ),
  pcpFree: choice<"fixed" | "freeFactor" | "freeCount">(
    "Drain size: one batch, doubled by `free_factor`, or the count of pages freed in a row.",
    "fixed",
    [
      ["freeFactor", came("5.14", "3b12e7e97938")],
      ["freeCount", came("6.7", "6ccdcb6d3a74")],
    ],
  ),
  pcpAutoTune: onOff(
    "Refill doubles with consecutive order-0 refills and `high` tunes itself.",
    came("6.7", "51a755c56dc0"),
  ),
  pcpBulkFree: choice<"counting" | "narrowing" | "wrapping">(
    "A bulk free visits lists freeing 1, 2, 3… each (`counting`), or empties a list before the next.",
    "counting",
    [
      ["narrowing", came("5.18", "35b6d770e633, 8b10b465d0e1; in one series with f26b3fa04611, v5.18-rc1")],
      [
        "wrapping",
        came("6.6", "f142b2c2530c, pulled for 6.6-rc1; min_pindex is in 6.1.192, not in 6.12.107"),
      ],
    ],
  ),
  pcpDrain: choice<"whole" | "pieces">(
    "drain_pages_zone() empties the lists in one go, or in pieces of batch << 5.",
    "whole",
    [["pieces", came("6.10", "55f77df7d715")]],
    { backports: { "6.1": "pieces" } },
  ),
  pcpFreeInBatches: onOff(
    "A drain is cut in pieces of `batch`, each starting at the freed page's list again.",
    came(
      "6.19",
      "mm/page_alloc: batch page freeing in free_frozen_page_commit, v4 of 13 October 2025 (6.18-rc1)",
    ),
  ),
  pcpLock: onOff(
    "Per-CPU lists have a lock: other CPUs drain them directly, and who finds it taken goes to the buddy lists.",
    came("6.0", "4b23a68f9536, and `remotely drain per-cpu lists` of the same series of June 2022"),
  ),
  pcpFreeHigh: choice<"never" | "freeFactor" | "batch" | "batchPlusHalfHighMin">(
    "When frees of orders 1 to 3 in a row drain the lists.",
    "never",
    [
      ["freeFactor", came("5.18", "f26b3fa04611, v5.18-rc1")],
      ["batch", came("6.7", "6ccdcb6d3a74")],
      ["batchPlusHalfHighMin", came("6.16", "c544a952ba61, merged with mm-stable-2025-05-31-14-50")],
    ],
  ),
  fallback: choice<"steal" | "claim">(
    "Fallback moves the block's free pages and retries (`steal`), or claims blocks and else takes one page (`claim`).",
    "steal",
    [
      [
        "claim",
        likely(
          "6.10",
          "from 6.10 on the page found is used and the rest stays with its block, which is nearest to `claim`; the two passes are of 6.15 (c2f6ea38fc1b) and of 6.12.107",
        ),
      ],
    ],
  ),
  rmqueueMode: onOff(
    "A refill remembers where it found pages last.",
    came("6.15", "90abee6d7895, which mends c2f6ea38fc1b"),
    { backports: { "6.12": true } },
  ),
  cmaBalance: onOff(
    "Movable requests take CMA first while it holds more than half of the free pages.",
    came("5.8", "16867664936e"),
  ),
  cmaThreshold: constant<number>(
    "With `cmaBalance`, how many sixteenths of the free pages must be CMA before movable requests take them first: the " +
      "Raspberry Pi kernel's alloc_in_cma_threshold= (raspberrypi/linux #4964, its default is 12). 0: over half, as everywhere else.",
    0,
    Array.from({ length: 17 }, (_, sixteenths) => sixteenths),
  ),
  cmaInMovableZone: constant<boolean>(
    "ZONE_MOVABLE has the CMA areas (merged for 4.17-rc1 as bad8c6c0b114, reverted before 4.17 by d883c6cf3b39): blocks stay " +
      "CMA, but free CMA pages are subtracted nowhere, since all that asks their zone may have them.",
    false,
    [true],
  ),
  cmaRanges: onOff(
    "An area may have up to 8 ranges; a failed look says −EBUSY, also in an area that is merely full.",
    came("6.15", "c009da4258f9"),
  ),
  nofragment: onOff(
    "ALLOC_NOFRAGMENT: spill into the next zone before polluting blocks.",
    came("5.0", "6bb154504f8b"),
  ),
  watermarkBoost: onOff("Fallbacks raise the watermarks for kswapd.", came("5.0", "1c30844d2dfe")),
  highatomicCap: choice<"plusBlock" | "roundedUp">(
    "The high-atomic reserve's cap: 1 % + a block, or 1 % rounded up and none below a block.",
    "plusBlock",
    [["roundedUp", came("6.8", "d68e39fc45f7, 9cd20f3fe045; posted on 24 November 2023")]],
  ),
  highatomicUnusable: choice<"reserved" | "free">(
    "The watermark check subtracts the whole reserve, or only its free pages.",
    "reserved",
    [["free", came("6.12", "c928807f6f6b, merged with mm-hotfixes-stable-2024-11-09-22-40 for 6.12-rc7")]],
  ),
  atomicRights: choice<"harder" | "graded">(
    "What atomic requests may do: `graded` as of 6.1.192; `harder` as of 4.17: only a true atomic request (not GFP_NOWAIT) " +
      "digs into the reserve, of any order above 0 it tries that first, and order 0 never gets it.",
    "harder",
    [["graded", came("6.3", "1ebbb21811b7 and its series, posted in January 2023")]],
    { backports: { "6.1": "graded" } },
  ),
  quickCheckReserve: onOff(
    "The quick check of order 0 subtracts the high-atomic reserve; before, it overlooks it.",
    came("5.9", "f27ce0e14088"),
  ),
  boostExempt: choice<"none" | "atomic" | "minReserve">(
    "Whom the boost does not bind at order 0: nobody, requests with __GFP_ATOMIC, or all with __GFP_HIGH.",
    "none",
    [
      ["atomic", came("5.9", "f80b08fc4453")],
      ["minReserve", came("6.3", "1ebbb21811b7 and its series, posted in January 2023")],
    ],
  ),
  highatomicFastPath: onOff(
    "High-order atomic requests may use the reserve on the fast path and leave empty pcp lists alone.",
    came(
      "7.3",
      "mm/page_alloc: use existing highatomic reserves on the buddy fastpath, June 2026; 7.3.4, not in 7.2.13",
    ),
  ),
  countPerPage: onOff(
    "NR_FREE_PAGES falls page by page inside a refill, or once at its end.",
    came("6.10", "e0932b6c1f94"),
  ),
  freeSplitsAtPageblock: onOff(
    "A page above page-block order is freed block by block, each with its own type.",
    came("6.12", "e98337d11bbd; in e0932b6c1f94 (6.10) only page isolation calls split_large_buddy()"),
  ),
  isolateBit: onOff(
    "Isolation is a bit of its own; the block keeps its type.",
    came("6.17", "mm/page_isolation: make page isolation a standalone bit, v10 of 16 June 2025 (6.16-rc2)"),
  ),
  compactionFastSearch: onOff(
    "Compaction searches the free lists before it scans.",
    came("5.1", "70b44595eafe, 5a811889de10"),
  ),
  compactionCapture: onOff("Direct compaction captures merged pages.", came("5.1", "5e1f0f098b46")),
  compactionLargeFolios: onOff(
    "Compaction moves folios smaller than what it makes room for; before, it passed large ones by.",
    came("6.9", "733aea0b3a7b"),
  ),
  ext4LargeFolios: choice<"none" | "read" | "readWrite">(
    "Large folios in ext4's page cache: none, where files are read, or where they are read and written.",
    "none",
    [["readWrite", came("6.16", "7ac67301e82f of 12 May 2025, with 16705e52e629 for writes")]],
  ),
  xfsLargeFolios: choice<"none" | "read" | "readWrite">("The same of XFS.", "none", [
    ["read", came("5.18", "793917d997df adds readahead of large folios; 6795801366da of 5.17 allows them")],
    ["readWrite", came("6.6", "d6bb59a9444d, pulled through iomap-6.6-merge")],
  ]),
  btrfsLargeFolios: choice<"none" | "read" | "readWrite">(
    "The same of btrfs, without CONFIG_BTRFS_EXPERIMENTAL, which has them since 6.17 (cc38d178ff33).",
    "none",
    [["readWrite", likely("7.2", "merged on 16 June 2026 as reported by the press; no commit was read")]],
  ),
  readaheadOrder: choice<"marked" | "own">(
    "Order of readahead's folios: two more than that of the folio that set it off, so 2 at first; or a file's own, 0 at first.",
    "marked",
    [["own", came("6.17", "f838ddf8cef5 and its series, posted in June 2025")]],
  ),
  folioOrderOne: onOff(
    "The page cache has folios of two pages.",
    came("6.9", "8897277acfef of February 2024; stable versions of 6.6 have it since November 2024"),
  ),
  proactiveCompaction: onOff("Background compaction by fragmentation score.", came("5.9", "facdaa917c4d")),
  isolationUnit: choice<"pageblock" | "maxOrder">(
    "What alloc_contig_range() isolates in: single page blocks, or units of the largest buddy.",
    "maxOrder",
    [["pageblock", came("5.19", "b2c9e2fbba32")]],
  ),
  contigSetsSkip: choice<boolean>(
    "A contiguous request tells compaction to pass over a page block in which it found nothing to move: sets its skip bit.",
    false,
    [
      [
        true,
        came("5.1", "e380bebe4771, which sets the bit of a whole block without asking no_set_skip_hint"),
      ],
      [false, came("6.5", "8b71b499ff98, which asks it again")],
    ],
  ),
  contigInUse: choice<"refused" | "migrated">(
    "What a search for a range (alloc_contig_pages(), before 5.5 hugetlb's alloc_gigantic_page()) does with a range in " +
      "which a page is in use: passes it over, or moves the pages away.",
    "refused",
    [["migrated", came("5.13", "eb14d4eefdc4")]],
  ),
  contigHugetlb: choice<"refused" | "tried" | "smaller">(
    "Which ranges with huge pages of hugetlb in them such a search tries: none, all, or those whose huge pages are smaller " +
      "than the range.",
    "refused",
    [
      ["tried", came("5.13", "eb14d4eefdc4")],
      ["refused", came("6.3", "4d73ba5fa710, a fix of April 2023 for eb14d4eefdc4; in 6.1.192")],
      [
        "smaller",
        came(
          "7.0",
          "page_alloc: allow migration of smaller hugepages during contig_alloc, v4 of 3 December 2025; in the mm tree of January 2026",
        ),
      ],
    ],
    { backports: { "6.1": "refused" } },
  ),
  reclaimableCountsFree: onOff(
    "zone_reclaimable_pages() counts free pages where nothing is reclaimable.",
    came("6.13", "6aaced5abd32"),
    { backports: { "6.1": true, "6.12": true } },
  ),
  longtermPin: choice<"stays" | "leavesCma" | "leavesCmaAndMovable">(
    "What a long-term pin does with pages that must stay movable: pins them in place, or moves them out first.",
    "stays",
    [
      ["leavesCma", came("5.1", "9a4e9f3b2d73")],
      ["leavesCmaAndMovable", came("5.13", "d1e153fea2a8")],
    ],
  ),
  defragMode: constant<boolean>(
    "vm.defrag_mode, a setting since 6.15 (e3aa7df331bc), off by default: never steal, compact instead.",
    false,
    [true],
  ),
  mobilityGrouping: constant<boolean>(
    "Off: page_group_by_mobility_disabled, however large the machine is. On in every release, as are the next two.",
    true,
    [false],
  ),
  pcp: constant<boolean>(
    "Off: no per-CPU lists; every request and every free goes to the buddy lists.",
    true,
    [false],
  ),
  migration: constant<boolean>(
    "Off: no page ever moves; compaction and contiguous requests find free pages or nothing.",
    true,
    [false],
  ),
};

/** The allocator's behaviour as a full set of switches. */
export type KernelSwitches = ValuesOf<typeof ALLOCATOR_SWITCHES>;
