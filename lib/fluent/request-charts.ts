/** Charts of one request: `outcome.chart.blockers()`. They carry the plan of the machine. */
import { InputError } from "../base/errors";
import type { TimedAttempt } from "../chart/attempt-lanes";
import { attemptTimeline } from "../chart/attempt-timeline";
import { blockers } from "../chart/blockers";
import type { Figure } from "../chart/figure";
import type { Words } from "../chart/layout";
import type { Planned } from "../chart/run";
import type { ContigFailureReport } from "../mm/contiguous/contig-failure";

/** What the charts read from a request. */
export interface DrawnRequest extends Planned {
  readonly details: ContigFailureReport | null;
  timeline(): TimedAttempt;
}

export class RequestCharts {
  private readonly request: DrawnRequest;
  private readonly pageBytes: number;

  constructor(request: DrawnRequest, pageBytes: number) {
    this.request = request;
    this.pageBytes = pageBytes;
    Object.freeze(this);
  }

  /**
   * What was in the way, as an icicle chart.
   * @throws InputError if the request was granted
   */
  blockers(words: Words = {}): Figure {
    const { details: report } = this.request;
    if (report === null) throw new InputError("blockers: the request was granted: nothing was in its way");
    return blockers({ ...words, report, pageBytes: this.pageBytes, from: [this.request] });
  }

  /**
   * Where the modelled time went, range by range and step by step.
   * @throws InputError if the request was made without `{ timeline: true }`
   */
  timeline(words: Words = {}): Figure {
    return attemptTimeline({ ...words, ...this.request.timeline(), from: [this.request] });
  }
}
