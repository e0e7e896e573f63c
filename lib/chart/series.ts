/** Recorded series over simulated time, one line per run or variant. */
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { METRICS } from "../plan/metric-names";
import type { Figure } from "./figure";
import type { Words } from "./layout";
import { lines } from "./lines";

/** Values over simulated time, in milliseconds. */
export interface RecordedSeries {
  name: string;
  atMs: readonly number[];
  values: readonly number[];
}

export interface SeriesOptions extends Words {
  /** The name of what was recorded, for the axis. */
  metric: string;
  series: readonly RecordedSeries[];
}

const UNITS = [
  ["days", 86_400_000],
  ["hours", 3_600_000],
  ["minutes", 60_000],
  ["seconds", 1000],
] as const;

/**
 * Series as steps: each value holds until the next one was taken. Throws InputError if a series has more times than values, or
 * fewer.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.seriesOverTime({
 *   title: "Mixed page blocks",
 *   metric: "mixedBlocks",
 *   series: [{ name: "6.1", atMs: [0, 60_000], values: [3, 5] }],
 * });
 * ```
 */
export function seriesOverTime({ metric, series, ...words }: SeriesOptions): Figure {
  const last = largestOf([0, ...series.map(({ atMs }) => largestOf(atMs))]);
  const [unit, ms] = UNITS.find(([, one]) => last >= 2 * one) ?? (["milliseconds", 1] as const);
  return lines({
    xTitle: `simulated time (${unit})`,
    yTitle: `${metric} (${METRICS[metric]?.unit ?? "count"})`,
    ...words,
    series: series.map(({ name, atMs, values }) => {
      if (atMs.length !== values.length)
        throw new InputError(
          `series over time: ${JSON.stringify(name)} must have as many values as times (${atMs.length}): got ${values.length}`,
        );
      return { name, x: atMs.map((at) => Number((at / ms).toPrecision(6))), y: [...values], step: true };
    }),
  });
}
