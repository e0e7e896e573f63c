/** Recorded series of several runs as one: their mean in each bin of time. */
import { unknownName } from "../base/errors";
import type { SeriesColumns } from "../experiment/bounded-series";

/** One column over simulated time. */
export interface TimeSeries {
  atMs: number[];
  values: number[];
}

/**
 * The mean of `metric` over the runs, bin by bin. Runs of one plan have equal bins unless one of them lasted longer than
 * planned: then all are read in the widest. A bin counts the runs that have a value in it. The values at the end of the runs
 * follow as a point of their own if they share a bin with earlier ones. Throws InputError for a metric
 * that no run recorded, listing those that are there.
 */
export function meanSeries(runs: readonly SeriesColumns[], metric: string): TimeSeries {
  const known = [...new Set(runs.flatMap(({ values }) => Object.keys(values)))];
  if (runs.length > 0 && !known.includes(metric)) throw unknownName("series: metric", metric, known);
  const widthMs = runs.reduce((most, run) => Math.max(most, run.widthMs), 0);
  const fromMs = runs[0]?.fromMs ?? 0;
  const bins = new Map<number, { sum: number; runs: number }>();
  for (const run of runs) {
    const seen = new Set<number>();
    run.atMs.forEach((ms, i) => {
      const bin = Math.floor((ms - (run.fromMs ?? 0)) / widthMs);
      const value = run.values[metric]?.[i];
      if (value === undefined || seen.has(bin)) return;
      seen.add(bin);
      const { sum, runs: n } = bins.get(bin) ?? { sum: 0, runs: 0 };
      bins.set(bin, { sum: sum + value, runs: n + 1 });
    });
  }
  const ordered = [...bins].sort(([a], [b]) => a - b);
  const end = endOf(runs, metric);
  const hidden = end !== null && end.atMs > fromMs + (ordered.at(-1)?.[0] ?? 0) * widthMs;
  return {
    atMs: [...ordered.map(([bin]) => fromMs + bin * widthMs), ...(hidden ? [end.atMs] : [])],
    values: [...ordered.map(([, { sum, runs: n }]) => sum / n), ...(hidden ? [end.value] : [])],
  };
}

/** Mean time and mean value of the last moments; null if no run has one, or if each is the only one of its bin. */
function endOf(runs: readonly SeriesColumns[], metric: string): { atMs: number; value: number } | null {
  const ends = runs.flatMap(({ bin, atMs, values }) => {
    const value = values[metric]?.at(-1);
    return value === undefined ? [] : [{ atMs: atMs.at(-1)!, value, shared: bin.at(-1) === bin.at(-2) }];
  });
  if (!ends.some(({ shared }) => shared)) return null;
  const mean = (of: "atMs" | "value") => ends.reduce((sum, end) => sum + end[of], 0) / ends.length;
  return { atMs: mean("atMs"), value: mean("value") };
}
