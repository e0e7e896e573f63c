/** Deferral: after a failure, compaction of that order and above is skipped for a while, twice as long each time. */
import { skipsAttempt } from "../decisions/compaction";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

const COMPACT_MAX_DEFER_SHIFT = 6;

/** defer_compaction(): compaction of `order` failed. */
export function deferCompaction(zone: Zone, order: number): void {
  const c = zone.compact;
  c.considered = 0;
  c.deferShift = Math.min(c.deferShift + 1, COMPACT_MAX_DEFER_SHIFT);
  if (order < c.orderFailed) c.orderFailed = order;
}

/** compaction_deferred(): should this attempt be skipped? Counts the attempt. */
export function compactionDeferred(m: Memory, zone: Zone, order: number): boolean {
  if (m.change?.compactionDeferred === undefined) return attemptDeferred(zone, order);
  const skip = skipsAttempt(m, zone, order);
  attemptDeferred(zone, order);
  return skip;
}

function attemptDeferred(zone: Zone, order: number): boolean {
  const c = zone.compact;
  if (order < c.orderFailed) return false;
  const limit = 1 << c.deferShift;
  if (++c.considered >= limit) {
    c.considered = limit;
    return false;
  }
  return true;
}

/** compaction_defer_reset(): an allocation of `order` succeeded, or is expected to. */
export function compactionDeferReset(zone: Zone, order: number, allocSuccess: boolean): void {
  const c = zone.compact;
  if (allocSuccess) c.considered = c.deferShift = 0;
  if (order >= c.orderFailed) c.orderFailed = order + 1;
}

/** compaction_restarting(): the first attempt after the longest deferral. */
export function compactionRestarting(zone: Zone, order: number): boolean {
  const c = zone.compact;
  if (order < c.orderFailed) return false;
  return c.deferShift === COMPACT_MAX_DEFER_SHIFT && c.considered >= 1 << c.deferShift;
}
