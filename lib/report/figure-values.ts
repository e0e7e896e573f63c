/** The numbers that a figure draws, as rows of text: for the table below a chart, and for its words. */
import { largestOf } from "../base/extremes";
import type { Figure, Layout } from "../chart/figure";
import { cellRows, type ValueTable } from "./figure-cells";
import { plain } from "./plain-text";

/** A point of a series: where it is, how much it is, and that in words with its interval. */
export interface Point {
  at: string;
  value: number;
  text: string;
}

export interface Series {
  name: string;
  points: Point[];
}

type Trace = Figure["data"][number];

const ROWS_MAX = 100;
/** More series than this stand below each other, not side by side. */
const SIDE_BY_SIDE_MAX = 8;
const LINES = new Set(["bar", "scatter", "scattergl"]);

/** The tables of what `figure` draws, one for each sort of trace; empty for sorts without a table. */
export function valueTables(figure: Figure): ValueTable[] {
  const series = seriesOf(figure);
  const others = figure.data.filter((trace) => !LINES.has(trace.type)).flatMap((trace) => otherRows(trace));
  const tables = [
    ...(series.length === 0 ? [] : [seriesTable(series, figure)]),
    ...cellRows(figure),
    ...others,
  ];
  return tables.filter(({ rows }) => rows.length > 0).map(shortened);
}

function shortened(table: ValueTable): ValueTable {
  const rows = table.rows.slice(0, ROWS_MAX);
  return { ...table, rows, more: table.rows.length - rows.length };
}

/** The bars, lines and points of `figure` that hold numbers; keys of the legend hold none. */
export function seriesOf(figure: Figure): Series[] {
  const drawn = figure.data.filter(
    // Words in the plot are no data.
    (trace) => LINES.has(trace.type) && trace.visible !== false && trace.mode !== "text",
  );
  const { tickvals, ticktext } = figure.layout.yaxis ?? {};
  const rows = new Map(listOf(tickvals).map((at, i) => [at, plain(String(listOf(ticktext)[i] ?? at))]));
  return drawn
    .map((trace, index) => ({
      name: plain(String(trace.name ?? "")) || `series ${index + 1}`,
      points: pointsOf(trace, isHorizontal(trace, figure.layout), rows),
    }))
    .filter(({ points }) => points.length > 0);
}

/** True if the values lie along x and y names them. */
export function isHorizontal(trace: Trace, layout: Layout): boolean {
  if (trace.type === "bar") return trace.orientation === "h";
  if (listOf(layout.yaxis?.ticktext).some(isName)) return true;
  return layout.yaxis?.type === "category" || (listOf(trace.y).some(isName) && !listOf(trace.x).some(isName));
}

const isName = (value: unknown) => typeof value === "string" && !Number.isFinite(Number(value));

/** Where the points are: those that would hide each other are drawn beside their place, which `customdata` holds. */
function placesOf(trace: Trace): [unknown, unknown] {
  const meant = listOf(trace.customdata).filter((one) => Array.isArray(one) && one.length === 2);
  if (meant.length === 0 || meant.length !== listOf(trace.x).length) return [trace.x, trace.y];
  return [meant.map((one) => (one as unknown[])[0]), meant.map((one) => (one as unknown[])[1])];
}

function pointsOf(trace: Trace, horizontal: boolean, rows: ReadonlyMap<unknown, string>): Point[] {
  const [x, y] = placesOf(trace);
  const [values, names] = horizontal ? [x, y] : [y, x];
  const texts = listOf(trace.text);
  const bars = (horizontal ? trace.error_x : trace.error_y) as
    | { array?: unknown; arrayminus?: unknown }
    | undefined;
  const [up, down] = [listOf(bars?.array), listOf(bars?.arrayminus)];
  const base = listOf(trace.base);
  return listOf(values).flatMap((value, i): Point[] => {
    if (typeof value !== "number") return [];
    const interval =
      typeof up[i] === "number"
        ? ` (${shown(value - Number(down[i] ?? up[i]))} to ${shown(value + up[i])})`
        : "";
    const from = typeof base[i] === "number" && base[i] !== 0 ? `from ${shown(base[i])}, ` : "";
    const words = plain(String(texts[i] ?? "")).trim();
    const note = words === "" || words === shown(value) ? "" : `, ${words}`;
    const name = listOf(names)[i];
    const at = (horizontal ? rows.get(name) : undefined) ?? shown(name ?? i + 1);
    return [{ at, value, text: `${from}${shown(value)}${interval}${note}` }];
  });
}

