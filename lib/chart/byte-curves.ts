/** Curves over a size in bytes, such as of TLBs and adapters: a logarithmic axis with ticks at KiB, MiB, GiB. */
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { formatSize } from "../base/units";
import type { Axis, Figure, ScatterTrace } from "./figure";
import { label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { DASHES, INK, SERIES, SYMBOLS } from "./palette";
import { withRuns } from "./run";
import { everyNth, thinned, withNote } from "./thin";

/** One curve: ascending `bytes` with a value each. `low` and `high`, if given, are the interval of each value. */
export interface ByteCurve {
  name: string;
  bytes: readonly number[];
  values: readonly (number | null)[];
  low?: readonly number[];
  high?: readonly number[];
}

export interface ByteCurveOptions extends Words {
  series: readonly ByteCurve[];
  logY?: boolean;
  /** Sizes marked by a vertical line: the reach of a TLB, the cache of an adapter. */
  marks?: readonly { bytes: number; name: string }[];
}

const POINTS_MAX = 250;
const SERIES_MAX = 14;
const TICKS_MAX = 9;

/**
 * The figure. Throws InputError for columns of unequal length, and for sizes that are not above 0.
 * @example
 * ```ts
 * import { chart, curves } from "pageblock";
 *
 * const curve = curves.tlb({
 *   cpu: "haswell",
 *   pages: ["2MiB"],
 *   areas: ["64MiB", "1GiB"],
 *   pattern: "uniform",
 *   accesses: 100,
 * });
 * chart.byteCurves({ title: "Page walks", series: curve.series("walkRate"), from: [curve] });
 * ```
 */
export function byteCurves(options: ByteCurveOptions): Figure {
  const kept = options.series.slice(0, SERIES_MAX);
  const most = Math.max(0, largestOf(kept.map((one) => one.bytes.length)));
  const data = kept.map((one, at): ScatterTrace => curveOf(one, at));
  const marks = (options.marks ?? []).slice(0, SERIES_MAX);
  const all = [...kept.flatMap((one) => [...one.bytes]), ...marks.map((mark) => mark.bytes)];
  const top = kept.flatMap((one) => [...(one.high ?? []), ...one.values]).filter((v) => v !== null);
  const notes = [
    thinned(most, everyNth(most, POINTS_MAX).length, "sizes"),
    options.series.length > kept.length
      ? `the first ${kept.length} of ${options.series.length} curves`
      : undefined,
  ].filter((note) => note !== undefined);
  const words = {
    xTitle: "size (bytes)",
    ...options,
    ...withNote(options.subtitle, notes.length === 0 ? undefined : notes.join("; ")),
  };
  const traces = [...data, ...marksOf(marks, top, options.logY === true)];
  const head = headRoom(
    words,
    traces.map((trace) => trace.name ?? ""),
  );
  const figure: Figure = {
    data: traces,
    layout: layoutOf(words, 340 + head, {
      showlegend: data.length + marks.length > 1,
      margin: { l: 80, r: 20, t: head, b: 60 },
      xaxis: byteAxis(all),
      yaxis: options.logY ? logAxis(top.filter((v) => v > 0)) : { rangemode: "tozero" },
    }),
  };
  return withRuns(figure, options.from);
}

function curveOf(one: ByteCurve, at: number): ScatterTrace {
  for (const [name, column] of [
    ["values", one.values],
    ["low", one.low ?? one.values],
    ["high", one.high ?? one.values],
  ] as const)
    if (column.length !== one.bytes.length)
      throw new InputError(
        `byte curves: ${name} of ${JSON.stringify(one.name)} must be as many as its sizes (${one.bytes.length}): got ${column.length}`,
      );
  for (const bytes of one.bytes)
    if (!(bytes > 0))
      throw new InputError(`byte curves: sizes of ${JSON.stringify(one.name)} must be above 0: got ${bytes}`);
  const color = SERIES[at % SERIES.length]!;
  const places = everyNth(one.bytes.length, POINTS_MAX);
  const { low, high } = one;
  const value = (i: number) => one.values[i] ?? null;
  return {
    type: "scatter",
    mode: places.length > 60 ? "lines" : "lines+markers",
    name: label(one.name),
    x: places.map((i) => one.bytes[i]!),
    y: places.map(value),
    line: { color, width: 2, dash: DASHES[at % DASHES.length]! },
    marker: { color, size: 7, symbol: SYMBOLS[at % SYMBOLS.length]! },
    ...(low === undefined || high === undefined
      ? {}
      : {
          error_y: {
            type: "data",
            symmetric: false,
            array: places.map((i) => Math.max(0, high[i]! - (value(i) ?? high[i]!))),
            arrayminus: places.map((i) => Math.max(0, (value(i) ?? low[i]!) - low[i]!)),
            color,
            thickness: 1.5,
            width: 4,
          },
        }),
    hovertext: places.map(
      (i) =>
        `${label(one.name)}<br>${formatSize(one.bytes[i]!)}: ${value(i) === null ? "–" : number(value(i)!)}`,
    ),
    hoverinfo: "text",
  };
}

/** Vertical lines from the bottom to the greatest value. */
function marksOf(
  marks: readonly { bytes: number; name: string }[],
  values: readonly number[],
  logY: boolean,
): ScatterTrace[] {
  const positive = values.filter((v) => v > 0);
  const above = positive.length === 0 ? [1] : positive;
  const bottom = logY ? above.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) : 0;
  const top = above.reduce((a, b) => Math.max(a, b), 0);
  return marks.map((mark, at) => ({
    type: "scatter",
    mode: "lines",
    name: `${label(mark.name)}, ${formatSize(mark.bytes)}`,
    x: [mark.bytes, mark.bytes],
    y: [bottom, top],
    line: { color: INK, width: 1.5, dash: at % 2 === 0 ? "dot" : "dash" },
    hoverinfo: "name",
  }));
}

/** Powers of two as ticks, at most nine, on whole steps. */
function byteAxis(bytes: readonly number[]): Axis {
  if (bytes.length === 0) return { type: "log" };
  const low = Math.floor(Math.log2(bytes.reduce((a, b) => Math.min(a, b))));
  const high = Math.ceil(Math.log2(bytes.reduce((a, b) => Math.max(a, b))));
  const step = Math.max(1, Math.ceil((high - low) / (TICKS_MAX - 1)));
  const ticks: number[] = [];
  for (let power = Math.ceil(low / step) * step; power <= high; power += step) ticks.push(2 ** power);
  return {
    type: "log",
    tickvals: ticks,
    ticktext: ticks.map(formatSize),
    range: [Math.log10(2) * (low - 0.3), Math.log10(2) * (high + 0.3)],
  };
}
