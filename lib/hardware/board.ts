/**
 * A board: the facts that decide where early boot finds free memory. It is data only; machine/boot.ts turns it into
 * zones and a CMA reservation. The board's file states the source of every figure; docs/boards.md shows them as a
 * table.
 */
import type { Architecture } from "./page-geometry";

/** RAM the board decodes: [start, end), filled in order until the requested memory is placed. */
export interface RamWindow {
  start: number;
  end: number;
}

/** A range of RAM reserved at a fixed address before the kernel looks for free memory. */
export interface FixedReservation {
  what: string;
  start: number;
  bytes: number;
}

/** The board's kernel build, as far as it matters to early boot. Bytes. */
export interface KernelBuild {
  /** Start address of the kernel image. */
  imageStart: number;
  /** Bytes of the image, including bss, by base page size; `nohuge` if a build without huge pages was measured. */
  imageBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes of the image released after boot (init sections), by base page size. */
  initBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes taken from the top of memory before the memmap (page tables of the image, unflattened device tree…). */
  earlyBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes taken after the CMA reservation (per-CPU areas…). */
  lateBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** CONFIG_CMA: without it there is no area and one migratetype fewer. */
  cma: boolean;
  /** CONFIG_CMA_SIZE_MBYTES in bytes: the area without a request. */
  cmaBytes: number;
  /** CONFIG_CMA_SIZE_PERCENTAGE, and how both are chosen between (CONFIG_CMA_SIZE_SEL_*); default `mbytes`. */
  cmaPercentage?: number;
  cmaSelect?: CmaSelect;
  /** CONFIG_CMA_ALIGNMENT: the order to which requests to an area are aligned at most; default 8. */
  cmaAlignment?: number;
  /** MAX_CMA_AREAS; default the release's usual number. */
  cmaAreas?: number;
  /** Largest order of the buddy allocator by base page size (ARCH_FORCE_MAX_ORDER); default the architecture's. */
  maxOrder?: Readonly<Record<number, number>>;
  /** CONFIG_TRANSPARENT_HUGEPAGE and CONFIG_HUGETLBFS; default on, where the architecture has huge pages. */
  thp?: boolean;
  hugetlb?: boolean;
  /** CONFIG_ZONE_DMA of 32-bit ARM; default off. */
  zoneDma?: boolean;
  /** CONFIG_ARM_LPAE: 40 address bits on 32-bit ARM; default off. */
  lpae?: boolean;
}

/** CONFIG_CMA_SIZE_SEL_*: the configured size, the share of memory, the smaller or the larger of both. */
export const CMA_SELECTS = ["mbytes", "percentage", "min", "max"] as const;
export type CmaSelect = (typeof CMA_SELECTS)[number];

/** A build that a distribution ships, where it differs from the board's own. */
export interface DistributionBuild {
  title: string;
  /** The kernel that it ships, if the plan names none. */
  kernel?: string;
  build: Partial<KernelBuild>;
  /** What its boot loader takes beside the board's own reservations. */
  reservations?: readonly FixedReservation[];
  /** Regions of its device tree, in place of the board's. */
  deviceTree?: readonly DeviceTreeRegion[];
  sources: readonly string[];
}

/** A region of the device tree's reserved-memory. Bytes and physical addresses. */
export interface DeviceTreeRegion {
  name: string;
  bytes: number;
  /** `reg`: exactly there; otherwise the kernel looks for a place. */
  base?: number;
  alignment?: number;
  /** `alloc-ranges`; default anywhere. */
  allocRanges?: readonly { base: number; bytes: number }[];
  reusable?: boolean;
  noMap?: boolean;
  /** `linux,cma-default`; default true for the name `linux,cma`. */
  cmaDefault?: boolean;
  /** Default `shared-dma-pool` where it is reusable, otherwise none. */
  compatible?: string;
}

/** `linux,cma` in the board's device tree: its size and the range allowed. */
export interface BoardDeviceTreeCma {
  bytes: number;
  start: number;
  end: number;
}

/** How fast bytes move, for modelled times. */
export interface BoardSpeed {
  /** Bytes that one CPU copies per second from memory to memory. */
  copyBytesPerSecond: number;
  /** Bytes per second that storage takes and gives, beyond the time of an access. */
  storageBytesPerSecond: number;
}

export interface Board {
  name: string;
  title: string;
  architecture: Architecture;
  /** Base page sizes in bytes that the board's processor supports; the first is the default. */
  pageSizes: readonly number[];
  /** Page sizes of the architecture that this board does not support, and why: text that ends before the size. */
  withoutPages?: Readonly<Record<number, string>>;
  /** Installed memory, in bytes. */
  memory: { default: number; smallest: number; largest: number };
  cpus: number;
  speed: BoardSpeed;
  /**
   * Pages that drivers and tables take at boot, in bytes on 4 GiB; more as the square root of memory. Default: 8 MiB, a
   * modelling choice (docs/calibration.md).
   */
  driverBytes?: number;
  /** NUMA nodes: memory and CPUs are divided into equal parts, memory from the lowest address up. Default: one. */
  nodes?: { default: number; choices: readonly number[] };
  windows: readonly RamWindow[];
  /** Parts of the windows without RAM (peripherals); the RAM behind them is lost. */
  holes?: readonly RamWindow[];
  /** Memory that the firmware hides from Linux, at the top of the RAM below `below`. */
  firmwareTop?: { bytes: number; below: number };
  /** Address bits that every device can reach: the end of ZONE_DMA on arm64 since 5.10. */
  dmaBits: number;
  /** Initial RAM disk; released after boot. */
  initrd?: FixedReservation;
  /** Device tree, ACPI tables, firmware: reserved permanently. */
  reservations: readonly FixedReservation[];
  build: KernelBuild;
  deviceTreeCma?: BoardDeviceTreeCma;
  /** Other regions of the device tree's reserved-memory, in its order. */
  deviceTree?: readonly DeviceTreeRegion[];
  /** The ranges have to be given: the board is a blank one of its architecture. */
  blank?: boolean;
  /** The windows are those of a plan. */
  ownRam?: boolean;
  /** Builds of distributions by name. */
  distributions?: Readonly<Record<string, DistributionBuild>>;
  /** The firmware takes the settings of a Raspberry Pi. */
  raspberryPi?: boolean;
  /** The size that a display overlay of a Raspberry Pi gives `linux,cma` if it names none. */
  overlayCmaBytes?: number;
  /** Sources of the figures, one line each. */
  sources: readonly string[];
}

/** A board whose name the compiler knows, for completion in cells. */
export function described<const N extends string>(board: Board & { name: N }): Board & { name: N } {
  return board;
}

/** One core of a server of 2018, and a SATA SSD: what boards without figures of their own are given. */
export const USUAL_SPEED: BoardSpeed = { copyBytesPerSecond: 10.24e9, storageBytesPerSecond: 512e6 };
export const USUAL_SPEED_SOURCE =
  "copies 10.24 GB/s (4 KiB in 400 ns), storage 512 MB/s: modelling choice; one core copied 25 MB in 4.5 ms on a Broadwell-E and in 2.2 ms on a Skylake, 5.6 and 11.4 GB/s (stackoverflow.com/questions/39260020)";
