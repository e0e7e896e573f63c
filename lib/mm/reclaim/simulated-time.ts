/** Simulated time: a machine's counters multiplied by a cost table. Times are modelled, never measured. */
import { type CostTable, DEFAULT_COSTS, type EventCounts, elapsedNs } from "../../hardware/costs";
import type { Memory } from "../state/memory";

/**
 * The events of compaction, migration and reclaim so far, each of which has a cost.
 * @example
 * ```ts
 * import { machine, roomMakingEvents } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * roomMakingEvents(memory).migratePage; // => 0
 * ```
 */
export function roomMakingEvents(m: Memory): EventCounts {
  const c = m.counters;
  return {
    migratePage: c.pgmigrate_success,
    migrateFailed: c.pgmigrate_fail,
    scanFrame: c.compact_migrate_scanned + c.compact_free_scanned,
    reclaimScan: c.pgscan_direct + c.pgscan_kswapd,
    reclaimDrop: c.pgsteal_direct + c.pgsteal_kswapd,
  };
}

/**
 * Modelled nanoseconds spent on making room between two readings of the counters.
 * @example
 * ```ts
 * import { compactMemory, machine, roomMakingEvents, roomMakingNs } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * const before = roomMakingEvents(memory);
 * compactMemory(memory);
 * roomMakingNs(before, roomMakingEvents(memory)) >= 0; // => true
 * ```
 */
export function roomMakingNs(
  before: EventCounts,
  after: EventCounts,
  table: CostTable = DEFAULT_COSTS,
): number {
  return elapsedNs(after, table) - elapsedNs(before, table);
}
