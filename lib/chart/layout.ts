/** The look every figure shares: transparent paper, one ink for light and dark, axis titles with their units. */
import { largestOf } from "../base/extremes";
import type { Axis, Figure, Layout } from "./figure";
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

const WORDS_MAX = 450;
/** Letters of a line of the title, and of the subtitle, in the static picture of 760 pixels. */
const TITLE_LINE = 78;
const SUBTITLE_LINE = 104;
const TITLE_HEIGHT = 24;
const SUBTITLE_HEIGHT = 19;

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
    margin: { l: 80, r: 20, t: headRoom(words, []), b: 60 },
    ...(more.showlegend === false ? {} : { legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" } }),
    hoverlabel: { align: "left" },
    // Transparent paper would make the bar of buttons half black.
    modebar: { bgcolor: "rgba(0,0,0,0)", color: INK, activecolor: INK },
    xaxis: axisOf(words.xTitle, xaxis),
    // At the origin the labels of both axes would meet.
    yaxis: axisOf(words.yTitle, { ticklabelstandoff: 4, ...yaxis }),
    ...rest,
  };
}

/** An axis without lines across the plot, which would run through names and values that stand in it. */
export const UNGRIDDED: Axis = {
  showgrid: false,
  zeroline: false,
  showline: true,
  linecolor: INK,
  ticks: "outside",
  tickcolor: INK,
};

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
  const titles = words.title === undefined ? 1 : broken(words.title, TITLE_LINE).length;
  const under = words.subtitle === undefined ? 0 : broken(words.subtitle, SUBTITLE_LINE).length;
  return 30 + titles * TITLE_HEIGHT + (under === 0 ? 0 : 7 + under * SUBTITLE_HEIGHT) + rows * LEGEND_ROW;
}

/** Names of a legend, without the traces that stand for another one's. */
export const legendNames = (data: Figure["data"]): string[] =>
  data.flatMap(({ name, showlegend }) => (showlegend === false || typeof name !== "string" ? [] : [name]));

function titleOf(words: Words): NonNullable<Layout["title"]> {
  return {
    text: wrapped(words.title ?? "", TITLE_LINE),
    font: { size: 17 },
    x: 0,
    xref: "container",
    xanchor: "left",
    y: 1,
    yref: "container",
    yanchor: "top",
    pad: { t: 14, l: 8 },
    ...(words.subtitle === undefined
      ? {}
      : { subtitle: { text: wrapped(words.subtitle, SUBTITLE_LINE), font: { size: 13 } } }),
  };
}

/** Literal text in lines of about `letters`, in Plotly's markup. */
const wrapped = (text: string, letters: number): string =>
  broken(text, letters)
    .map((line) => label(line, WORDS_MAX))
    .join("<br>");

/** Lines of at most `letters`, broken at spaces; a longer word has a line of its own. */
export function broken(text: string, letters: number): string[] {
  const all = [...text.replace(/\s+/g, " ").trim()];
  const cut = all.length <= WORDS_MAX ? all.join("") : `${all.slice(0, WORDS_MAX - 1).join("")}…`;
  const lines: string[] = [];
  for (const word of cut.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function axisOf(title: string | undefined, more: Axis | undefined): Axis {
  return {
    gridcolor: GRID,
    zerolinecolor: GRID,
    automargin: true,
    ...(title === undefined
      ? {}
      : { title: { text: label(title, WORDS_MAX), font: { size: 13 }, standoff: 8 } }),
    ...more,
  };
}
