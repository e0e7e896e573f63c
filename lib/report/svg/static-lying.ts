/** Horizontal marks in named rows: bars from a start to an end, and boxes from quantiles. */
import type { BarTrace, BoxTrace, Figure } from "../../chart/figure";
import { INK } from "../../chart/palette";
import { plain } from "../plain-text";
import { type CustomApi, drawn, lineOf, rectOf, round } from "./static-custom";
import { FONT } from "./static-size";

/** The part of a row that bars fill. */
const FILLED = 0.75;

/** Bars of one trace: in a strip of their own of each row, after the bars before them, or over them, as the figure's barmode says. */
export function lyingBars(trace: BarTrace, figure: Figure, fallback: string): object {
  const { color } = trace.marker ?? {};
  const all = figure.data.filter((t): t is BarTrace => t.type === "bar");
  const [count, mine] = figure.layout.barmode === "group" ? [all.length, all.indexOf(trace)] : [1, 0];
  const spans = spansOf(trace, figure, all);
  const data = spans.map(([from, to], at) => [from, rowOf(trace.y[at]), at, to]);
  const reach = (row: number) => (row + 1) / count - 0.5;
  const bars = drawn(trace.name, data, { x: [0, 3], y: [1] }, (at, api) => {
    const fill = (Array.isArray(color) ? color[at] : color) ?? fallback;
    const [from, to] = spans[at]!;
    if (trace.x[at] === null) return undefined;
    const [x0, y0, x1, y1] = stripe(api, from, to, [reach(mine - 1) * FILLED, reach(mine) * FILLED]);
    // A stroke keeps very short bars visible.
    const bar = rectOf(x0, y0, Math.max(x1, x0 + 0.8), y1, { fill });
    const words = trace.textposition === "none" ? "" : plain(trace.text?.[at] ?? "");
    if (words === "") return bar;
    const style = { text: words, fill: INK, fontSize: 11, fontFamily: FONT, verticalAlign: "middle" };
    const text = { type: "text", style: { ...style, x: round(x1 + 5), y: round((y0 + y1) / 2) } };
    return { type: "group", children: [bar, text] };
  });
  // Values may stand in the margin.
  return { ...bars, clip: false };
}

/** From where to where each bar reaches. */
function spansOf(trace: BarTrace, figure: Figure, all: readonly BarTrace[]): (readonly [number, number])[] {
  const { xaxis, barmode } = figure.layout;
  const least = xaxis?.type === "log" ? 10 ** (xaxis.range?.[0] ?? 0) : 0;
  const before = barmode === "stack" ? all.slice(0, all.indexOf(trace)) : [];
  return trace.x.map((length, at) => {
    const sum = before.reduce((total, t) => total + Number(t.x[at] ?? 0), 0);
    const from = trace.base?.[at] ?? sum;
    const to = from + Number(length ?? 0);
    return [Math.max(from, least), Math.max(to, least)] as const;
  });
}

/** One box per row: whiskers, box, median. */
export function boxSeries(trace: BoxTrace, fallback: string): object {
  const color = trace.line?.color ?? fallback;
  const rows = trace.y ?? [];
  const data = rows.map((row, at) => [trace.lowerfence[at], rowOf(row), at, trace.upperfence[at]]);
  return drawn(trace.name, data, { x: [0, 3], y: [1] }, (at, api) => {
    const quarter = [-0.25, 0.25] as const;
    const [low, , high] = stripe(api, trace.lowerfence[at]!, trace.upperfence[at]!, quarter);
    const [x0, y0, x1, y1] = stripe(api, trace.q1[at]!, trace.q3[at]!, quarter);
    const middle = (y0 + y1) / 2;
    const [median] = api.coord([trace.median[at]!, api.value(1)]);
    const cap = (y1 - y0) / 4;
    return {
      type: "group",
      children: [
        lineOf(low, middle, x0, middle, color, 2),
        lineOf(x1, middle, high, middle, color, 2),
        lineOf(low, middle - cap, low, middle + cap, color, 2),
        lineOf(high, middle - cap, high, middle + cap, color, 2),
        rectOf(x0, y0, x1, y1, { fill: trace.fillcolor ?? "none", stroke: color, lineWidth: 2 }),
        lineOf(median, y0, median, y1, color, 2),
      ],
    };
  });
}

const rowOf = (name: unknown) => (typeof name === "string" ? plain(name) : name);

/** Pixel rectangle of a range of the x axis in a part of the row of the drawn item: −0.5 is its top, 0.5 its bottom. */
function stripe(
  api: CustomApi,
  from: number,
  to: number,
  [upper, lower]: readonly [number, number],
): [number, number, number, number] {
  const row = api.value(1);
  const [x0, y] = api.coord([from, row]);
  const [x1] = api.coord([to, row]);
  const height = api.size([0, 1])[1];
  return [x0, y + height * upper, x1, y + height * lower];
}
