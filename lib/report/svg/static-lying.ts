/** Horizontal marks in named rows: bars from a start to an end, and boxes from quantiles. */
import type { BarTrace, BoxTrace } from "../../chart/figure";

import { plain } from "../plain-text";
import { type CustomApi, drawn, lineOf, rectOf } from "./static-custom";

/** Bars of one trace; all traces share the rows, as with Plotly's barmode `overlay`. */
export function lyingBars(trace: BarTrace, fallback: string): object {
  const { color } = trace.marker ?? {};
  const spans = trace.x.map((length, at) => {
    const from = trace.base?.[at] ?? 0;
    return [from, from + Number(length ?? 0)] as const;
  });
  const data = spans.map(([from, to], at) => [from, rowOf(trace.y[at]), at, to]);
  return drawn(trace.name, data, { x: [0, 3], y: [1] }, (at, api) => {
    const fill = (Array.isArray(color) ? color[at] : color) ?? fallback;
    const [from, to] = spans[at]!;
    const [x0, y0, x1, y1] = stripe(api, from, to, 0.375);
    // A stroke keeps very short bars visible.
    return rectOf(x0, y0, Math.max(x1, x0 + 0.8), y1, { fill });
  });
}

/** One box per row: whiskers, box, median. */
export function boxSeries(trace: BoxTrace, fallback: string): object {
  const color = trace.line?.color ?? fallback;
  const rows = trace.y ?? [];
  const data = rows.map((row, at) => [trace.lowerfence[at], rowOf(row), at, trace.upperfence[at]]);
  return drawn(trace.name, data, { x: [0, 3], y: [1] }, (at, api) => {
    const [low, , high] = stripe(api, trace.lowerfence[at]!, trace.upperfence[at]!, 0.25);
    const [x0, y0, x1, y1] = stripe(api, trace.q1[at]!, trace.q3[at]!, 0.25);
    const middle = (y0 + y1) / 2;
    const [median] = api.coord([trace.median[at]!, api.value(1)]);
    const quarter = (y1 - y0) / 4;
    return {
      type: "group",
      children: [
        lineOf(low, middle, x0, middle, color, 2),
        lineOf(x1, middle, high, middle, color, 2),
        lineOf(low, middle - quarter, low, middle + quarter, color, 2),
        lineOf(high, middle - quarter, high, middle + quarter, color, 2),
        rectOf(x0, y0, x1, y1, { fill: trace.fillcolor ?? "none", stroke: color, lineWidth: 2 }),
        lineOf(median, y0, median, y1, color, 2),
      ],
    };
  });
}

const rowOf = (name: unknown) => (typeof name === "string" ? plain(name) : name);

/** Pixel rectangle of a range of the x axis in the row of the drawn item; `half` a row up and down. */
function stripe(api: CustomApi, from: number, to: number, half: number): [number, number, number, number] {
  const row = api.value(1);
  const [x0, y] = api.coord([from, row]);
  const [x1] = api.coord([to, row]);
  const height = api.size([0, 1])[1] * half;
  return [x0, y - height, x1, y + height];
}
