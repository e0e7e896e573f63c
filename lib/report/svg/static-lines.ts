/** Lines, points with error bars, and stacked areas of a static picture, as ECharts' series. */
import type { Datum, ErrorBars, Figure, ScatterTrace } from "../../chart/figure";
import { faded, INK } from "../../chart/palette";
import { linesOf, plain } from "../plain-text";
import { type CustomApi, drawn, lineOf, round } from "./static-custom";
import { dashOf, symbolOf } from "./static-marks";

/** One series for the line or the points, and one for their error bars. */
export function lineSeries(trace: ScatterTrace, figure: Figure, fallback: string): object[] {
  if (trace.stackgroup !== undefined) return [areaSeries(trace, figure, fallback)];
  const color = trace.line?.color ?? at0(trace.marker?.color) ?? fallback;
  const points = trace.x.map((x, at) => ({
    value: [nameOr(x), nameOr(trace.y[at] ?? "-")],
    ...markAt(trace, at, color),
    ...(trace.mode.includes("text") && trace.text?.[at] ? { label: wordAt(trace, at) } : {}),
  }));
  const key = isKey(trace);
  const series = {
    type: trace.mode.includes("lines") ? "line" : "scatter",
    name: trace.name,
    data: key ? [] : points,
    step: trace.line?.shape === "hv" ? "end" : false,
    ...(trace.mode === "lines" || trace.mode === "text"
      ? { symbol: trace.mode === "text" ? "circle" : "none" }
      : symbolOf(at0(trace.marker?.symbol))),
    symbolSize: trace.mode === "text" ? 0.1 : (trace.marker?.size ?? 7),
    showAllSymbol: figure.data.length < 20,
    itemStyle: { color },
    lineStyle: { color, width: trace.line?.width ?? 2, type: dashOf(trace.line?.dash) },
  };
  const errors = [
    ...(trace.error_x === undefined
      ? []
      : [errorSeries(trace, trace.error_x, "x", trace.error_x.color ?? color)]),
    ...(trace.error_y === undefined
      ? []
      : [errorSeries(trace, trace.error_y, "y", trace.error_y.color ?? color)]),
  ];
  return [...errors, series];
}

const at0 = (one: string | string[] | undefined) => (Array.isArray(one) ? one[0] : one);

const nameOr = (value: Datum) => (typeof value === "string" ? plain(value) : value);

/** Colour and symbol of a point, where every point has its own. */
function markAt(trace: ScatterTrace, at: number, fallback: string): object {
  const { color, symbol } = trace.marker ?? {};
  if (!Array.isArray(color) && !Array.isArray(symbol)) return {};
  return {
    itemStyle: { color: (Array.isArray(color) ? color[at] : color) ?? fallback },
    ...symbolOf(Array.isArray(symbol) ? symbol[at] : symbol),
  };
}

/** The text at a point, on the side of it that the trace says, in lines. */
function wordAt(trace: ScatterTrace, at: number): object {
  const { textposition: given } = trace;
  const [down = "top", across = "center"] = String(
    (Array.isArray(given) ? given[at] : given) ?? "top center",
  ).split(" ");
  const [x, y] = [{ left: -1, right: 1 }[across] ?? 0, { top: -1, bottom: 1 }[down] ?? 0];
  return {
    show: true,
    formatter: linesOf(trace.text![at]!),
    position: ["50%", "50%"],
    offset: [x * (y === 0 ? 9 : 5), y * 7],
    align: x === 0 ? "center" : x < 0 ? "right" : "left",
    verticalAlign: y === 0 ? "middle" : y < 0 ? "bottom" : "top",
    color: INK,
    fontSize: 11,
    lineHeight: 14,
  };
}

/** From low to high with a short stroke at each end. */
function errorSeries(trace: ScatterTrace, bars: ErrorBars, along: "x" | "y", color: string): object {
  const ends = trace.x.map((x, at) => {
    const value = Number(along === "x" ? x : trace.y[at]);
    return [value - bars.arrayminus[at]!, value + bars.array[at]!] as const;
  });
  const data = trace.x.flatMap((x, at) =>
    trace.y[at] === null || x === null ? [] : [[x, trace.y[at], at, ends[at]![0], ends[at]![1]]],
  );
  const encode = along === "x" ? { x: [0, 3, 4], y: [1] } : { x: [0], y: [1, 3, 4] };
  const half = (bars.width ?? 4) / 1.5;
  return drawn(undefined, data, encode, (at, api) => {
    const point = (end: number): [number, number] =>
      api.coord(along === "x" ? [end, Number(trace.y[at])] : [Number(trace.x[at]), end]);
    const [[ax, ay], [bx, by]] = [point(ends[at]![0]), point(ends[at]![1])];
    const width = bars.thickness ?? 1.5;
    const cap = (x: number, y: number) =>
      along === "x"
        ? lineOf(x, y - half, x, y + half, color, width)
        : lineOf(x - half, y, x + half, y, color, width);
    return { type: "group", children: [lineOf(ax, ay, bx, by, color, width), cap(ax, ay), cap(bx, by)] };
  });
}

/** An area between the sum of the areas before it in its group and that with its own. */
function areaSeries(trace: ScatterTrace, figure: Figure, fallback: string): object {
  const group = figure.data.filter((t) => t.stackgroup === trace.stackgroup) as ScatterTrace[];
  const before = group.slice(0, group.indexOf(trace));
  const bottom = trace.x.map((_, at) => before.reduce((sum, t) => sum + Number(t.y[at] ?? 0), 0));
  const top = bottom.map((sum, at) => sum + Number(trace.y[at] ?? 0));
  const color = trace.line?.color ?? fallback;
  const draw = (api: CustomApi) => {
    const edge = (ys: number[]) => trace.x.map((x, at) => api.coord([Number(x), ys[at]!]).map(round));
    const upper = edge(top);
    return {
      type: "group",
      children: [
        {
          type: "polygon",
          shape: { points: [...upper, ...edge(bottom).reverse()] },
          style: { fill: trace.fillcolor ?? faded(color, 0.6) },
        },
        {
          type: "polyline",
          shape: { points: upper },
          style: { stroke: color, lineWidth: trace.line?.width ?? 1, fill: "none" },
        },
      ],
    };
  };
  const data = trace.x.map((x, at) => [x, top[at], at, bottom[at]]);
  return drawn(trace.name, data, { x: [0], y: [1, 3] }, (at, api) => (at === 0 ? draw(api) : undefined));
}

/** A trace that only puts a square into the legend. */
const isKey = (trace: { x?: unknown }) => Array.isArray(trace.x) && trace.x.every((x) => x === null);
