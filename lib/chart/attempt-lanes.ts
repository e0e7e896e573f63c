/** The timeline of a contiguous request as lanes and segments for `attemptTimeline`: one lane per range tried. */
import type { ContigTimeline, TimedRange, TimedStep } from "../mm/contiguous/contig-timeline";
import type { AttemptLane, AttemptSegment } from "./attempt-timeline";
import { number } from "./labels";

/** The data of `attemptTimeline`. */
export interface TimedAttempt {
  lanes: AttemptLane[];
  segments: AttemptSegment[];
  /** Number of ranges tried; greater than the number of lanes if some were left out. */
  rangesTried: number;
  /** Modelled. */
  totalNs: number;
}

/**
 * Modelled nanoseconds. Steps that have no modelled cost (isolating, draining, testing) are left out: no bar would
 * show them.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").cma("64MiB").running();
 * const asked = m.cmaAlloc("8MiB", { timeline: true });
 * const attempt = chart.timedAttempt(asked.timeline({ json: true }));
 * attempt.lanes.length; // => 1
 * ```
 */
export function timedAttempt({ ranges, rangesTried, totalNs }: ContigTimeline): TimedAttempt {
  const lanes = ranges.map(
    (range): AttemptLane => ({
      index: range.index,
      name: `${range.startPfn}–${range.endPfn - 1}${range.errno === 0 ? "" : ` ✗ ${stoppedAt(range)}`}`,
      ok: range.errno === 0,
    }),
  );
  const segments = ranges.flatMap((range, lane) => {
    let at = range.startNs;
    const timed = range.steps.filter((step) => step.ns > 0);
    return timed.map((step): AttemptSegment => {
      const startNs = at;
      at += step.ns;
      return { lane, step: step.step, startNs, endNs: at, note: noteOf(step) };
    });
  });
  return { lanes, segments, rangesTried, totalNs };
}

/** The step at which a range was given up. */
function stoppedAt({ errno, steps }: TimedRange): string {
  if (errno === -12) return "no target";
  return steps.some((s) => s.step === "test") ? "test" : "isolate";
}

function noteOf({ step, pages, lists, calls, failedTries }: TimedStep): string {
  const n = number(pages);
  switch (step) {
    case "reclaim":
      return `${n} pages reclaimed`;
    case "compact":
      return `${n} pages looked at, to find room for what moves`;
    case "migrate":
      return `${n} pages moved, ${number(failedTries ?? 0)} tries failed; ${number(lists ?? 0)} lists in ${number(calls ?? 0)} calls`;
    case "take":
      return `${n} pages taken`;
    default:
      return `${n} pages`;
  }
}
