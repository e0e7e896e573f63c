/** Rows of times on a logarithmic axis in milliseconds: a box each, and its median in words beside it. */
import { largestOf } from "../base/extremes";
import type { BoxTrace, Figure, ScatterTrace } from "./figure";
import { headRoom, layoutOf, UNGRIDDED, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { faded } from "./palette";

/** One row; its label is escaped and unlike the others'. */
export interface LatencyRow {
  label: string;
  color: string;
  /** Lower end, 25 %, median, 75 %, upper end; above 0 and ascending. */
  ms: [number, number, number, number, number];
  /** Written beside the upper end. */
  text: string;
}

const ROW = 34;

/** The figure, without its runs. */
export function rowsFigure(words: Words, rows: readonly LatencyRow[]): Figure {
  const boxes = rows.map(
    ({ label, color, ms }): BoxTrace => ({
      type: "box",
      name: label,
      orientation: "h",
      y: [label],
      lowerfence: [ms[0]],
      q1: [ms[1]],
      median: [ms[2]],
      q3: [ms[3]],
      upperfence: [ms[4]],
      fillcolor: faded(color, 0.35),
      line: { color, width: 2 },
      hoverinfo: "x",
      showlegend: false,
    }),
  );
  const said: ScatterTrace = {
    type: "scatter",
    mode: "text",
    x: rows.map(({ ms }) => ms[4]),
    y: rows.map(({ label }) => label),
    text: rows.map(({ text }) => `  ${text}`),
    textposition: "middle right",
    cliponaxis: false,
    hoverinfo: "skip",
    showlegend: false,
  };
  const head = headRoom(words, []);
  const widest = Math.max(0, largestOf(rows.map(({ text }) => text.length)));
  return {
    data: [...boxes, said],
    layout: layoutOf(words, 80 + head + rows.length * ROW, {
      showlegend: false,
      margin: { l: 110, r: 24 + widest * 7, t: head, b: 60 },
      xaxis: { ...UNGRIDDED, tickangle: 0, ...logAxis(rows.flatMap(({ ms }) => [ms[0], ms[4]])) },
      yaxis: { type: "category", autorange: "reversed", showgrid: false },
    }),
  };
}
