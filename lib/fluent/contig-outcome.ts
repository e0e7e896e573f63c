/** The outcome of a request to a running machine: show, explain or draw it. */
import type { Answer } from "../base/answer";
import { InputError } from "../base/errors";
import { type TimedAttempt, timedAttempt } from "../chart/attempt-lanes";
import { runOf } from "../chart/run";
import type { StepPlan, StepResult, StepsOutcome } from "../experiment/steps";
import type { Cause, ContigFailureReport, FailedRange } from "../mm/contiguous/contig-failure";
import type { ContigTimeline } from "../mm/contiguous/contig-timeline";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { requestBundle } from "../notebook/running-bundle";
import type { RefusedField } from "../strategy/request-check";
import { RequestCharts } from "./request-charts";

/** Why a request failed, as data. */
export interface ContigDetails extends ContigFailureReport {
  /** The range with the fewest pages in the way; null if none was tried. */
  nearestMiss: FailedRange | null;
  causes: readonly Cause[];
  /** The field that asks for more than the machine has; only if the request was refused before any range was tried. */
  refused?: RefusedField;
}

/** Gives every refusal one form: a request that was refused before any range was tried has no ranges. */
function detailsOf({ ok, errno, reason, details }: StepResult): ContigDetails | null {
  if (ok || reason === null) return null;
  const empty = { request: "request for contiguous memory", errno, ranges: [], reason, nearestMiss: null };
  return { ...empty, causes: [], ...(details as Partial<ContigDetails> | null) };
}

/**
 * The outcome of one request for contiguous memory.
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").cma("64MiB").running();
 * const asked = m.cmaAlloc("128MiB"); // more than the area has
 * asked.ok; // => false
 * typeof asked.reason; // => "string"
 * ```
 */
export class ContigOutcome implements Answer {
  /** True if the request was granted. */
  readonly ok: boolean;
  /** 0, or the kernel's negative error: −12 ENOMEM, −16 EBUSY. */
  readonly errno: number;
  /**
   * Why it failed: the pages in the way, their owners, what would have freed them, the nearest miss. Null if granted.
   */
  readonly reason: string | null;
  /** The same as data, for `chart.blockers`; null if the request was granted or no range was tried. */
  readonly details: ContigDetails | null;
  /** First page frame, or −1. */
  readonly pfn: number;
  /** Pages granted; 0 if it failed. */
  readonly pages: number;
  /** Modelled latency in nanoseconds. */
  readonly latencyNs: number;
  /** Index of the step, for release(). */
  readonly step: number;
  private readonly pageBytes: number;
  private readonly timed: StepResult["timeline"];
  private readonly planned: () => { plan: StepPlan; result: StepsOutcome };

  constructor(
    result: StepResult,
    step: number,
    pageBytes: number,
    planned: () => { plan: StepPlan; result: StepsOutcome },
  ) {
    this.ok = result.ok;
    this.errno = result.errno;
    this.reason = result.reason;
    this.details = detailsOf(result);
    this.pfn = result.pfn;
    this.pages = result.count;
    this.latencyNs = result.latencyNs;
    this.step = step;
    this.pageBytes = pageBytes;
    this.timed = result.timeline;
    this.planned = planned;
  }

  /** What was in the way in all tried ranges, the most pages first; empty if it was granted or none was tried. */
  get causes(): readonly Cause[] {
    return this.details?.causes ?? [];
  }

  /** Charts of this request: `outcome.chart.blockers()`. They carry the plan. */
  get chart(): RequestCharts {
    return new RequestCharts(this, this.pageBytes);
  }

  /** The steps so far, which a chart of this request cites. */
  get plan(): StepPlan {
    return this.planned().plan;
  }

  /** The results of the steps. */
  toJSON(): StepsOutcome {
    return this.planned().result;
  }

  /**
   * @deprecated `reason` has the words and `details` the data.
   */
  explain(): string;
  explain(options: { json: true }): ContigDetails | null;
  explain(options?: { json: true }): string | ContigDetails | null {
    if (options?.json) return this.details;
    return this.reason ?? `granted: ${this.pages} pages from frame ${this.pfn} on`;
  }

  /** @deprecated `latencyNs`. */
  get latencyUs(): number {
    return this.latencyNs / 1000;
  }

  /**
   * Where the modelled time of the request went, range by range and step by step, for `chart.attemptTimeline`:
   * `chart.attemptTimeline({ title: "…", ...outcome.timeline(), from: [m] })`. With `{ json: true }`, the timeline as
   * the kernel model recorded it.
   * @throws InputError if the request was made without `{ timeline: true }`
   */
  timeline(): TimedAttempt;
  timeline(options: { json: true }): ContigTimeline;
  timeline(options?: { json: true }): TimedAttempt | ContigTimeline {
    if (this.timed === undefined)
      throw new InputError(
        "timeline: was not recorded: ask for it with the request, { timeline: true } (cma_alloc and alloc_contig_pages)",
      );
    return options?.json ? this.timed : timedAttempt(this.timed);
  }

  [DISPLAY](): MimeBundle {
    const { plan, result } = this.planned();
    return requestBundle(this, plan.steps[this.step], runOf(plan, result));
  }
}
