/** Lines, points with error bars, and stacked areas of a static picture, as ECharts' series. */
import type { ErrorBars, Figure, ScatterTrace } from "../../chart/figure";
import { faded, INK } from "../../chart/palette";
import { plain } from "../plain-text";
import { type CustomApi, drawn, lineOf, round } from "./static-custom";

const CROSS = "path://M3.5,0h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z";
/** Plotly's names of symbols as ECharts'. */
const SYMBOLS: Record<string, { symbol: string; symbolRotate?: number }> = {
  square: { symbol: "rect" },
  diamond: { symbol: "diamond" },
  "triangle-up": { symbol: "triangle" },
  cross: { symbol: CROSS },
  x: { symbol: CROSS, symbolRotate: 45 },
  star: { symbol: "path://M5,0L6.2,3.6H10L7,5.9L8.1,9.5L5,7.3L1.9,9.5L3,5.9L0,3.6H3.8Z" },
};

/** One series for the line or the points, and one for their error bars. */
export function lineSeries(trace: ScatterTrace, figure: Figure, fallback: string): object[] {
  if (trace.stackgroup !== undefined) return [areaSeries(trace, figure, fallback)];
  const color = trace.line?.color ?? trace.marker?.color ?? fallback;
  const points = trace.x.map((x, at) => ({
    value: [typeof x === "string" ? plain(x) : x, trace.y[at] ?? "-"],
    ...(trace.mode.includes("text") && trace.text?.[at] ? { label: wordAt(trace, at) } : {}),
  }));
  const key = isKey(trace);
  const series = {
    type: trace.mode.includes("lines") ? "line" : "scatter",
    name: trace.name,
    data: key ? [] : points,
    step: trace.line?.shape === "hv" ? "end" : false,
    ...(trace.mode === "lines"
      ? { symbol: "none" }
      : (SYMBOLS[trace.marker?.symbol ?? ""] ?? { symbol: "circle" })),
    symbolSize: trace.marker?.size ?? 7,
    showAllSymbol: figure.data.length < 20,
    itemStyle: { color },
    lineStyle: { color, width: trace.line?.width ?? 2, type: dashOf(trace.line?.dash) },
  };
  const errors = [
    ...(trace.error_x === undefined ? [] : [errorSeries(trace, trace.error_x, "x", color)]),
    ...(trace.error_y === undefined ? [] : [errorSeries(trace, trace.error_y, "y", color)]),
  ];
  return [...errors, series];
}

const dashOf = (dash: string | undefined) =>
  dash === "dash" ? "dashed" : dash === "dot" ? "dotted" : "solid";

const wordAt = (trace: ScatterTrace, at: number) => ({
  show: true,
  formatter: plain(trace.text![at]!),
  position: "top",
  color: INK,
  fontSize: 11,
});

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
