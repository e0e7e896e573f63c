/** Free blocks by order over time, as in /proc/buddyinfo, and the two indices computed from them. */
import { InputError } from "../base/errors";
import { fragmentationIndex, unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { Memory } from "../mm/state/memory";

/**
 * Free blocks by order: of one zone by name, or of the whole machine (the sum of its zones).
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * metrics.freeBlocksByOrder(memory).length === memory.maxOrder + 1; // => true
 * ```
 */
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

/**
 * The fragmentation index of each order in units of 1: −1: a request would succeed, 0: lack of memory, 1:
 * fragmentation.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * // One free block of order 1: requests of order 0 and 1 succeed.
 * metrics.fragmentationIndices([0, 1]); // => [-1, -1]
 * ```
 */
export function fragmentationIndices(freeBlocks: readonly number[]): number[] {
  return freeBlocks.map((_, order) => fragmentationIndex(freeBlocks, order) / 1000);
}

/**
 * The unusable free space index of each order: the share of free memory, 0 to 1, in blocks too small for it.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * // Two single pages and a block of two: a request of order 1 cannot use half of the free memory.
 * metrics.unusableIndices([2, 1]); // => [0, 0.5]
 * ```
 */
export function unusableIndices(freeBlocks: readonly number[]): number[] {
  return freeBlocks.map((_, order) => unusableFreeIndex(freeBlocks, order) / 1000);
}
