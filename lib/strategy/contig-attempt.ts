/** Turns the result of a contiguous request into an attempt of a strategy. */
import { nearestMiss } from "../mm/contiguous/contig-failure";
import type { ContigResult } from "../mm/contiguous/contiguous";
import type { Attempt } from "./strategy";

/** Ranges and blockers kept in a note; a request may have tried hundreds. */
const RANGES_KEPT = 8;
const BLOCKERS_KEPT = 8;

/** An attempt whose memory is one range. */
export function contigAttempt(result: ContigResult): Attempt {
  if (result.ok)
    return {
      granted: true,
      errno: 0,
      pieces: [{ pfn: result.pfn, pages: result.count }],
      busyRetries: result.busyRanges.length,
      dropped: result.dropped,
      why: null,
    };
  const report = result.explain({ json: true });
  const ranges = report.ranges.slice(0, RANGES_KEPT).map((r) => ({
    ...r,
    blockers: r.blockers.slice(0, BLOCKERS_KEPT),
  }));
  const miss = nearestMiss(report.ranges);
  const nearest = miss === null ? null : { ...miss, blockers: miss.blockers.slice(0, BLOCKERS_KEPT) };
  return {
    granted: false,
    errno: result.errno,
    pieces: [],
    busyRetries: result.busyRanges.length,
    dropped: result.dropped,
    why: {
      text: result.explain(),
      data: { ...report, ranges, nearestMiss: nearest, rangesTried: report.ranges.length },
    },
  };
}

/** A request that failed before any range was tried. */
export function refused(errno: number, text: string, data: unknown = null): Attempt {
  return { granted: false, errno, pieces: [], busyRetries: 0, why: { text, data } };
}
