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
