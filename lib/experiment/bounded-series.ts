/**
 * A series over time in bounded memory. Time is cut into bins of equal width, and each bin keeps the values of the first
 * moment in it. When a moment lies beyond the last bin, neighbouring bins are merged two by two, and the width doubles.
 */

/** Values over simulated time; plain JSON. */
export interface SeriesColumns {
  /** Width of a bin in simulated milliseconds. */
  widthMs: number;
  /** Number of each bin that has a moment, ascending: bin b covers the time from b × widthMs on. */
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

  /** At most `points` bins, of `widthMs` at first. */
  constructor(
    private readonly names: readonly string[],
    private readonly points: number,
    widthMs: number,
  ) {
    this.widthMs = widthMs;
    this.moments = [];
  }

  /** Whether the bin of this time is still without a moment; times never fall. */
  wants(atMs: number): boolean {
    const last = this.moments.at(-1);
    return last === undefined || Math.floor(atMs / this.widthMs) > last.bin;
  }

  /** The values at a time, in the order of the names; ignored if its bin has some. */
  add(atMs: number, values: readonly number[]): void {
    if (!this.wants(atMs)) return;
    while (Math.floor(atMs / this.widthMs) >= this.points) this.merge();
    if (this.wants(atMs)) this.moments.push({ bin: Math.floor(atMs / this.widthMs), atMs, values });
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
    const { moments, widthMs, names } = this;
    return {
      widthMs,
      bin: moments.map(({ bin }) => bin),
      atMs: moments.map(({ atMs }) => atMs),
      values: Object.fromEntries(names.map((name, i) => [name, moments.map(({ values }) => values[i]!)])),
    };
  }
}
