/** A sweep over two parameters as a heat map: the value in the cell, its interval in the hover text. */
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import type { Figure, HeatmapTrace } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { AMOUNT } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

/** One combination of parameters; low and high are its interval. */
export interface SweepCell {
  value: number;
  low?: number;
  high?: number;
  /** Its basis: `64 runs`. */
  basis?: string;
  /** Lines written in the cell in place of the value, such as the counts of a share: `27 of 32`. */
  text?: readonly string[];
}

/** A parameter: its values (numbers or names) as labels of the axis, in order. */
export interface SweepOptions extends Words {
  x: readonly (number | string)[];
  y: readonly (number | string)[];
  /** `cells[y][x]`; null if there is no run. */
  cells: readonly (readonly (SweepCell | null)[])[];
  /** Name and unit of the value: `success rate (%)`. */
  valueTitle: string;
  /** Ends of the colour scale; default the smallest and the greatest value. */
  range?: readonly [number, number];
  /** The colour scale beside the map, unless the text in the cells says it all; default true. */
  scale?: boolean;
}

/** The most columns or rows; with more, neighbouring cells are averaged. */
const SIDE_MAX = 48;
/** The most columns that leave room for text, for `27 of 32` in one line, and the most rows that leave room for two lines. */
const TEXT_COLUMNS_MAX = 16;
const LINE_COLUMNS_MAX = 5;
const LINES_ROWS_MAX = 16;
/** Pixels of the cells of a row on a phone, and of a letter. */
const NARROW_PLOT = 260;
const LETTER = 6.5;

/**
 * The figure; values of both parameters are equally spaced. Throws InputError if the cells do not fill y × x.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.sweepMap({
 *   title: "Requests granted",
 *   x: ["1 MiB", "16 MiB"],
 *   y: ["buddy"],
 *   cells: [[{ value: 100 }, { value: 0 }]],
 *   valueTitle: "granted (%)",
 * });
 * ```
 */
export function sweepMap(options: SweepOptions): Figure {
  const { x, y, cells } = options;
  if (cells.length !== y.length || cells.some((row) => row.length !== x.length) || x.length * y.length === 0)
    throw new InputError(
      `sweep map: cells must be ${y.length} rows of ${x.length}, and not none: got ${cells.map((row) => row.length).join(", ") || "none"}`,
    );
  const across = Math.ceil(x.length / SIDE_MAX);
  const down = Math.ceil(y.length / SIDE_MAX);
  const [xs, ys] = [joined(x, across), joined(y, down)];
  const shown = ys.map((_, row) => xs.map((_, column) => averaged(cells, row, column, down, across)));
  const values = shown.flat().flatMap((cell) => (cell === null ? [] : [cell.value]));
  if (values.length === 0) throw new InputError("sweep map: there must be a cell with a value: got none");
  const [zmin, zmax] = options.range ?? [leastOf(values), largestOf(values)];
  const heatmap: HeatmapTrace = {
    type: "heatmap",
    x: xs,
    y: ys,
    z: shown.map((row) => row.map((cell) => (cell === null ? null : Number(cell.value.toPrecision(6))))),
    ...(xs.length > TEXT_COLUMNS_MAX
      ? {}
      : {
          text: shown.map((row) =>
            row.map((cell) => (cell === null ? "" : textOf(cell, xs.length, ys.length))),
          ),
          texttemplate: "%{text}",
        }),
    hovertext: shown.map((row, j) => row.map((cell, i) => hoverOf(cell, xs[i]!, ys[j]!, options))),
    hoverinfo: "text",
    colorscale: AMOUNT,
    zmin,
    zmax: zmax > zmin ? zmax : zmin + 1,
    ...(options.scale === false ? { showscale: false } : { showscale: true, colorbar: colorbar(options) }),
    xgap: 2,
    ygap: 2,
  };
  const note =
    across * down === 1 ? undefined : `a cell is the mean of ${down} × ${across} runs of the sweep`;
  const said = { ...options, ...withNote(options.subtitle, note) };
  const head = headRoom(said, []);
  const figure: Figure = {
    data: [heatmap],
    layout: layoutOf(said, head + 75 + heightOf(ys.length), {
      showlegend: false,
      margin: { l: 110, r: 20, t: head, b: 70 },
      xaxis: { type: "category", showgrid: false },
      yaxis: { type: "category", showgrid: false },
    }),
  };
  return withRuns(figure, options.from);
}

/** Pixels of the cells of all rows: room for the title of the axis in any case. */
const heightOf = (rows: number) =>
  Math.max(90, Math.min(520, rows * Math.max(12, Math.min(38, Math.floor(520 / rows)))));

const colorbar = ({ valueTitle }: SweepOptions) => ({
  title: { text: label(valueTitle), side: "right" },
  thickness: 14,
  outlinewidth: 0,
});

/** Names of `by` neighbouring values at a time. */
function joined(values: readonly (number | string)[], by: number): string[] {
  const names: string[] = [];
  for (let at = 0; at < values.length; at += by) {
    const [first, last] = [values[at]!, values[Math.min(at + by, values.length) - 1]!];
    names.push(by === 1 ? String(first) : `${first}–${last}`);
  }
  return distinctLabels(names, 32);
}

/** In narrow cells a count takes two lines, if rows are high enough; otherwise the value stands for it. */
function textOf({ value, text }: SweepCell, columns: number, rows: number): string {
  if (text === undefined) return number(value);
  const longest = largestOf(text.map((line) => line.length));
  const wide = columns <= LINE_COLUMNS_MAX || longest * LETTER <= NARROW_PLOT / columns;
  const lines = wide
    ? text
    : text
        .map((line) => line.replace(/ of /, "\nof "))
        .join("\n")
        .split("\n");
  if (lines.length > 1 && rows > LINES_ROWS_MAX) return number(value);
  return lines.map((line) => label(line)).join("<br>");
}

function averaged(
  cells: SweepOptions["cells"],
  row: number,
  column: number,
  down: number,
  across: number,
): SweepCell | null {
  if (down * across === 1) return cells[row]![column]!;
  const inside = cells
    .slice(row * down, (row + 1) * down)
    .flatMap((line) => line.slice(column * across, (column + 1) * across))
    .filter((cell) => cell !== null);
  if (inside.length === 0) return null;
  const mean = inside.reduce((sum, cell) => sum + cell.value, 0) / inside.length;
  return { value: mean, basis: `mean of ${inside.length} cells` };
}

function hoverOf(cell: SweepCell | null, x: string, y: string, options: SweepOptions): string {
  const place = [
    `${options.xTitle === undefined ? "x" : label(options.xTitle)}: ${x}`,
    `${options.yTitle === undefined ? "y" : label(options.yTitle)}: ${y}`,
  ];
  if (cell === null) return [...place, "not run"].join("<br>");
  const interval =
    cell.low === undefined || cell.high === undefined ? "" : ` (${number(cell.low)} to ${number(cell.high)})`;
  const value = `${label(options.valueTitle)}: ${number(cell.value)}${interval}`;
  return [...place, value, ...(cell.basis === undefined ? [] : [label(cell.basis)])].join("<br>");
}
