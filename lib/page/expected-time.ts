/**
 * How long the results of a page are likely to take on this computer: what their plans weigh, at the pace that the results so far were
 * computed at. A page says it before a reader waits, and who does not want to may leave out the longest.
 */

/** Seconds here for a second of weight, before anything was computed: a worker of a browser beside the core that was measured. */
const FIRST_PACE = 2;
/** Seconds of weight that the first pace stands for; more than that, and what was measured counts for more. */
const FIRST_SECONDS = 0.5;
/** A result whose plan weighs nothing. */
const LEAST_SECONDS = 0.005;

export class ExpectedTime {
  private readonly seconds: readonly number[];
  private readonly workers: number;
  private weighed: number;
  private tookMs: number;

  /** `seconds`: what the plan of each result weighs, in seconds of one core. */
  constructor(seconds: readonly number[], workers: number) {
    this.seconds = seconds.map((one) => Math.max(LEAST_SECONDS, one));
    this.workers = workers;
    this.weighed = FIRST_SECONDS;
    this.tookMs = 1000 * FIRST_SECONDS * FIRST_PACE;
  }

  /** A result was computed in so many milliseconds. */
  took(index: number, ms: number): void {
    this.weighed += this.seconds[index]!;
    this.tookMs += ms;
  }

  msOf(index: number): number {
    return (this.seconds[index]! * this.tookMs) / this.weighed;
  }

  /** Milliseconds until the results with these indices are computed. */
  leftMs(indices: readonly number[]): number {
    const each = indices.map((index) => this.msOf(index));
    const all = each.reduce((sum, ms) => sum + ms, 0);
    return each.reduce((most, ms) => Math.max(most, ms), all / this.workers);
  }

  /** The indices of all results, the shortest first: whoever stops has the most of them, and the pace is known early. */
  shortestFirst(): number[] {
    return this.seconds.map((_, index) => index).sort((a, b) => this.seconds[a]! - this.seconds[b]!);
  }
}
