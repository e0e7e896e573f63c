/**
 * A series over time in bounded memory. Time is cut into bins of equal width, and each bin keeps the values of the first
 * moment in it. When a moment lies beyond the last bin, neighbouring bins are merged two by two, and the width doubles. The values at
 * the end are kept in any case.
 */

/** Values over simulated time; plain JSON. */
export interface SeriesColumns {
  /** Width of a bin in simulated milliseconds. */
  widthMs: number;
  /** Where the first bin begins; absent: at boot. */
  fromMs?: number;
  /**
   * Number of the bin of each moment, never falling: bin b covers the time from fromMs + b × widthMs on. The end is a moment of its
   * own, so the last bin may have two.
   */
  bin: number[];
  /** When the values were taken. */
  atMs: number[];
  /** By name, one value for each bin. */
  values: Record<string, number[]>;
}

interface Moment {
  bin: number;
  atMs: number;
  values: readonly number[];
}

export class BoundedSeries {
  private widthMs: number;
  private moments: Moment[];
  private last: Moment | null;

  /** At most `points` bins, of `widthMs` at first, of the time from `fromMs` on. */
  constructor(
    private readonly names: readonly string[],
    private readonly points: number,
    widthMs: number,
    private readonly fromMs = 0,
  ) {
    this.widthMs = widthMs;
    this.moments = [];
    this.last = null;
  }

  /** Whether the bin of this time is still without a moment; times never fall. */
  wants(atMs: number): boolean {
    const last = this.moments.at(-1);
    return last === undefined || this.binOf(atMs) > last.bin;
  }

  /** The values at a time, in the order of the names; ignored if its bin has some. */
  add(atMs: number, values: readonly number[]): void {
    if (!this.wants(atMs)) return;
    while (this.binOf(atMs) >= this.points) this.merge();
    if (this.wants(atMs)) this.moments.push({ bin: this.binOf(atMs), atMs, values });
  }

  /** The values at the end, beside those of the bins. */
  end(atMs: number, values: readonly number[]): void {
    while (this.binOf(atMs) >= this.points) this.merge();
    this.last = { bin: this.binOf(atMs), atMs, values };
  }

  private binOf(atMs: number): number {
    return Math.floor((atMs - this.fromMs) / this.widthMs);
  }

  private merge(): void {
    this.widthMs *= 2;
    const merged: Moment[] = [];
    for (const moment of this.moments) {
      const bin = moment.bin >> 1;
      if (merged.at(-1)?.bin !== bin) merged.push({ ...moment, bin });
    }
    this.moments = merged;
  }

  columns(): SeriesColumns {
    const { widthMs, names, fromMs } = this;
    const moments = this.last === null ? this.moments : [...this.moments, this.last];
    return {
      widthMs,
      ...(fromMs > 0 && { fromMs }),
      bin: moments.map(({ bin }) => bin),
      atMs: moments.map(({ atMs }) => atMs),
      values: Object.fromEntries(names.map((name, i) => [name, moments.map(({ values }) => values[i]!)])),
    };
  }
}
