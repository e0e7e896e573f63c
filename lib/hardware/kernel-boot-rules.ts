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
    likely("6.9", "include/linux/pageblock-flags.h: in 6.12, not in 6.1"),
  ),
  pageblockMaxOrder: onOff(
    "CONFIG_PAGE_BLOCK_MAX_ORDER caps the page block; its default changes nothing.",
    came("6.16", "e13e7922d034; posted until May 2025, in 6.19, not in 6.14"),
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
    likely("5.0", "arch/powerpc/mm/mem.c paging_init(), not read"),
  ),
  memmapBuffer: onOff(
    "sparse_init_nid() takes one buffer for the memmap of all sections.",
    likely("4.19", "mm/sparse.c sparse_buffer_init(): in 6.1, not in 4.17"),
  ),
  swiotlbSlotBytes: choice<number>("Bytes the bounce buffer keeps per slot: struct io_tlb_slot.", 12, [
    [24, likely("5.13", "kernel/dma/swiotlb.c: in 6.1, not in 4.17")],
  ]),
  swiotlbForSmallBuffers: onOff(
    "arm64 keeps 1 MiB of bounce buffer per GiB for small unaligned buffers where all memory is in reach.",
    came("6.7", "arch/arm64/mm/init.c mem_init()"),
  ),
  mirrorIgnored: onOff(
    "kernelcore=mirror is ignored where no memory is mirrored.",
    came("6.6", "mm/mm_init.c find_zone_movable_pfns_for_nodes(), public copies"),
  ),
  movableOptionsFile: choice<"mm/page_alloc.c" | "mm/mm_init.c">(
    "The file that kernelcore= and movablecore= warn from.",
    "mm/page_alloc.c",
    [["mm/mm_init.c", came("6.4", "9420f89db2dd")]],
  ),

  // Reserves and per-CPU lists.
  minFreeKbytesMost: choice<number>("The largest min_free_kbytes that the kernel computes.", 65536, [
    [262144, likely("5.8", "ee8eb9a5fe86; in 6.1, not in 4.17")],
  ]),
  movableZoneReserve: choice<"share" | "own">(
    "ZONE_MOVABLE's min watermark: its share of min_free_kbytes, or a thousandth, 32 to 128 pages, and it is no low memory.",
    "share",
    [["own", likely("6.6", "__setup_per_zone_wmarks(): in 6.12, not in 6.1")]],
  ),
  thpOffRestoresMinFree: onOff(
    "A kernel with THP built in but off computes min_free_kbytes again.",
    likely("5.18", "mm/khugepaged.c start_stop_khugepaged(): in 6.1, not in 4.17"),
  ),
  pagesetBatch: choice<"quarterOf512KiB" | "quarterOf1MiB" | "256KiB">(
    "zone_batchsize(): a thousandth of the zone, at most 512 KiB or 1 MiB, divided by four; or a 4096th, at most 256 KiB.",
    "quarterOf512KiB",
    [
      ["quarterOf1MiB", came("4.19", "d8a759b57035")],
      ["256KiB", likely("6.19", "zone_batchsize(), 6.19; not in 6.14")],
    ],
  ),
  pagesetHigh: choice<"sixBatches" | "lowWatermark">(
    "zone_highsize(): six batches, or the zone's low watermark shared by the CPUs, at least four batches.",
    "sixBatches",
    [["lowWatermark", came("5.14", "b92ca18e8ca5, 43c95bcc51e4")]],
  ),

  // CMA.
  cmaAlignment: choice<"largestBuddy" | "pageblock">(
    "What a CMA area is aligned to: the larger of the largest buddy and the page block, or one page block.",
    "largestBuddy",
    [["pageblock", came("5.19", "11ac3e87ce09")]],
  ),
  cmaRefusesUnfit: onOff(
    "cma_declare_contiguous() refuses a fixed base that is not aligned and an area beyond its limit.",
    likely("5.3", "c633324e3110; in 6.1, not in 4.17"),
  ),
  cmaFrom4GiB: onOff(
    "An area that may be above 4 GiB is searched there first, from the bottom up.",
    likely("5.13", "mm/cma.c cma_declare_contiguous_nid(): in 6.1, not in 4.17"),
  ),
  arm64CmaAfterMemmap: onOff(
    "arm64 reserves the default area after page tables and memmap (bootmem_init()), before ahead of them.",
    likely("5.11", "arch/arm64/mm/init.c: in 6.1, not in 4.17"),
  ),
  cmaAreasMost: choice<number>("MAX_CMA_AREAS of a usual configuration.", 8, [
    [20, likely("5.10", "CMA_AREAS is 7 in 4.17, 19 with NUMA in 6.1; 20 in all since 6.6")],
  ]),
  cmaFailedAreaToBuddy: onOff(
    "The frames of an area that cannot be activated go to the buddy allocator; before, no further area was activated.",
    came("5.12", "072355c1cf2d"),
  ),
  cmaAllocMessage: choice<"unnamed" | "cma_alloc" | "__cma_alloc" | "__cma_alloc_frozen">(
    "Who says that cma_alloc() failed; from the second on with the area's name.",
    "unnamed",
    [
      ["cma_alloc", came("5.15", "mm/cma.c cma_alloc()")],
      ["__cma_alloc", likely("6.12", "mm/cma.c, 6.12; not in 6.1")],
      ["__cma_alloc_frozen", likely("7.0", "mm/cma.c, 7.3.4; not in 6.19")],
    ],
  ),
  dmaSinglePageFromBuddy: onOff(
    "A single page for a device comes from the buddy allocator unless the device has an area of its own.",
    came("5.3", "kernel/dma/contiguous.c dma_alloc_contiguous()"),
  ),

  // Huge pages.
  hugetlbCma: onOff("hugetlb_cma= reserves areas for gigantic pages.", came("5.7", "cf11e85fc08c")),
  hugetlbCmaRanges: onOff(
    "An area of hugetlb_cma= may have several ranges, each beginning at a gigantic page.",
    came("6.15", "mm/hugetlb_cma.c"),
  ),

  // Reports.
  zoneinfoBoost: onOff("zoneinfo prints `boost`.", likely("5.16", "mm/vmstat.c: in 6.1, not in 4.17")),
  zoneinfoCma: onOff("zoneinfo prints `cma`.", likely("5.12", "mm/vmstat.c: in 6.1, not in 4.17")),
  zoneinfoPromo: onOff("zoneinfo prints `promo`.", likely("6.12", "mm/vmstat.c, 6.12; not in 6.1")),
  freePagesBlocks: onOff(
    "zoneinfo and vmstat print `nr_free_pages_blocks`.",
    came("6.15", "NR_FREE_PAGES_BLOCKS; not in 6.14"),
  ),
  zoneinfoPcpBounds: onOff(
    "zoneinfo prints `high_min` and `high_max` of each per-CPU list.",
    likely("6.19", "mm/vmstat.c, 6.19; not in 6.12"),
  ),
  zoneinfoHighatomic: onOff(
    "zoneinfo prints the high-atomic reserve.",
    likely("6.19", "mm/vmstat.c, 6.19; not in 6.12"),
  ),
  pagetypeinfoCapped: onOff(
    "pagetypeinfo counts at most 100,000 blocks of a list.",
    came("5.4", "mm/vmstat.c pagetypeinfo_showfree_print()"),
  ),
};

/** The rules of one kernel. */
export type BootRules = ValuesOf<typeof BOOT_RULES>;
