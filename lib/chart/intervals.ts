/** Estimates with intervals, one row per strategy: success rates, and paired differences between strategies. */

import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import type { Estimate } from "../metrics/measures";
import type { ErrorBars, Figure, ScatterTrace } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { headRoom, layoutOf, UNGRIDDED, type Words } from "./layout";
import { INK, SERIES, SYMBOLS } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";
import { knownWay } from "./ways";

export type { Estimate };

/** Estimates of one condition, one dot per row. */
export interface EstimateSeries {
  name: string;
  rows: readonly Estimate[];
}

export interface SuccessRateOptions extends Words {
  /** Shares 0 to 1. */
  series: readonly EstimateSeries[];
  /** The kind of interval: `95 % Wilson interval`. */
  interval: string;
}

export interface DifferenceOptions extends Words {
  /** Differences of paired runs, in the unit of `xTitle`. */
  rows: readonly Estimate[];
  interval: string;
}

/** The most rows drawn; the figure says how many were left out. */
const ROWS_MAX = 60;
/** Pixels of a row, and of each dot in it where several series share the row. */
const ROW = 30;
const DOT = 20;
const TENS = [0, 20, 40, 60, 80, 100];
const PERCENT = { range: [-2.5, 102.5], tickvals: TENS, ticktext: TENS.map(String) };

/**
 * Success rates (%) by strategy with intervals. Throws InputError unless 0 ≤ low ≤ value ≤ high ≤ 1.
 * @example
 * ```ts
 * import { chart, wilson } from "pageblock";
 *
 * const { low, mid, high } = wilson(19, 20);
 * chart.successRates({
 *   title: "Requests granted",
 *   series: [{ name: "6.1", rows: [{ name: "cma", value: mid, low, high }] }],
 *   interval: "95 % Wilson interval",
 * });
 * ```
 */
export function successRates(options: SuccessRateOptions): Figure {
  for (const one of options.series)
    for (const row of one.rows)
      if (!(row.low >= 0 && row.high <= 1))
        throw new InputError(
          `success rates: ${JSON.stringify(row.name)} must lie within 0 and 1: got ${row.low} to ${row.high}`,
        );
  const percent = options.series.map((one) => ({
    name: one.name,
    rows: one.rows.map((row) => ({
      ...row,
      value: row.value * 100,
      low: row.low * 100,
      high: row.high * 100,
    })),
  }));
  const words = { xTitle: "successful requests (%)", ...options };
  return dots(words, percent, options.interval, PERCENT, " %");
}

/**
 * Paired differences with intervals, and a line at zero.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.pairedDifferences({
 *   title: "cma against buddy",
 *   rows: [{ name: "cma − buddy", value: 0.2, low: 0.1, high: 0.3 }],
 *   interval: "95 % bootstrap interval",
 * });
 * ```
 */
export function pairedDifferences(options: DifferenceOptions): Figure {
  const figure = dots(
    { xTitle: "difference (percentage points)", ...options },
    [{ name: "difference", rows: options.rows }],
    options.interval,
    {},
    "",
  );
  const rows = Math.min(ROWS_MAX, options.rows.length);
  figure.layout.shapes = [
    { type: "line", x0: 0, x1: 0, y0: -0.5, y1: rows - 0.5, line: { color: INK, width: 1 }, layer: "below" },
  ];
  return figure;
}

