/**
 * Searches on the map of physical memory that a text lists: the largest CMA area that early boot could reserve, by the
 * engine's memblock and its cma_declare_contiguous().
 */
import { roundUp } from "../base/alignment";
import { GiB, MiB } from "../base/units";
import type { KernelRelease } from "../hardware/kernel-release";
import { cmaDeclareContiguous, cmaMinAlignmentBytes } from "../mm/boot/cma";
import { Memblock } from "../mm/boot/memblock";
import type { BootReading, Reading } from "./reading";
import { pageBytesOf } from "./request";

/** A map and how the kernel places areas on it. */
export interface AreaMap {
  boot: BootReading;
  pageBytes: number;
  release: KernelRelease;
  /** Bytes to which an area is aligned: one page block, before 5.19 the largest buddy if that is larger. */
  alignment: number;
  /** End of the memory that every device can reach; 0: no limit. */
  limit: number;
  limitFrom: string;
  /** What largestArea() found, once it was asked. */
  largest?: FoundArea | null;
}

/** An area that fits. */
export interface FoundArea {
  bytes: number;
  base: number;
}

/** Page blocks and largest buddies by page size, as mainline's default configurations have them. */
const ORDERS: Readonly<Record<number, { pageblock: number; buddy: number }>> = {
  4096: { pageblock: 9, buddy: 10 },
  16384: { pageblock: 11, buddy: 11 },
  65536: { pageblock: 13, buddy: 13 },
};

/** The map of a reading; null if it lists no memory. */
export function areaMapOf(reading: Reading, release: KernelRelease): AreaMap | null {
  const { boot } = reading;
  if (boot.ram.length === 0) return null;
  const pageBytes = pageBytesOf(reading);
  const orders = ORDERS[pageBytes] ?? ORDERS[4096]!;
  const pageblock = reading.pageblockOrder ?? orders.pageblock;
  return {
    boot,
    pageBytes,
    release,
    alignment: cmaMinAlignmentBytes(release, pageBytes, pageblock, Math.max(orders.buddy, pageblock)),
    ...limitOf(boot, reading.arch),
  };
}

/** What a 32-bit kernel maps directly in its default split of addresses, in MiB. */
const MAPPED_MIB: Readonly<Record<string, number>> = { arm: 760, i386: 896, mips: 512, ppc: 768 };

/** arch/*: the limit of dma_contiguous_reserve(). */
function limitOf(boot: BootReading, arch: string | null): { limit: number; limitFrom: string } {
  const end = (name: string) => boot.zoneRanges.find((zone) => zone.name === name && zone.to > zone.from)?.to;
  if (arch === "x86_64" || boot.ramFrom === "e820") return { limit: 0, limitFrom: "all memory" };
  const high = boot.zoneRanges.find((zone) => zone.name === "HighMem" && zone.to > zone.from);
  if (high !== undefined) return { limit: high.from, limitFrom: "low memory" };
  const mapped = arch === null ? undefined : MAPPED_MIB[arch];
  if (mapped !== undefined) return { limit: boot.ram[0]![0] + mapped * MiB, limitFrom: "low memory" };
  const dma = end("DMA") ?? end("DMA32");
  if (dma !== undefined) return { limit: dma, limitFrom: "the zone for devices" };
  return { limit: 4 * GiB, limitFrom: "the first 4 GiB" };
}

/** Early memory without the areas for CMA themselves. */
function memblockOf(map: AreaMap): Memblock {
  const memblock = new Memblock(map.pageBytes);
  for (const [from, to] of map.boot.ram) memblock.add(from, to);
  for (const { name, base, bytes, flags } of map.boot.reserved) {
    const area = flags.includes("reusable") || /\bcma\b/i.test(name ?? "");
    if (!area) memblock.reserve(name ?? "reserved", base, bytes);
  }
  return memblock;
}

/** Where an area of this size comes to lie, or null if there is no room. */
export function placeArea(map: AreaMap, bytes: number): FoundArea | null {
  const request = { bytes, base: 0, limit: map.limit, fixed: false };
  const outcome = cmaDeclareContiguous(memblockOf(map), map.release, map.alignment, request);
  return outcome.ok ? { bytes: outcome.bytes, base: outcome.base } : null;
}

/** Huge pages of this size that free memory of the map holds before the buddy allocator starts: aligned, in one piece. */
export function pagesAtBoot(map: AreaMap, bytes: number): number {
  return memblockOf(map)
    .freeRanges()
    .reduce((n, { start, end }) => {
      const first = roundUp(Math.max(start, map.pageBytes), bytes);
      return n + Math.max(0, Math.floor((end - first) / bytes));
    }, 0);
}

/** The largest area, a multiple of the alignment, that early boot can reserve on this map; null if none fits. */
export function largestArea(map: AreaMap): FoundArea | null {
  if (map.largest === undefined) map.largest = searchLargest(map);
  return map.largest;
}

function searchLargest(map: AreaMap): FoundArea | null {
  const memory = map.boot.ram.reduce((n, [from, to]) => n + to - from, 0);
  let fits = 0;
  let fails = Math.floor(memory / map.alignment) + 1;
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (placeArea(map, middle * map.alignment) === null) fails = middle;
    else fits = middle;
  }
  return fits === 0 ? null : placeArea(map, fits * map.alignment);
}
