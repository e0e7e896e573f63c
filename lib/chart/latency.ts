/** Distributions of latency by strategy: cumulative shares, or boxes from quantiles, on a logarithmic axis. */
import { InputError } from "../base/errors";
import { leastOf } from "../base/extremes";
import type { BoxTrace, Figure, ScatterTrace } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { faded, SERIES } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

/** Latencies of one strategy in nanoseconds, in any order. */
export interface LatencySamples {
  name: string;
  samplesNs: readonly number[];
}

/** @deprecated Samples in microseconds: `LatencySamples` has nanoseconds, as results do. */
export interface MicrosecondSamples {
  name: string;
  samplesUs: readonly number[];
}

export interface LatencyEcdfOptions extends Words {
  series: readonly (LatencySamples | MicrosecondSamples)[];
}

/** Of one strategy, nanoseconds. */
export interface LatencyQuantiles {
  name: string;
  p1Ns: number;
  p25Ns: number;
  p50Ns: number;
  p75Ns: number;
  p99Ns: number;
  samples: number;
}

/** @deprecated Quantiles in microseconds: `LatencyQuantiles` has nanoseconds, as results do. */
export interface MicrosecondQuantiles {
  name: string;
  p1Us: number;
  p25Us: number;
  p50Us: number;
  p75Us: number;
  p99Us: number;
  samples: number;
}

export interface LatencyBoxOptions extends Words {
  rows: readonly (LatencyQuantiles | MicrosecondQuantiles)[];
}

/**
 * The most samples drawn; more are drawn at evenly spaced ranks, always with the first, the last and the 99.9th
 * percentile.
 */
const RANKS_MAX = 300;
const SERIES_MAX = 16;
const ROWS_MAX = 60;
const DASHES = ["solid", "dash", "dot"] as const;

/**
 * The share of requests served within a time. A logarithmic axis has no zero, so zeros are drawn at the decade below
 * the smallest other value. Throws InputError for a strategy without samples or with negative ones.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.latencyEcdf({
 *   title: "Time to the answer",
 *   series: [{ name: "cma", samplesUs: [120, 340, 95] }],
 * });
 * ```
 */
export function latencyEcdf(options: LatencyEcdfOptions): Figure {
  const kept = options.series.slice(0, SERIES_MAX).map(samplesDrawn);
  const sorted = kept.map((one) => {
    if (one.samplesUs.length === 0 || one.samplesUs.some((us) => !(us >= 0)))
      throw new InputError(
        `latency: ${JSON.stringify(one.name)} must have samples of 0 µs or more: got ${one.samplesUs.length === 0 ? "none" : one.samplesUs.find((us) => !(us >= 0))}`,
      );
    return Float64Array.from(one.samplesUs).sort();
  });
  const positive = sorted.map((s) => s.find((us) => us > 0)).filter((us) => us !== undefined);
  const floor = positive.length === 0 ? 1 : 10 ** (Math.ceil(Math.log10(leastOf(positive))) - 1);
  const data = sorted.map((samples, at): ScatterTrace => {
    const color = SERIES[at % SERIES.length]!;
    const ranks = ranksOf(samples.length);
    const x = ranks.map((rank) => Math.max(floor, samples[rank]!));
    return {
      type: "scatter",
      mode: "lines",
      name: `${label(kept[at]!.name)}, n = ${number(samples.length)}`,
      x: [x[0]!, ...x],
      y: [0, ...ranks.map((rank) => ((rank + 1) / samples.length) * 100)],
      line: { color, width: 2, shape: "hv", dash: DASHES[at % DASHES.length]! },
      hoverinfo: "x+y+name",
    };
  });
  const left =
    options.series.length > kept.length ? `the first ${kept.length} of ${options.series.length}` : undefined;
  const words = {
    xTitle: "modelled latency (µs)",
    yTitle: "requests served within it (%)",
    ...options,
    ...withNote(options.subtitle, left),
  };
  const head = headRoom(
    words,
    data.map((trace) => trace.name ?? ""),
  );
  const figure: Figure = {
    data,
    layout: layoutOf(words, 340 + head, {
      showlegend: true,
      margin: { l: 80, r: 20, t: head, b: 60 },
      xaxis: logAxis(sorted.flatMap((s) => [Math.max(floor, s[0]!), Math.max(floor, s.at(-1)!)])),
      yaxis: { range: [0, 102] },
    }),
  };
  return withRuns(figure, options.from);
}