function dots(
  words: Words,
  series: readonly EstimateSeries[],
  interval: string,
  xaxis: object,
  unit: string,
): Figure {
  const names = [...new Set(series.flatMap((one) => one.rows.map((row) => row.name)))];
  const kept = names.slice(0, ROWS_MAX);
  const shown = distinctLabels(kept, 48);
  const data = series.flatMap((one, at): ScatterTrace[] => {
    const rows = one.rows.filter((row) => kept.includes(row.name));
    for (const row of rows)
      if (!(row.low <= row.value && row.value <= row.high))
        throw new InputError(
          `intervals: ${JSON.stringify(row.name)} must lie within its interval ${row.low} to ${row.high}: got ${row.value}`,
        );
    const y = rows.map((row) => kept.indexOf(row.name) + shiftOf(series, at, row.name));
    const look = series.length === 1 ? looksOfRows(rows) : lookOfSeries(at);
    const dots: ScatterTrace = {
      type: "scatter",
      mode: "markers",
      name: label(one.name),
      x: rows.map((row) => row.value),
      y,
      error_x: errorBars(rows, typeof look.color === "string" ? look.color : INK),
      marker: { ...look, size: 10 },
      // Not drawn here, but told by tables of the data.
      ...textOf(rows),
      hovertext: rows.map((row) => hoverOf(row, one.name, unit)),
      hoverinfo: "text",
    };
    return [dots, ...countsOf(rows, y)];
  });
  const left = names.length > kept.length ? `the first ${kept.length} of ${names.length} rows` : undefined;
  const said = { ...words, ...withNote(words.subtitle, `bars: ${interval}`, left) };
  const head = headRoom(said, series.length > 1 ? series.map((one) => one.name) : []);
  const counts = data.flatMap((trace) => (trace.mode === "text" ? (trace.text ?? []) : []));
  const widest = largestOf([0, ...counts.map((text) => text.length)]);
  const figure: Figure = {
    data,
    layout: layoutOf(said, 80 + head + kept.length * Math.max(ROW, DOT * series.length + 8), {
      showlegend: series.length > 1,
      margin: { l: 110, r: 24 + widest * 7, t: head, b: 60 },
      xaxis: { zeroline: false, ...(widest > 0 ? UNGRIDDED : {}), ...xaxis },
      yaxis: {
        tickvals: kept.map((_, at) => at),
        ticktext: shown,
        range: [kept.length - 0.5, -0.5],
        zeroline: false,
        showgrid: false,
      },
    }),
  };
  return withRuns(figure, words.from);
}

/** In a chart of one series the rows are ways, each in its own colour and symbol; any other name is blue and round. */
function looksOfRows(rows: readonly Estimate[]): { color: string | string[]; symbol: string | string[] } {
  const known = rows.map(({ name }) => knownWay(name));
  if (known.every((look) => look === undefined)) return lookOfSeries(0);
  return {
    color: known.map((look) => look?.color ?? SERIES[0]!),
    symbol: known.map((look) => look?.symbol ?? SYMBOLS[0]!),
  };
}

const lookOfSeries = (at: number) => ({
  color: SERIES[at % SERIES.length]!,
  symbol: SYMBOLS[at % SYMBOLS.length]!,
});

/** `27 of 32` of `27 of 32 requests`: the counts behind a share. */
const COUNTS = /^[\d,.]+ of [\d,.]+(?: : [\d,.]+ of [\d,.]+)?/;

function textOf(rows: readonly Estimate[]): { text?: string[] } {
  const text = rows.map(({ basis }) => COUNTS.exec(basis ?? "")?.[0] ?? "");
  return text.every((one) => one === "") ? {} : { text };
}

/** The counts beside the intervals, at their upper ends. */
function countsOf(rows: readonly Estimate[], y: readonly number[]): ScatterTrace[] {
  const { text } = textOf(rows);
  if (text === undefined) return [];
  return [
    {
      type: "scatter",
      mode: "text",
      x: rows.map((row) => row.high),
      y: [...y],
      text: text.map((one) => (one === "" ? "" : `  ${one}`)),
      textposition: "middle right",
      cliponaxis: false,
      hoverinfo: "skip",
      showlegend: false,
    },
  ];
}

/** Dots of several series are one below the other in their row; a single dot is in the middle. */
function shiftOf(series: readonly EstimateSeries[], at: number, name: string): number {
  const there = series.flatMap((one, i) => (one.rows.some((row) => row.name === name) ? [i] : []));
  return there.length === 1 ? 0 : (there.indexOf(at) / (there.length - 1) - 0.5) * (1 - 1.2 / there.length);
}

function errorBars(rows: readonly Estimate[], color: string): ErrorBars {
  return {
    type: "data",
    symmetric: false,
    array: rows.map((row) => row.high - row.value),
    arrayminus: rows.map((row) => row.value - row.low),
    color,
    thickness: 2,
    width: 6,
  };
}

function hoverOf(row: Estimate, series: string, unit: string): string {
  const basis = row.basis === undefined ? "" : `<br>${label(row.basis)}`;
  return `${label(row.name)}, ${label(series)}<br>${number(row.value)}${unit} (${number(row.low)} to ${number(row.high)}${unit})${basis}`;
}