function seriesTable(series: readonly Series[], { layout, data }: Figure): ValueTable {
  const horizontal = data.some((trace) => LINES.has(trace.type) && isHorizontal(trace, layout));
  const [across, along] = horizontal ? [layout.yaxis, layout.xaxis] : [layout.xaxis, layout.yaxis];
  const key = plain(across?.title?.text ?? "") || (horizontal ? "name" : "x");
  const unit = plain(along?.title?.text ?? "") || "value";
  const places = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))];
  const once = series.every(({ points }) => new Set(points.map(({ at }) => at)).size === points.length);
  if (!once || series.length > SIDE_BY_SIDE_MAX || places.length > ROWS_MAX)
    return {
      columns: ["series", key, unit],
      rows: series.flatMap(({ name, points }) => points.map(({ at, text }) => [name, at, text])),
      more: 0,
    };
  const found = series.map(({ points }) => new Map(points.map(({ at, text }) => [at, text])));
  const named = series.length > 1 ? series.map(({ name }) => `${name}: ${unit}`) : [unit];
  return {
    columns: [key, ...named],
    rows: places.map((at) => [at, ...found.map((texts) => texts.get(at) ?? "–")]),
    more: 0,
  };
}

/** Boxes, flows, nested shares; any other trace by its lists of equal length. */
function otherRows(trace: Trace): ValueTable[] {
  if (trace.type === "heatmap") return [];
  if (trace.type === "sankey") return [flows(trace)];
  if (trace.type === "icicle" || trace.type === "treemap" || trace.type === "sunburst")
    return [listed(trace, ["labels", "values", "text"], ["part", "value", "in words"])];
  if (trace.type === "box" && Array.isArray(trace.q1)) {
    const names = Array.isArray(trace.y) && trace.orientation === "h" ? "y" : "x";
    const quantiles = ["lowerfence", "q1", "median", "q3", "upperfence"];
    return [
      listed(
        trace,
        [names, ...quantiles],
        ["name", "lowest", "first quarter", "median", "third quarter", "highest"],
      ),
    ];
  }
  const keys = ["labels", "x", "y", "z", "lat", "lon", "r", "theta", "values"];
  return [listed(trace, keys, keys)];
}

function listed(trace: Trace, keys: readonly string[], names: readonly string[]): ValueTable {
  const there = keys.filter((key) => listOf(trace[key]).some((value) => !Array.isArray(value)));
  const length = largestOf([0, ...there.map((key) => listOf(trace[key]).length)]);
  return {
    columns: there.map((key) => names[keys.indexOf(key)]!),
    rows: Array.from({ length }, (_, i) => there.map((key) => shown(listOf(trace[key])[i] ?? "–"))),
    more: 0,
  };
}

function flows(trace: Trace): ValueTable {
  const { node, link } = trace as { node?: Record<string, unknown>; link?: Record<string, unknown> };
  const names = listOf(node?.label);
  const [from, to, amount] = [listOf(link?.source), listOf(link?.target), listOf(link?.value)];
  const nameOf = (index: unknown) => plain(String(names[Number(index)] ?? index));
  return {
    columns: ["from", "to", "amount"],
    rows: amount.map((value, i) => [nameOf(from[i]), nameOf(to[i]), shown(value)]),
    more: 0,
  };
}

/** A list as it is, anything else as an empty one. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A number to six figures; text without Plotly's markup. */
export const shown = (value: unknown): string =>
  typeof value === "number" ? String(Number(value.toPrecision(6))) : plain(String(value));