/**
 * Boxes from the 25th to the 75th percentile with the median, whiskers from the 1st to the 99th.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.latencyBoxes({
 *   title: "Time to the answer",
 *   rows: [{ name: "cma", p1Us: 1, p25Us: 2, p50Us: 3, p75Us: 4, p99Us: 9, samples: 20 }],
 * });
 * ```
 */
export function latencyBoxes(options: LatencyBoxOptions): Figure {
  const rows = options.rows.slice(0, ROWS_MAX).map(quantilesDrawn);
  for (const row of rows)
    if (
      !(
        row.p1Us > 0 &&
        row.p1Us <= row.p25Us &&
        row.p25Us <= row.p50Us &&
        row.p50Us <= row.p75Us &&
        row.p75Us <= row.p99Us
      )
    )
      throw new InputError(
        `latency: quantiles of ${JSON.stringify(row.name)} must be above 0 and ascend: got ${row.p1Us}, ${row.p25Us}, ${row.p50Us}, ${row.p75Us}, ${row.p99Us}`,
      );
  const names = distinctLabels(
    rows.map((row) => row.name),
    48,
  );
  const data = rows.map((row, at): BoxTrace => {
    const color = SERIES[at % SERIES.length]!;
    return {
      type: "box",
      name: names[at]!,
      orientation: "h",
      y: [names[at]!],
      lowerfence: [row.p1Us],
      q1: [row.p25Us],
      median: [row.p50Us],
      q3: [row.p75Us],
      upperfence: [row.p99Us],
      fillcolor: faded(color, 0.35),
      line: { color, width: 2 },
      hoverinfo: "x",
      showlegend: false,
    };
  });
  const left =
    options.rows.length > rows.length ? `the first ${rows.length} of ${options.rows.length}` : undefined;
  const samples = rows.map((row) => row.samples);
  const many = samples.length === 0 ? 0 : leastOf(samples);
  const figure: Figure = {
    data,
    layout: layoutOf(
      {
        xTitle: "modelled latency (µs)",
        ...options,
        ...withNote(
          options.subtitle ?? `box: 25 to 75 %, whiskers: 1 to 99 %; at least ${number(many)} samples a row`,
          left,
        ),
      },
      170 + rows.length * 40,
      {
        showlegend: false,
        margin: { l: 110, r: 20, t: 90, b: 60 },
        xaxis: logAxis(rows.flatMap((row) => [row.p1Us, row.p99Us])),
        yaxis: { type: "category", autorange: "reversed", showgrid: false },
      },
    ),
  };
  return withRuns(figure, options.from);
}

/** The axis is in microseconds. */
function samplesDrawn(one: LatencySamples | MicrosecondSamples): MicrosecondSamples {
  if ("samplesUs" in one) return one;
  return { name: one.name, samplesUs: one.samplesNs.map((ns) => ns / 1000) };
}

function quantilesDrawn(row: LatencyQuantiles | MicrosecondQuantiles): MicrosecondQuantiles {
  if ("p1Us" in row) return row;
  const { name, samples } = row;
  const [p1Us, p25Us, p50Us] = [row.p1Ns / 1000, row.p25Ns / 1000, row.p50Ns / 1000];
  return { name, p1Us, p25Us, p50Us, p75Us: row.p75Ns / 1000, p99Us: row.p99Ns / 1000, samples };
}

function ranksOf(n: number): number[] {
  if (n <= RANKS_MAX) return Array.from({ length: n }, (_, rank) => rank);
  const ranks = Array.from({ length: RANKS_MAX }, (_, i) => Math.round((i * (n - 1)) / (RANKS_MAX - 1)));
  return [...new Set([...ranks, Math.ceil(n * 0.999) - 1])].sort((a, b) => a - b);
}
