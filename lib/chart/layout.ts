/** The look every figure shares: transparent paper, one ink for light and dark, axis titles with their units. */
import { largestOf } from "../base/extremes";
import type { Axis, Layout } from "./figure";
import { label } from "./labels";
import { GRID, INK, SERIES } from "./palette";
import type { Planned } from "./run";

/** Title, subtitle and labels of a chart, shown literally. An axis title ends with its unit: `reserved (MiB)`. */
export interface Words {
  title?: string;
  /** One line under the title: what to see. */
  subtitle?: string;
  xTitle?: string;
  yTitle?: string;
  /** The results that the figure was computed from; stored with it, so that a write-up can name the plans. */
  from?: readonly Planned[] | undefined;
}

const WORDS_MAX = 300;

/** The base layout; `height` is in CSS pixels, the width is that of the page. */
export function layoutOf(words: Words, height: number, more: Partial<Layout> = {}): Layout {
  const { xaxis, yaxis, ...rest } = more;
  return {
    ...(words.title === undefined && words.subtitle === undefined ? {} : { title: titleOf(words) }),
    height,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: INK, size: 13, family: "system-ui, sans-serif" },
    colorway: [...SERIES],
    margin: { l: 80, r: 20, t: words.subtitle === undefined ? 80 : 100, b: 60 },
    ...(more.showlegend === false ? {} : { legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" } }),
    hoverlabel: { align: "left" },
    xaxis: axisOf(words.xTitle, xaxis),
    yaxis: axisOf(words.yTitle, yaxis),
    ...rest,
  };
}

/** Letters in a legend, in pixels, and the square or line before them. */
const LETTER = 7.4;
const KEY = 48;
const LEGEND_WIDTH = 640;
const LEGEND_ROW = 20;

/**
 * Pixels above the axes for title, subtitle and a legend of `names` in as many rows as Plotly needs: its columns are as
 * wide as the longest name.
 */
export function headRoom(words: Words, names: readonly string[]): number {
  const widest = Math.max(0, largestOf(names.map((name) => name.length))) * LETTER + KEY;
  const columns = Math.max(1, Math.floor(LEGEND_WIDTH / widest));
  const rows = Math.ceil(names.length / columns);
  return 54 + (words.subtitle === undefined ? 0 : 26) + rows * LEGEND_ROW;
}

function titleOf(words: Words): NonNullable<Layout["title"]> {
  return {
    text: label(words.title ?? "", WORDS_MAX),
    x: 0,
    xref: "paper",
    xanchor: "left",
    y: 1,
    yref: "container",
    yanchor: "top",
    pad: { t: 14 },
    ...(words.subtitle === undefined ? {} : { subtitle: { text: label(words.subtitle, WORDS_MAX) } }),
  };
}

function axisOf(title: string | undefined, more: Axis | undefined): Axis {
  return {
    gridcolor: GRID,
    zerolinecolor: GRID,
    automargin: true,
    ...(title === undefined ? {} : { title: { text: label(title, WORDS_MAX) } }),
    ...more,
  };
}
