/**
 * A board: what decides where early boot finds free memory. Data only; machine/boot.ts turns it into zones and a CMA
 * reservation. Every figure has its source in the board's file; docs/boards.md shows them as a table.
 */
import type { Architecture } from "./page-geometry";

/** RAM the board decodes: [start, end), filled in order until the memory asked for is placed. */
export interface RamWindow {
  start: number;
  end: number;
}

/** A range of RAM taken at a fixed place before the kernel looks for free memory. */
export interface FixedReservation {
  what: string;
  start: number;
  bytes: number;
}

/** The build of the kernel that the board boots, as far as early boot can tell. Bytes. */
export interface KernelBuild {
  /** Where the kernel image starts. */
  imageStart: number;
  /** Bytes of the image, bss included, by base page size; `nohuge` where a build without huge pages was measured. */
  imageBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes of the image given back after boot (init sections), by base page size. */
  initBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes taken from the top of memory before the memmap (page tables of the image, unflattened device tree…). */
  earlyBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** Bytes taken after the CMA reservation (per-CPU areas…). */
  lateBytes: Readonly<Record<number, { huge: number; nohuge: number }>>;
  /** CONFIG_CMA: without it there is no area, and one migratetype fewer. */
  cma: boolean;
  /** CONFIG_CMA_SIZE_MBYTES in bytes: the area without a request. */
  cmaBytes: number;
}

/** `linux,cma` in the board's device tree: bytes wanted and the range it may lie in. */
export interface BoardDeviceTreeCma {
  bytes: number;
  start: number;
  end: number;
}

export interface Board {
  name: string;
  title: string;
  architecture: Architecture;
  /** Base page sizes in bytes the board's processor offers; the first is the default. */
  pageSizes: readonly number[];
  /** Page sizes of the architecture that this board is without, and why: words that end before the size. */
  withoutPages?: Readonly<Record<number, string>>;
  /** Memory fitted, in bytes. */
  memory: { default: number; smallest: number; largest: number };
  cpus: number;
  /** NUMA nodes: memory and CPUs are shared out in equal parts, memory from the lowest address up. Default: one. */
  nodes?: { default: number; choices: readonly number[] };
  windows: readonly RamWindow[];
  /** Parts of the windows that no RAM answers (peripherals); the RAM behind them is lost. */
  holes?: readonly RamWindow[];
  /** Memory the firmware keeps and never shows to Linux, at the top of the RAM below `below`. */
  firmwareTop?: { bytes: number; below: number };
  /** Address bits every device can reach: the end of ZONE_DMA on arm64 since 5.10. */
  dmaBits: number;
  /** Initial RAM disk; given back after boot. */
  initrd?: FixedReservation;
  /** Device tree, ACPI tables, firmware: reserved for good. */
  reservations: readonly FixedReservation[];
  build: KernelBuild;
  deviceTreeCma?: BoardDeviceTreeCma;
  /** Where the figures come from, one line each. */
  sources: readonly string[];
}

/** A board whose name the compiler knows, for completion in a cell. */
export function described<const N extends string>(board: Board & { name: N }): Board & { name: N } {
  return board;
}
