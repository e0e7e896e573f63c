/**
 * What differs between releases at boot, in CMA's and the huge pages' set-up, and in the kernel's reports: one named rule
 * each, with the mainline release that brought each value. The allocator's own differences are in kernel-switches.ts.
 */
import { came, choice, likely, onOff, type ValuesOf } from "./kernel-switch";

export const BOOT_RULES = {
  // Page geometry and page blocks.
  arm64LargeBuddyWithoutThp: onOff(
    "arm64 with pages of 16 or 64 KiB has the larger buddy orders without THP too (Kconfig).",
    came("5.12", "79cc2ed5a716"),
  ),
  arm64SmallSections: onOff(
    "arm64's memory sections are 128 MiB (512 MiB with pages of 64 KiB), not 1 GiB: SECTION_SIZE_BITS.",
    came("5.12", "f0b13ee23241"),
  ),
  pageblockCapped: onOff(
    "pageblock_order is capped at the largest buddy where it is the huge page's order at build time.",
    came("5.18", "b3d40a2b6d10"),
  ),
  pageblockFollowsThp: onOff(
    "Without hugetlb, a kernel with THP takes the THP order for its page blocks, not the largest buddy.",
    came("6.10", "72801513b2bf; head of mm-stable while 6.9-rc was fixed"),
  ),
  pageblockMaxOrder: onOff(
    "CONFIG_PAGE_BLOCK_MAX_ORDER caps the page block; its default changes nothing.",
    came("6.16", "e13e7922d034; renamed by a fix of 3 June 2025"),
  ),

  // Zones and early memory.
  arm64DmaZone: choice<"none" | "firstGiB" | "devices">(
    "arm64's ZONE_DMA: none, the first GiB of RAM, or what every device of the board reaches.",
    "none",
    [
      ["firstGiB", came("5.5", "1a8e1cef7603")],
      ["devices", came("5.11", "8424ecdde7df, 791ab8b2e3db")],
    ],
  ),
  ppc64NormalZone: onOff(
    "ppc64's only zone is called Normal, before DMA.",
    likely("5.0", "25078dc1f74b, whose paging_init() shows it; posted in November 2018"),
  ),
  memmapBuffer: onOff(
    "sparse_init_nid() takes one buffer for the memmap of all sections.",
    came("4.19", "35fd1eb1e821"),
  ),
  swiotlbSlotBytes: choice<number>("Bytes the bounce buffer keeps per slot: struct io_tlb_slot.", 12, [
    [24, came("5.13", "2d29960af0be; posted in March 2021, not in 5.10.262")],
  ]),
  swiotlbForSmallBuffers: onOff(
    "arm64 keeps 1 MiB of bounce buffer per GiB for small unaligned buffers where all memory is in reach.",
    came("6.7", "65033574ade9"),
  ),
  mirrorIgnored: onOff(
    "kernelcore=mirror is ignored where no memory is mirrored.",
    came("6.6", "mm: disable kernelcore=mirror when no mirror memory, in the pull request of 6.6-rc1"),
  ),
  movableOptionsFile: choice<"mm/page_alloc.c" | "mm/mm_init.c">(
    "The file that kernelcore= and movablecore= warn from.",
    "mm/page_alloc.c",
    [["mm/mm_init.c", came("6.4", "9420f89db2dd")]],
  ),

  // Reserves and per-CPU lists.
  minFreeKbytesMost: choice<number>("The largest min_free_kbytes that the kernel computes.", 65536, [
    [262144, likely("5.8", "ee8eb9a5fe86, merged before 24 June 2020; in 5.10.262, not in 4.17")],
  ]),
  movableZoneReserve: choice<"share" | "own">(
    "ZONE_MOVABLE's min watermark: its share of min_free_kbytes, or a thousandth, 32 to 128 pages, and it is no low memory.",
    "share",
    [
      [
        "own",
        came(
          "6.6",
          "mm/page_alloc: fix min_free_kbytes calculation regarding ZONE_MOVABLE, pulled for 6.6-rc1",
        ),
      ],
    ],
  ),
  thpOffRestoresMinFree: onOff(
    "A kernel with THP built in but off computes min_free_kbytes again.",
    came("5.16", "bd3400ea173f; in one batch with a6ea8b5b9f1c of 5 November 2021"),
  ),
  watermarkScaleFactorMost: choice<number>(
    "The largest vm.watermark_scale_factor that can be written.",
    1000,
    [[3000, came("5.17", "39c65a94cd96; the handler's limit is 3000 in 6.1.192")]],
  ),
  pagelistFraction: choice<"wholeZone" | "perCpu">(
    "vm.percpu_pagelist_fraction gives every CPU's list the fraction and a batch of a quarter of it, or " +
      "vm.percpu_pagelist_high_fraction divides it among the node's CPUs and leaves the batch.",
    "wholeZone",
    [["perCpu", came("5.14", "74f44822097c, bbbecb35a41c")]],
  ),
  defragModeSysctl: onOff("vm.defrag_mode can be written.", came("6.15", "e3aa7df331bc")),
  pagesetBatch: choice<"quarterOf512KiB" | "quarterOf1MiB" | "256KiB">(
    "zone_batchsize(): a thousandth of the zone, at most 512 KiB or 1 MiB, divided by four; or a 4096th, at most 256 KiB.",
    "quarterOf512KiB",
    [
      ["quarterOf1MiB", came("4.19", "d8a759b57035, posted in July 2018")],
      [
        "256KiB",
        came(
          "6.19",
          "mm/page_alloc: clarify batch tuning in zone_batchsize, v2 of 9 October 2025; 2783088ef24e follows it",
        ),
      ],
    ],
  ),
  pagesetHigh: choice<"sixBatches" | "lowWatermark">(
    "zone_highsize(): six batches, or the zone's low watermark shared by the CPUs, at least four batches.",
    "sixBatches",
    [["lowWatermark", came("5.14", "b92ca18e8ca5, 203c06eef579")]],
  ),

  // CMA.
  cmaAlignment: choice<"largestBuddy" | "pageblock">(
    "What a CMA area is aligned to: the larger of the largest buddy and the page block, or one page block.",
    "largestBuddy",
    [["pageblock", came("5.19", "11ac3e87ce09")]],
  ),
  cmaRefusesUnfit: onOff(
    "cma_declare_contiguous() refuses a fixed base that is not aligned and an area beyond its limit.",
    came("5.3", "c633324e3112; chosen for 5.2-stable on 26 July 2019"),
  ),
  cmaFrom4GiB: onOff(
    "An area that may be above 4 GiB is searched there first, from the bottom up.",
    came("5.12", "df2ff39e78da; in one batch with 072355c1cf2d, not in 5.10.262"),
  ),
  cmaFrom4GiBFirst: onOff(
    "That search comes before the one in high memory; before, it came second and lost the area found there.",
    came("6.3", "148aa87e4f63; taken on 18 January 2023, not in 6.1.192"),
  ),
  arm64CmaAfterMemmap: onOff(
    "arm64 reserves the default area after page tables and memmap (bootmem_init()), before ahead of them.",
    came("5.11", "d78050ee3544"),
  ),
  cmaAreasMost: choice<number>("MAX_CMA_AREAS of a usual configuration.", 8, [
    [20, came("5.10", "b7176c261cdb: CMA_AREAS is 19 with NUMA, and one more is counted; in 5.10.262")],
  ]),
  cmaFailedArea: choice<"stopsAll" | "lost" | "toBuddy">(
    "An area that cannot be activated: no later area is activated either (`stopsAll`), only its own frames are lost " +
      "(`lost`), or they go to the buddy allocator (`toBuddy`).",
    "stopsAll",
    [
      ["lost", came("5.9", "3a5139f1c5bb, of August 2020; in stable versions of 5.4 to 5.8 too")],
      ["toBuddy", came("5.12", "072355c1cf2d")],
    ],
  ),
  cmaAllocMessage: choice<"unnamed" | "cma_alloc" | "__cma_alloc" | "__cma_alloc_frozen">(
    "Who says that cma_alloc() failed; from the second on with the area's name.",
    "unnamed",
    [
      ["cma_alloc", came("5.12", "a052d4d13d88; posted on 9 February 2021, in one batch with 3c381db1fac8")],
      ["__cma_alloc", came("6.12", "463586e9ff39; posted in August 2024, in 6.12.107")],
      ["__cma_alloc_frozen", likely("7.0", "9bda131c6093; in 7.2.13, not in 6.19")],
    ],
  ),
  cmaReservedMessage: choice<"rounded" | "node" | "asked">(
    "cma_declare_contiguous() prints the rounded size; the rounded size and the node; or the size that was asked.",
    "rounded",
    [
      [
        "node",
        came(
          "6.6",
          "dma-contiguous: support numa CMA for specified node, of July 2023; 6.5.3 prints no node, 6.12 does",
        ),
      ],
      ["asked", came("6.15", "c009da4258f9: cma_declare_contiguous_nid() prints what it was called with")],
    ],
  ),
  cmdlineBeforeDeviceTree: onOff(
    "cma= on the command line goes before the device tree's default region, which is given back.",
    likely("5.6", "dma-contiguous: CMA: give precedence to cmdline, posted on 10 January 2020"),
  ),
  reservedMemGivenBack: onOff(
    "A region of the device tree that cannot be set up is given back, and a line says so; before, its memory is lost.",
    came("5.2", "d0b8ed47e83a; in the pull request of 7 May 2019"),
  ),
  reservedMemSize: onOff(
    "A region of the device tree that finds no place is named with its size.",
    likely("5.16", "6.1 prints the size, 5.6 and 5.10 do not"),
  ),
  reservedMemDetails: onOff(
    "Each region of the device tree is printed with its range, `map` or `nomap`, `reusable` or `non-reusable`.",
    came("6.3", "aeb9267eb6b1 of 9 February 2023; 6.1.70 prints none, 6.5.3 does"),
  ),
  reservedMemOneFile: onOff(
    "drivers/of/of_reserved_mem.c reads the regions of the device tree itself, those at an address first; before, fdt.c did.",
    likely("6.13", "8a6e02d0c00e; not in 6.1, posted in 2024"),
  ),
  dmaSinglePageFromBuddy: onOff(
    "A single page for a device comes from the buddy allocator unless the device has an area of its own.",
    came("5.3", "bd2e75633c80; posted in May 2019"),
  ),

  // Huge pages.
  hugepagesByNode: onOff("hugepages= takes NODE:COUNT,NODE:COUNT.", came("5.16", "b5389086ad7b")),
  hugetlbCma: onOff("hugetlb_cma= reserves areas for gigantic pages.", came("5.7", "cf11e85fc08c")),
  hugetlbCmaRanges: onOff(
    "An area of hugetlb_cma= may have several ranges, each beginning at a gigantic page.",
    came("6.15", "c009da4258f9; mm/hugetlb_cma.c calls cma_declare_contiguous_multi()"),
  ),

  statThresholdsDeferred: onOff(
    "Counter thresholds are set once all CPUs are up, not as each comes online, which left a mark of drift in every zone.",
    likely(
      "6.13",
      "mm/vmstat: defer the refresh_zone_stat_thresholds after all CPUs bringup, in the mm tree of autumn 2024; not in " +
        "6.12.117, in 7.3.4",
    ),
  ),

  // Reports.
  zoneinfoBoost: onOff("zoneinfo prints `boost`.", came("5.16", "a6ea8b5b9f1c")),
  zoneinfoCma: onOff("zoneinfo prints `cma`.", came("5.12", "3c381db1fac8")),
  zoneinfoPromo: onOff("zoneinfo prints `promo`.", came("6.12", "528afe6b9605")),
  freePagesBlocks: onOff("zoneinfo and vmstat print `nr_free_pages_blocks`.", came("6.15", "a211c6550efc")),
  zoneinfoPcpBounds: onOff(
    "zoneinfo prints `high_min` and `high_max` of each per-CPU list.",
    came(
      "6.13",
      "mm: add pcp high_min high_max to proc zoneinfo, in the pull request of 6.13-rc1; not in 6.12.107",
    ),
  ),
  zoneinfoHighatomic: onOff(
    "zoneinfo prints the high-atomic reserve.",
    came(
      "6.19",
      "mm: vmstat: output reserved_highatomic and free_highatomic in zoneinfo, 27 October 2025; a 6.18.44 prints none",
    ),
  ),
  pagetypeinfoCapped: onOff(
    "pagetypeinfo counts at most 100,000 blocks of a list.",
    came("5.4", "93b3a674485f, posted on 25 October 2019; in 5.10.262"),
  ),
};

/** The rules of one kernel. */
export type BootRules = ValuesOf<typeof BOOT_RULES>;
