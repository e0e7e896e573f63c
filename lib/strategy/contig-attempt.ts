/** Turns the result of a contiguous request into an attempt of a strategy. */
import { GRANTED, refusedWith } from "../base/answer";
import { causesOf } from "../mm/contiguous/contig-failure";
import type { ContigResult } from "../mm/contiguous/contiguous";
import type { Attempt } from "./strategy";

/** Ranges and blockers kept in a note; a request may have tried hundreds. */
const RANGES_KEPT = 8;
const BLOCKERS_KEPT = 8;

/** An attempt whose memory is one range. */
export function contigAttempt(result: ContigResult): Attempt {
  if (result.ok)
    return {
      ...GRANTED,
      pieces: [{ pfn: result.pfn, pages: result.count }],
      busyRetries: result.busyRanges.length,
      dropped: result.dropped,
    };
  const report = result.details;
  const ranges = report.ranges.slice(0, RANGES_KEPT).map((r) => ({
    ...r,
    blockers: r.blockers.slice(0, BLOCKERS_KEPT),
  }));
  const miss = report.nearestMiss;
  const nearest = miss === null ? null : { ...miss, blockers: miss.blockers.slice(0, BLOCKERS_KEPT) };
  return {
    ok: false,
    errno: result.errno,
    reason: result.reason,
    details: { ...report, ranges, nearestMiss: nearest, rangesTried: report.ranges.length },
    pieces: [],
    busyRetries: result.busyRanges.length,
    dropped: result.dropped,
    get causes() {
      return causesOf(report.ranges);
    },
  };
}

/** A request that failed before any range was tried. */
export function refused(errno: number, reason: string, details: unknown = null): Attempt {
  return { ...refusedWith(errno, reason, details), pieces: [], busyRetries: 0 };
}
