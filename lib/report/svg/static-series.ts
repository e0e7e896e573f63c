/** The traces and shapes of a figure as ECharts' series. */
import type { BarTrace, BoxTrace, Figure, HeatmapTrace, ScatterTrace } from "../../chart/figure";
import { INK, SERIES } from "../../chart/palette";
import { linesOf } from "../plain-text";
import { heatSeries, shapeSeries } from "./static-heat";
import { lineSeries } from "./static-lines";
import { boxSeries, lyingBars } from "./static-lying";

/** One or more series per trace, and one for all shapes, of a picture as wide as stated (pixels). */
export function seriesOf(figure: Figure, width: number): object[] {
  const series = figure.data.flatMap((trace, at): object[] => {
    const color = SERIES[at % SERIES.length]!;
    if (trace.type === "bar") return [barSeries(trace as BarTrace, figure, color)];
    if (trace.type === "heatmap") return [heatSeries(trace as HeatmapTrace, figure, width)];
    if (trace.type === "box") return [boxSeries(trace as BoxTrace, color)];
    return lineSeries(trace as ScatterTrace, figure, color);
  });
  const shapes = figure.layout.shapes ?? [];
  return shapes.length === 0 ? series : [...series, shapeSeries(shapes)];
}

function barSeries(trace: BarTrace, figure: Figure, fallback: string): object {
  const { layout } = figure;
  if (trace.orientation === "h") return lyingBars(trace, figure, fallback);
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
        formatter: linesOf(trace.text?.[at] ?? ""),
        color: INK,
        fontSize: 11,
      },
    })),
  };
}
