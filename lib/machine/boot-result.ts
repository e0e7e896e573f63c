/** The result of a boot on paper, as plain data. */
import type { Answer } from "../base/answer";
import type { ChangeCode } from "../change/code";
import type { KernelRelease } from "../hardware/kernel-release";
import type { Architecture } from "../hardware/page-geometry";
import type { HugetlbCmaArea } from "../mm/boot/hugetlb-cma";
import type { PagesetSize } from "../mm/boot/pageset-size";
import type { Watermarks } from "../mm/boot/watermarks";
import type { BootedCmaArea } from "./cma-areas";
import type { HugePagePool } from "./huge-pages";
import type { MachineState } from "./machine-state";
import type { BootedMovable } from "./movable-request";
import type { Sysctls } from "./sysctls";
import type { PageRange, ZoneSpan } from "./zones";

/** A zone after boot. Counts are pages of the machine's page size. */
export interface BootedZone extends ZoneSpan {
  /** Pages the buddy allocator manages once init sections and the initrd are released (as in /proc/zoneinfo). */
  managed: number;
  /** Pages managed right after memblock_free_all(); watermarks are computed from these. */
  managedAtBoot: number;
  /** Pages managed when the last CPU came online: a part, if the kernel initialises the rest later. */
  onlinePages: number;
  /** Processors among which its per-CPU lists are divided: those of its node, or all if the node has none. */
  cpus: number;
  watermarks: Watermarks;
  /** Pages reserved against requests for each higher zone of the node, in zone order. */
  lowmemReserve: number[];
  /** `highMax`: the upper end of the range of `high`, if a sysctl sets it. */
  pageset: PagesetSize & { highMax?: number };
  /** Free memory given to the buddy allocator, ascending, without CMA areas. */
  freeRanges: PageRange[];
}

/** What a zone keeps back, and the sizes of its per-CPU lists. */
export type ZoneReserves = Pick<BootedZone, "watermarks" | "lowmemReserve" | "pageset">;

/** The default CMA area. Bytes; `base` is a physical address. */
export interface BootedCma extends Answer {
  requestedBytes: number;
  reservedBytes: number;
  base: number | null;
  alignmentBytes: number;
  /** False if an area was requested but not reserved. */
  readonly ok: boolean;
  /** Why there is no area, in words, even if none was requested; null if there is one. */
  readonly reason: string | null;
}

/** An area of CMA as the boot came to it, reserved or not. Bytes and physical addresses. */
export interface BootedArea {
  /** The kernel's name: `reserved`, `linux,cma`, `hugetlb0`, or one of its own. */
  name: string;
  /** Who asked. */
  by: "command line" | "device tree" | "kernel configuration" | "hugetlb_cma=" | "code";
  requestedBytes: number;
  reservedBytes: number;
  /** Ascending; empty if nothing was reserved. */
  ranges: { base: number; bytes: number }[];
  alignmentBytes: number;
  activated: boolean;
  /** Why it was refused, why it lies where it does, or what makes it useless. */
  reason: string;
  /** Its memory, or a part of it, is above what every device reaches. */
  aboveDmaLimit: boolean;
}

/** A range taken before the buddy allocator started. Bytes. */
export interface Reservation {
  what: string;
  start: number;
  bytes: number;
}

/** Huge pages after the early boot. Bytes and physical addresses. */
export interface BootedHugePages {
  /**
   * hugetlb_cma=, by node; `activated` is false if an area crosses a zone boundary: its pages go to the buddy
   * allocator.
   */
  cma: (HugetlbCmaArea & { activated: boolean })[];
  /** Gigantic pages, from memblock. */
  gigantic: { bytes: number; start: number }[];
  /** Pools that the buddy allocator fills once it runs, in command-line order. */
  pools: HugePagePool[];
}

/** A booted machine as plain data. */
export interface BootResult {
  board: string;
  /** The release requested, by its series. */
  kernel: KernelRelease;
  /** For a release that is not modelled: what is inferred and what is not modelled. Absent for modelled ones. */
  kernelNotes?: string[];
  architecture: Architecture;
  memoryBytes: number;
  /** NUMA nodes. */
  nodes: number;
  /** Processors. */
  cpus: number;
  pageSize: number;
  thp: boolean;
  hugetlb: boolean;
  pageblockOrder: number;
  pageblockBytes: number;
  largestBuddyOrder: number;
  hugePageSizes: number[];
  mobilityGrouping: boolean;
  /** Pages of all zones minus the memmap; compared with six page blocks to decide on mobility grouping. */
  vmTotalPages: number;
  minFreeKbytes: number;
  zones: BootedZone[];
  cma: BootedCma;
  /** The kernel's name of the default area: `reserved`, or the device tree's node; null without one. */
  cmaName: string | null;
  /** CONFIG_CMA. */
  cmaBuilt: boolean;
  /** CONFIG_CMA_ALIGNMENT. */
  cmaAlignment: number;
  /** Every area that was asked for, in the kernel's order, also those that it could not reserve. */
  areas: BootedArea[];
  /** What a driver may stumble over, in words. */
  warnings: string[];
  /** The other areas, in order of declaration. */
  cmaAreas: BootedCmaArea[];
  /** Ranges that become CMA, in order of activation; ranges whose frames go to the buddy allocator instead. Bytes. */
  cmaActive: { base: number; bytes: number }[];
  cmaUseless: { base: number; bytes: number }[];
  hugePages: BootedHugePages;
  /** ZONE_MOVABLE: the outcome of kernelcore=, movablecore= and movable_node. */
  movable: BootedMovable;
  reservations: Reservation[];
  /** RAM the kernel sees: physical ranges, ascending. */
  memory: { start: number; bytes: number }[];
  /** Frames that join the buddy allocator late in the boot: the init sections and the initrd. */
  givenBack: PageRange[];
  /** The kernel's own messages about reserved memory, CMA and huge pages. */
  messages: string[];
  /** Sysctls of the description, written once the machine has booted; absent if it has none. */
  sysctls?: Sysctls;
  /**
   * The reserves of the zones as the booting kernel had them, if sysctls change them: `zones` and `minFreeKbytes` hold what is
   * after. In the order of `zones`.
   */
  bootReserves?: ZoneReserves[];
  /** Of a machine that runs already: what is free and in use once it is started as a System. */
  state?: MachineState;
  /** The change of the kernel, if there is one: its code is run where the machine starts. */
  change?: ChangeCode;
}
