/** The traces and shapes of a figure as ECharts' series. */
import type { BarTrace, Figure, HeatmapTrace, Layout, ScatterTrace, Shape } from "../chart/figure";
import { colorAt, INK, SERIES, textOn } from "../chart/palette";
import { isCategory } from "./static-axes";
import { FONT } from "./static-size";

/** One series a trace, and one for all shapes. */
export function seriesOf(figure: Figure): object[] {
  const series = figure.data.map((trace, at): object => {
    const color = SERIES[at % SERIES.length]!;
    if (trace.type === "bar") return barSeries(trace as BarTrace, figure.layout, color);
    if (trace.type === "heatmap") return heatSeries(trace as HeatmapTrace, figure);
    return lineSeries(trace as ScatterTrace, figure, color);
  });
  const shapes = figure.layout.shapes ?? [];
  return shapes.length === 0 ? series : [...series, shapeSeries(shapes)];
}

function barSeries(trace: BarTrace, layout: Layout, fallback: string): object {
  const { color } = trace.marker ?? {};
  const log = layout.yaxis?.type === "log";
  return {
    type: "bar",
    name: trace.name,
    itemStyle: { color: typeof color === "string" ? color : fallback },
    ...(layout.barmode === "stack" ? { stack: "all" } : {}),
    barMaxWidth: 60,
    barGap: "8%",
    data: trace.y.map((value, at) => ({
      value: value === null || (log && Number(value) <= 0) ? "-" : value,
      ...(Array.isArray(color) ? { itemStyle: { color: color[at] ?? fallback } } : {}),
      label: {
        show: trace.text?.[at] !== undefined && trace.textposition !== "none",
        position: layout.barmode === "stack" ? "inside" : "top",
        formatter: plain(trace.text?.[at] ?? ""),
        color: INK,
        fontSize: 11,
      },
    })),
  };
}

function lineSeries(trace: ScatterTrace, figure: Figure, fallback: string): object {
  const color = trace.line?.color ?? trace.marker?.color ?? fallback;
  const points = trace.x.map((x, at) => [x, trace.y[at] ?? "-"]);
  const key = isKey(trace);
  return {
    type: trace.mode === "markers" ? "scatter" : "line",
    name: trace.name,
    data: key ? [] : points,
    step: trace.line?.shape === "hv" ? "end" : false,
    symbol: trace.mode === "lines" ? "none" : "circle",
    symbolSize: trace.marker?.size ?? 7,
    showAllSymbol: figure.data.length < 20,
    itemStyle: { color },
    lineStyle: { color, width: trace.line?.width ?? 2, type: dashOf(trace.line?.dash) },
  };
}

const dashOf = (dash: string | undefined) =>
  dash === "dash" ? "dashed" : dash === "dot" ? "dotted" : "solid";

/** Runs of equal cells without words become one rectangle, which keeps a large map small. */
function heatSeries(trace: HeatmapTrace, figure: Figure): object {
  const rects: { row: number; from: number; to: number; color: string; text: string }[] = [];
  const wordless = trace.text === undefined;
  trace.z.forEach((cells, row) => {
    for (let from = 0; from < cells.length; ) {
      const z = cells[from]!;
      let to = from + 1;
      while (wordless && to < cells.length && cells[to] === z) to++;
      if (z !== null)
        rects.push({ row, from, to, color: colorOf(trace, z), text: plain(trace.text?.[row]?.[from] ?? "") });
      from = to;
    }
  });
  const gap = Math.min(trace.xgap ?? 0, trace.ygap ?? 0, wordless ? 0.6 : 8);
  return {
    type: "custom",
    name: trace.name ?? "",
    data: rects.map((rect, at) => [rect.from, rect.row, at]),
    renderItem: (_: unknown, api: CustomApi) => {
      const rect = rects[api.value(2)]!;
      const category = isCategory(figure.layout.xaxis, figure, "x");
      const [x0, y0, x1, y1] = corners(
        api,
        rect.from - 0.5,
        rect.row - 0.5,
        rect.to - 0.5,
        rect.row + 0.5,
        category,
      );
      const shape = { x: x0 + gap / 2, y: y0 + gap / 2, width: x1 - x0 - gap, height: y1 - y0 - gap };
      return {
        type: "group",
        children: [
          { type: "rect", shape, style: { fill: rect.color } },
          ...(rect.text === ""
            ? []
            : [
                {
                  type: "text",
                  style: {
                    text: rect.text,
                    x: (x0 + x1) / 2,
                    y: (y0 + y1) / 2,
                    align: "center",
                    verticalAlign: "middle",
                    fill: textOn(rect.color),
                    fontSize: 11,
                    fontFamily: FONT,
                  },
                },
              ]),
        ],
      };
    },
  };
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
  size(size: [number, number]): [number, number];
}

/** Pixels of a rectangle given in cells; between categories there is no coordinate, so it is taken from the centres. */
function corners(
  api: CustomApi,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  category: boolean,
): number[] {
  if (!category) {
    const [ax, ay] = api.coord([x0, y0]);
    const [bx, by] = api.coord([x1, y1]);
    return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(round);
  }
  const [cx, cy] = api.coord([x0 + 0.5, y0 + 0.5]);
  const [width, height] = api.size([1, 1]);
  const columns = x1 - x0;
  return [cx - width / 2, cy - height / 2, cx - width / 2 + columns * width, cy + height / 2].map(round);
}

const round = (n: number) => Math.round(n * 10) / 10;

function colorOf(trace: HeatmapTrace, z: number): string {
  return colorAt(trace.colorscale, (z - trace.zmin) / (trace.zmax - trace.zmin || 1));
}

function shapeSeries(shapes: Shape[]): object {
  return {
    type: "custom",
    silent: true,
    data: shapes.map((shape, at) => [(shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2, at]),
    renderItem: (_: unknown, api: CustomApi) => {
      const shape = shapes[api.value(2)]!;
      const [x0, y0, x1, y1] = corners(api, shape.x0, shape.y0, shape.x1, shape.y1, false) as [
        number,
        number,
        number,
        number,
      ];
      const style = { fill: "none", stroke: shape.line.color, lineWidth: shape.line.width };
      return shape.type === "rect"
        ? { type: "rect", shape: { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, style }
        : { type: "line", shape: { x1: x0, y1: y0, x2: x1, y2: y1 }, style };
    },
  };
}

/** Plotly's markup in words (`<br>`, `<b>`) has no meaning in the picture. */
const plain = (text: string) => text.replace(/<br\s*\/?>/g, " ").replace(/<\/?[a-z][^>]*>/g, "");

/** A trace that only puts a square into the legend. */
const isKey = (trace: { x?: unknown }) => Array.isArray(trace.x) && trace.x.every((x) => x === null);
