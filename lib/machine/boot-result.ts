/** What a boot on paper comes to, as plain data. */
import type { KernelRelease } from "../hardware/kernel-release";
import type { Architecture } from "../hardware/page-geometry";
import type { HugetlbCmaArea } from "../mm/boot/hugetlb-cma";
import type { PagesetSize } from "../mm/boot/pageset-size";
import type { Watermarks } from "../mm/boot/watermarks";
import type { BootedCmaArea } from "./cma-areas";
import type { HugePagePool } from "./huge-pages";
import type { BootedMovable } from "./movable-request";
import type { PageRange, ZoneSpan } from "./zones";

/** A zone after boot. Counts are pages of the machine's page size. */
export interface BootedZone extends ZoneSpan {
  /** Pages the buddy allocator manages once init sections and the initrd are given back (as in /proc/zoneinfo). */
  managed: number;
  /** Pages managed right after memblock_free_all(); watermarks are computed from these. */
  managedAtBoot: number;
  watermarks: Watermarks;
  /** Pages kept back from requests of each higher zone of the node, in zone order. */
  lowmemReserve: number[];
  pageset: PagesetSize;
  /** Free memory handed to the buddy allocator, ascending; a CMA area is not in it. */
  freeRanges: PageRange[];
}

/** What became of the default CMA area. Bytes; `base` is a physical address. */
export interface BootedCma {
  requestedBytes: number;
  reservedBytes: number;
  base: number | null;
  alignmentBytes: number;
  /** False when an area was asked for and not reserved. */
  ok: boolean;
  /** Why nothing was reserved, in words; null when something was. */
  reason: string | null;
}

/** A range somebody took before the buddy allocator started. Bytes. */
export interface Reservation {
  what: string;
  start: number;
  bytes: number;
}

/** Huge pages after the early boot. Bytes and physical addresses. */
export interface BootedHugePages {
  /** hugetlb_cma=, by node; `activated` is false where an area crosses a zone line: its pages go to the buddy allocator. */
  cma: (HugetlbCmaArea & { activated: boolean })[];
  /** Gigantic pages, from memblock. */
  gigantic: { bytes: number; start: number }[];
  /** Pools that the buddy allocator fills once it runs, in the order of the command line. */
  pools: HugePagePool[];
}

/** A booted machine as plain data. */
export interface BootResult {
  board: string;
  kernel: KernelRelease;
  architecture: Architecture;
  memoryBytes: number;
  /** NUMA nodes. */
  nodes: number;
  pageSize: number;
  thp: boolean;
  hugetlb: boolean;
  pageblockOrder: number;
  pageblockBytes: number;
  largestBuddyOrder: number;
  hugePageSizes: number[];
  mobilityGrouping: boolean;
  /** Pages of all zones less the memmap; compared with six page blocks to decide on mobility grouping. */
  vmTotalPages: number;
  minFreeKbytes: number;
  zones: BootedZone[];
  cma: BootedCma;
  /** The other areas, in the order of their declaration. */
  cmaAreas: BootedCmaArea[];
  /** Ranges that become CMA, in the order of activation; ranges whose frames go to the buddy allocator instead. Bytes. */
  cmaActive: { base: number; bytes: number }[];
  cmaUseless: { base: number; bytes: number }[];
  hugePages: BootedHugePages;
  /** ZONE_MOVABLE: what became of kernelcore=, movablecore= and movable_node. */
  movable: BootedMovable;
  reservations: Reservation[];
  /** RAM the kernel sees: physical ranges, ascending. */
  memory: { start: number; bytes: number }[];
  /** Frames that join the buddy allocator late in the boot: the init sections and the initrd. */
  givenBack: PageRange[];
  /** What the kernel says about CMA and huge pages, its own words. */
  messages: string[];
}
