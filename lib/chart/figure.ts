/**
 * A figure: the part of Plotly's JSON (traces and layout) that our charts use, as plain data. Nothing here loads
 * Plotly; a figure can be stored, hashed, drawn by Plotly in a browser and by `report/static-svg` without one.
 * Figures written by hand may hold any Plotly trace: the index signatures let them through.
 */

/** One x or y value: a category, a number, or nothing. */
export type Datum = string | number | null;

/** Colours from 0 to 1, as Plotly writes them. */
export type ColorScale = [number, string][];

/**
 * Bars; `marker.color` is one colour or one per bar. Horizontal bars have their lengths in `x` and may start at
 * `base`.
 */
export interface BarTrace {
  type: "bar";
  name?: string;
  orientation?: "v" | "h";
  x: Datum[];
  y: Datum[];
  base?: number[];
  text?: string[];
  textposition?: "auto" | "inside" | "outside" | "none";
  hovertext?: string[];
  hoverinfo?: string;
  marker?: {
    color?: string | string[];
    pattern?: { shape?: string; fillmode?: "overlay"; size?: number; solidity?: number };
  };
  showlegend?: boolean;
  [key: string]: unknown;
}

/** From a value down by `arrayminus` and up by `array`. */
export interface ErrorBars {
  type: "data";
  symmetric: false;
  array: number[];
  arrayminus: number[];
  color?: string;
  thickness?: number;
  width?: number;
}

/** Lines, points, text at points (`text`), and stacked areas (`stackgroup`). */
export interface ScatterTrace {
  type: "scatter";
  mode: "lines" | "markers" | "lines+markers" | "markers+text" | "text" | "none";
  name?: string;
  x: Datum[];
  y: Datum[];
  hovertext?: string[];
  hoverinfo?: string;
  text?: string[];
  /** One for all, or one per point: `top center`, `middle right`. */
  textposition?: string | string[];
  line?: {
    color?: string;
    width?: number;
    dash?: "solid" | "dot" | "dash" | "dashdot" | "longdash";
    shape?: "linear" | "hv";
  };
  /** One colour and symbol, or one per point. */
  marker?: {
    color?: string | string[];
    size?: number;
    symbol?: string | string[];
    line?: { color?: string; width?: number };
  };
  error_x?: ErrorBars;
  error_y?: ErrorBars;
  stackgroup?: string;
  fillcolor?: string;
  showlegend?: boolean;
  [key: string]: unknown;
}

/** A matrix of cells, `z[row][column]`; `null` is an empty cell. */
export interface HeatmapTrace {
  type: "heatmap";
  x?: Datum[];
  y?: Datum[];
  z: (number | null)[][];
  text?: string[][];
  texttemplate?: string;
  hovertext?: string[][];
  hoverinfo?: string;
  colorscale: ColorScale;
  zmin: number;
  zmax: number;
  showscale?: boolean;
  colorbar?: { title?: { text: string; side?: string }; ticksuffix?: string; [key: string]: unknown };
  xgap?: number;
  ygap?: number;
  [key: string]: unknown;
}

/** Boxes from quantiles, one per name on the axis; horizontal if `orientation` is `h`. */
export interface BoxTrace {
  type: "box";
  name?: string;
  orientation?: "v" | "h";
  x?: Datum[];
  y?: Datum[];
  lowerfence: number[];
  q1: number[];
  median: number[];
  q3: number[];
  upperfence: number[];
  fillcolor?: string;
  line?: { color?: string; width?: number };
  [key: string]: unknown;
}

/** Flows between named nodes: `link.source[i]` to `link.target[i]`, indices into `node.label`. */
export interface SankeyTrace {
  type: "sankey";
  node: { label: string[]; color: string[]; [key: string]: unknown };
  link: { source: number[]; target: number[]; value: number[]; color?: string[]; [key: string]: unknown };
  [key: string]: unknown;
}

/** Nested shares: a node's value includes those of its children. */
export interface IcicleTrace {
  type: "icicle";
  ids: string[];
  labels: string[];
  /** Ids; the root's is empty. */
  parents: string[];
  values: number[];
  branchvalues: "total";
  marker: { colors: string[]; [key: string]: unknown };
  text?: string[];
  [key: string]: unknown;
}

/** Any other Plotly trace, drawn by Plotly only. */
export interface OtherTrace {
  type: string;
  [key: string]: unknown;
}

export type Trace = BarTrace | ScatterTrace | HeatmapTrace | BoxTrace | SankeyTrace | IcicleTrace;

/** One axis: its title carries the unit. */
export interface Axis {
  title?: { text: string; standoff?: number; font?: { size: number } };
  type?: "linear" | "log" | "category" | "-";
  tickvals?: Datum[];
  ticktext?: string[];
  ticksuffix?: string;
  range?: [number, number];
  autorange?: boolean | "reversed";
  visible?: boolean;
  showgrid?: boolean;
  showticklabels?: boolean;
  [key: string]: unknown;
}

/** A rectangle or line in the coordinates of the axes. */
export interface Shape {
  type: "rect" | "line";
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  line: { color: string; width: number };
  [key: string]: unknown;
}

export interface Layout {
  title?: {
    text: string;
    subtitle?: { text: string; font?: { size: number } };
    [key: string]: unknown;
  };
  xaxis?: Axis;
  yaxis?: Axis;
  barmode?: "group" | "stack" | "overlay";
  shapes?: Shape[];
  height?: number;
  showlegend?: boolean;
  [key: string]: unknown;
}

/** The source of a figure: a plan, its result, and the SHA-256 of the canonical JSON of both. */
export interface Run {
  plan: unknown;
  result: unknown;
  sha256: string;
}

/** A Plotly figure and the runs it was computed from. */
export interface Figure {
  data: (Trace | OtherTrace)[];
  layout: Layout;
  runs?: Run[];
}

/**
 * True for any object with Plotly's `data` and `layout`.
 * @example
 * ```ts
 * import { chart, isFigure } from "pageblock";
 *
 * isFigure(chart.lines({ series: [{ name: "n²", x: [1, 2], y: [1, 4] }] })); // => true
 * isFigure("a picture"); // => false
 * ```
 */
export function isFigure(value: unknown): value is Figure {
  const figure = value as Figure | null;
  return (
    typeof figure === "object" &&
    figure !== null &&
    Array.isArray(figure.data) &&
    typeof figure.layout === "object" &&
    figure.layout !== null
  );
}
