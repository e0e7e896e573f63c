/** A table of coloured cells with text: rows × columns, coloured by a number. */
import { InputError } from "../base/errors";
import type { ColorScale, Figure, HeatmapTrace, ScatterTrace } from "./figure";
import { label, labels } from "./labels";
import { headRoom, layoutOf, legendNames, type Words } from "./layout";
import { colorAt, LITTLE_TO_MUCH, OKABE_ITO } from "./palette";
import { withRuns } from "./run";

/** One cell: its text, its share (0 to 1, or `null` for a failure), and its hover text (Plotly's markup). */
export interface TableCell {
  text: string;
  share: number | null;
  hover?: string;
  /** There is nothing to measure, such as for a board without such pages: the cell is grey. */
  absent?: boolean;
}

export interface CellTableOptions extends Words {
  /** Names of the rows, top first. */
  rows: string[];
  columns: string[];
  /** `cells[row][column]`. */
  cells: TableCell[][];
  /** The meaning of the colour: `share of the machine`. */
  shareTitle: string;
  /** The meaning of a cell without a share: `fails`. */
  failureTitle?: string;
}

/**
 * The figure; throws InputError if the cells do not fill rows × columns.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.cellTable({
 *   title: "Areas granted",
 *   rows: ["4 KiB pages"],
 *   columns: ["64 MiB"],
 *   cells: [[{ text: "granted", share: 0.06 }]],
 *   shareTitle: "of the memory",
 * });
 * ```
 */
export function cellTable(options: CellTableOptions): Figure {
  const { rows, columns, cells } = options;
  if (cells.length !== rows.length || cells.some((row) => row.length !== columns.length))
    throw new InputError(
      `cell table: cells must be ${rows.length} rows of ${columns.length}: got ${cells.map((row) => row.length).join(", ")}`,
    );
  const absent = cells.flat().some((cell) => cell.absent);
  const heatmap: HeatmapTrace = {
    type: "heatmap",
    x: labels(columns),
    y: labels(rows),
    z: cells.map((row) => row.map((cell) => (cell.absent ? ABSENT : (cell.share ?? FAILED)))),
    text: cells.map((row) => row.map((cell) => label(cell.text))),
    texttemplate: "%{text}",
    hovertext: cells.map((row) => row.map((cell) => cell.hover ?? label(cell.text))),
    hoverinfo: "text",
    colorscale: absent ? withAbsence() : withFailure(),
    zmin: absent ? ABSENT : FAILED,
    zmax: 1,
    showscale: false,
    xgap: 2,
    ygap: 2,
  };
  const keys = legend(options);
  const head = headRoom(options, legendNames(keys));
  const figure: Figure = {
    data: [heatmap, ...keys],
    layout: layoutOf(options, head + 60 + rows.length * 38, {
      showlegend: true,
      margin: { l: 110, r: 20, t: head, b: 60 },
      xaxis: { type: "category", showgrid: false, fixedrange: true },
      yaxis: { type: "category", autorange: "reversed", showgrid: false, fixedrange: true },
    }),
  };
  return withRuns(figure, options.from);
}

/** Failures are below every share, so that one colour scale holds both. */
const FAILED = -1;
const ABSENT = -2;
const GREY = "#b8b8b8";

function withFailure(): ColorScale {
  const shares = LITTLE_TO_MUCH.map(([at, color]): [number, string] => [0.5 + at / 2, color]);
  return [[0, OKABE_ITO.vermillion], [0.499, OKABE_ITO.vermillion], ...shares];
}

/** From ABSENT to 1: two thirds lie below 0. */
function withAbsence(): ColorScale {
  const shares = LITTLE_TO_MUCH.map(([at, color]): [number, string] => [2 / 3 + at / 3, color]);
  return [[0, GREY], [1 / 6, GREY], [1 / 6, OKABE_ITO.vermillion], [0.666, OKABE_ITO.vermillion], ...shares];
}

function legend(options: CellTableOptions): ScatterTrace[] {
  const square = (name: string, color: string): ScatterTrace => ({
    type: "scatter",
    mode: "markers",
    name,
    x: [null],
    y: [null],
    marker: { color, size: 13, symbol: "square" },
    showlegend: true,
    hoverinfo: "skip",
  });
  const failed = options.cells.flat().some((cell) => cell.share === null && !cell.absent);
  return [
    ...[0, 0.5, 1].map((share) =>
      square(
        `${share * 100} %${share === 1 ? ` ${label(options.shareTitle)}` : ""}`,
        colorAt(LITTLE_TO_MUCH, share),
      ),
    ),
    ...(failed ? [square(label(options.failureTitle ?? "fails"), OKABE_ITO.vermillion)] : []),
  ];
}
