/** The legend of a static picture. */
import type { Figure, HeatmapTrace, ScatterTrace } from "../../chart/figure";
import { colorAt, INK, SERIES } from "../../chart/palette";
import { plain } from "../plain-text";
import { round } from "./static-custom";
import { cornersOf, dashOf } from "./static-marks";
import { FONT, LEGEND_ROW, LETTER } from "./static-size";

/** The legend in our own drawing, because without a browser ECharts cannot measure words. */
export function legendOf(
  figure: Figure,
  wide: number,
): { rows: number; elements: (top: number) => object[] } {
  const scale = figure.data.find((t) => t.type === "heatmap" && t.showscale !== false);
  const names = namesOf(figure, wide);
  if (scale === undefined) return names;
  return {
    rows: names.rows + 1,
    elements: (top) => [
      ...names.elements(top),
      ...scaleElements(scale as HeatmapTrace, top + names.rows * LEGEND_ROW),
    ],
  };
}

/** Width of the key before a name. */
const KEY = 28;

function namesOf(figure: Figure, wide: number): { rows: number; elements: (top: number) => object[] } {
  const named = figure.data.filter(
    (t) => t.showlegend !== false && typeof t.name === "string" && t.name !== "",
  );
  if (!(figure.layout.showlegend ?? named.length > 1)) return { rows: 0, elements: () => [] };
  let row = 0;
  let x = 12;
  const places = named.map((trace) => {
    const width = KEY + 22 + plain(String(trace.name)).length * LETTER;
    if (x > 12 && x + width > wide) {
      row++;
      x = 12;
    }
    const place = { trace, x, row, color: SERIES[figure.data.indexOf(trace) % SERIES.length]! };
    x += width;
    return place;
  });
  const elements = (top: number) =>
    places.flatMap(({ trace, x, row, color }) => {
      const y = top + row * LEGEND_ROW;
      return [
        ...keyOf(trace, x, y + 8, mainColor(trace) ?? color),
        textAt(plain(String(trace.name)), x + KEY, y + 2),
      ];
    });
  return { rows: row + 1, elements };
}

/** A line with its dash, a point with its symbol, or a square for anything that fills. */
function keyOf(trace: Figure["data"][number], x: number, middle: number, fill: string): object[] {
  const { mode, line, marker, stackgroup } = trace as ScatterTrace;
  if (trace.type !== "scatter" || stackgroup !== undefined)
    return [{ type: "rect", shape: { x: x + 5, y: middle - 6, width: 12, height: 12 }, style: { fill } }];
  const dash = dashOf(line?.dash);
  const stroke = {
    type: "line",
    shape: { x1: x, y1: middle, x2: x + 22, y2: middle },
    style: {
      stroke: fill,
      lineWidth: line?.width ?? 2,
      ...(dash === "solid" ? {} : { lineDash: dash }),
    },
  };
  const symbol = Array.isArray(marker?.symbol) ? marker.symbol[0] : marker?.symbol;
  return [
    ...(mode.includes("lines") ? [stroke] : []),
    ...(mode.includes("markers") ? [markOf(symbol, x + 11, middle, fill)] : []),
  ];
}

function markOf(name: string | undefined, x: number, y: number, fill: string): object {
  const corners = cornersOf(name);
  const style = name === "circle-open" ? { fill: "none", stroke: fill, lineWidth: 1.5 } : { fill };
  if (corners === undefined) return { type: "circle", shape: { cx: x, cy: y, r: 5 }, style };
  return {
    type: "polygon",
    shape: { points: corners.map(([dx, dy]) => [round(x + dx), round(y + dy)]) },
    style,
  };
}

const textAt = (text: string, x: number, y: number) => ({
  type: "text",
  style: { text, x, y, fill: INK, fontSize: 12, fontFamily: FONT },
});

const STEPS = 24;
const STEP = 7;

/** The smallest value, the colours, the greatest value, and the name of the measure. */
function scaleElements(trace: HeatmapTrace, top: number): object[] {
  const [low, high] = [trace.zmin, trace.zmax].map((z) => String(Number(z.toPrecision(4)))) as [
    string,
    string,
  ];
  const from = 12 + low.length * LETTER + 8;
  const to = from + STEPS * STEP;
  const title = plain(trace.colorbar?.title?.text ?? "");
  return [
    textAt(low, 12, top + 2),
    ...Array.from({ length: STEPS }, (_, at) => ({
      type: "rect",
      shape: { x: from + at * STEP, y: top + 2, width: STEP, height: 12 },
      style: { fill: colorAt(trace.colorscale, (at + 0.5) / STEPS) },
    })),
    textAt(high, to + 8, top + 2),
    textAt(title, to + 8 + high.length * LETTER + 18, top + 2),
  ];
}

function mainColor(trace: Figure["data"][number]): string | undefined {
  const { marker, line } = trace as { marker?: { color?: unknown }; line?: { color?: unknown } };
  const mark = Array.isArray(marker?.color) ? (marker.color as unknown[])[0] : marker?.color;
  return [line?.color, mark].find((c): c is string => typeof c === "string");
}
