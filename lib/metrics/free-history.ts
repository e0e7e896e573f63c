/** Free blocks by order over time, as /proc/buddyinfo shows them, and the two indices computed from them. */
import { InputError } from "../base/errors";
import { fragmentationIndex, unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { Memory } from "../mm/state/memory";

/** Free blocks by order: of one zone by name, or of the whole machine (its zones added up). */
export function freeBlocksByOrder(m: Memory, zone?: string): number[] {
  const zones = m.zones.filter((z) => zone === undefined || z.name === zone);
  if (zones.length === 0)
    throw new InputError(
      `free blocks: there is no zone ${zone}: got ${m.zones.map((z) => z.name).join(", ")}`,
    );
  return Array.from({ length: m.maxOrder + 1 }, (_, order) =>
    zones.reduce((blocks, z) => blocks + z.nrFree[order]!, 0),
  );
}

/** The fragmentation index of each order in units of 1: −1 a request would succeed, 0 lack of memory, 1 fragmentation. */
export function fragmentationIndices(freeBlocks: readonly number[]): number[] {
  return freeBlocks.map((_, order) => fragmentationIndex(freeBlocks, order) / 1000);
}

/** The unusable free space index of each order: the share of free memory, 0 to 1, in blocks too small for it. */
export function unusableIndices(freeBlocks: readonly number[]): number[] {
  return freeBlocks.map((_, order) => unusableFreeIndex(freeBlocks, order) / 1000);
}
