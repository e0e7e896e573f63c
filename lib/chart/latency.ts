/** Distributions of latency by strategy: cumulative shares, or boxes from quantiles, on a logarithmic axis in milliseconds. */

import { InputError } from "../base/errors";
import { leastOf } from "../base/extremes";
import type { Figure, ScatterTrace } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { type LatencyRow, rowsFigure } from "./latency-rows";
import { headRoom, layoutOf, legendNames, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { DASHES, SERIES } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";
import { knownWay } from "./ways";

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
/** The most steps in one plot: more would hide each other, so that each strategy gets a row. */
const STEPS_MAX = 4;
const AXIS = "modelled latency (ms)";

/**
 * The share of requests served within a time, as steps; with more than four strategies as a row each, from the fastest to the slowest
 * answer. A logarithmic axis has no zero, so zeros are drawn at the decade below the smallest other value. Steps that coincide are drawn
 * once, under the names of all. Throws InputError for a strategy without samples or with negative ones.
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
    return Float64Array.from(one.samplesUs, (us) => us / 1000).sort();
  });
  const positive = sorted.map((s) => s.find((ms) => ms > 0)).filter((ms) => ms !== undefined);
  const floor = positive.length === 0 ? 1e-3 : 10 ** (Math.ceil(Math.log10(leastOf(positive))) - 1);
  const left =
    options.series.length > kept.length ? `the first ${kept.length} of ${options.series.length}` : undefined;
  const drawn = merged(kept.map(({ name }, at) => ({ name, samples: sorted[at]!, floor })));
  if (drawn.length > STEPS_MAX)
    return rowsOfSamples(
      options,
      left,
      kept.map(({ name }, at) => ({ name, samples: sorted[at]!, floor })),
    );
  const data = drawn.map(stepsOf);
  const words = {
    xTitle: AXIS,
    yTitle: "requests served within it (%)",
    ...options,
    ...withNote(options.subtitle, left),
  };
  const head = headRoom(words, legendNames(data));
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

/** Ascending milliseconds; zeros are drawn at `floor`. */
interface Sorted {
  name: string;
  samples: Float64Array;
  floor: number;
}

/** Equal distributions under one name. */
function merged(all: readonly Sorted[]): Sorted[] {
  const found = new Map<string, Sorted>();
  for (const one of all) {
    const key = one.samples.join(" ");
    const same = found.get(key);
    found.set(key, same === undefined ? one : { ...same, name: `${same.name} · ${one.name}` });
  }
  return [...found.values()];
}

function stepsOf({ name, samples, floor }: Sorted, at: number): ScatterTrace {
  const ranks = ranksOf(samples.length);
  const x = ranks.map((rank) => Math.max(floor, samples[rank]!));
  return {
    type: "scatter",
    mode: "lines",
    name: `${label(name)}, n = ${number(samples.length)}${name.includes(" · ") ? " each" : ""}`,
    x: [x[0]!, ...x],
    y: [0, ...ranks.map((rank) => ((rank + 1) / samples.length) * 100)],
    line: {
      color: knownWay(name.split(" · ")[0]!)?.color ?? SERIES[at % SERIES.length]!,
      width: 2,
      shape: "hv",
      dash: DASHES[at % DASHES.length]!,
    },
    hoverinfo: "x+y+name",
  };
}

function rowsOfSamples(
  options: LatencyEcdfOptions,
  left: string | undefined,
  all: readonly Sorted[],
): Figure {
  const names = distinctLabels(
    all.map((one) => `${one.name}, n = ${number(one.samples.length)}`),
    60,
  );
  const rows = all.map(({ name, samples, floor }, at): LatencyRow => {
    const ms = (share: number) =>
      Math.max(floor, samples[Math.max(0, Math.ceil(share * samples.length) - 1)]!);
    return {
      label: names[at]!,
      color: knownWay(name)?.color ?? SERIES[at % SERIES.length]!,
      ms: [ms(0), ms(0.25), ms(0.5), ms(0.75), ms(1)],
      text: `${number(samples[Math.max(0, Math.ceil(samples.length / 2) - 1)]!)} ms`,
    };
  });
  const { yTitle: _yTitle, ...words } = options;
  const zeros = all.some(({ samples }) => samples[0] === 0);
  const note = `box: the middle half of the answers; line in it: the median; ends: the fastest and the slowest${zeros ? "; 0 ms is drawn at the left end, since the axis has no zero" : ""}`;
  return withRuns(
    rowsFigure({ xTitle: AXIS, ...words, ...withNote(options.subtitle, note, left) }, rows),
    options.from,
  );
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
    rows.map((row) => `${row.name}, n = ${number(row.samples)}`),
    60,
  );
  const drawn = rows.map((row, at): LatencyRow => {
    const us = [row.p1Us, row.p25Us, row.p50Us, row.p75Us, row.p99Us];
    return {
      label: names[at]!,
      color: knownWay(row.name)?.color ?? SERIES[at % SERIES.length]!,
      ms: us.map((one) => one / 1000) as LatencyRow["ms"],
      text: `${number(row.p50Us / 1000)} ms`,
    };
  });
  const left =
    options.rows.length > rows.length ? `the first ${rows.length} of ${options.rows.length}` : undefined;
  const note = "box: 25 to 75 %; line in it: the median; whiskers: 1 to 99 %";
  return withRuns(
    rowsFigure({ xTitle: AXIS, ...options, ...withNote(options.subtitle, note, left) }, drawn),
    options.from,
  );
}

/** In microseconds. */
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
