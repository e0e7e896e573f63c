/** The page-block map of a booted machine. */
import { formatSize } from "../base/units";
import type { Figure } from "./figure";
import type { Words } from "./layout";
import { type Extent, type MemoryKind, memoryMap } from "./memory-map";
import type { Planned } from "./run";

/** The fields of a booted machine that the map needs. Bytes and physical addresses. */
export interface MappedMachine extends Planned {
  readonly board: string;
  readonly memoryBytes: number;
  readonly pageSize: number;
  readonly pageblockBytes: number;
  readonly memory: readonly { start: number; bytes: number }[];
  readonly reservations: readonly { what: string; start: number; bytes: number }[];
}

/**
 * The machine's memory in cells, with outlined page blocks, coloured by owner after boot.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * chart.pageblockMap(machine("raspberry-pi-3").pageSize("64K").cma("64MiB").boot());
 * ```
 */
export function pageblockMap(machine: MappedMachine, words: Words = {}): Figure {
  const extents: Extent[] = [
    ...machine.memory.map((r): Extent => ({ base: r.start, bytes: r.bytes, kind: "free" })),
    ...machine.reservations.map(
      (r): Extent => ({ base: r.start, bytes: r.bytes, kind: kindOf(r.what), label: r.what }),
    ),
  ];
  return memoryMap({
    title: `${machine.board}, ${formatSize(machine.memoryBytes)}, pages of ${formatSize(machine.pageSize)}`,
    ...words,
    extents,
    pageblockBytes: machine.pageblockBytes,
    from: [machine],
  });
}

function kindOf(what: string): MemoryKind {
  if (what === "CMA area") return "cma";
  if (what === "kernel image") return "kernel";
  return what === "memmap" ? "memmap" : "reserved";
}

/** @deprecated `pageblockMap`. */
export const pageBlockMap = pageblockMap;
