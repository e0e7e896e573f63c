/** The axes of a static picture, as ECharts' options. */
import { largestOf, leastOf } from "../../base/extremes";
import type { Axis, Datum, Figure } from "../../chart/figure";
import { GRID, INK } from "../../chart/palette";
import { linesOf, plain } from "../plain-text";
import { NARROW_WIDTH } from "./static-size";

function categoriesOf(figure: Figure, axis: "x" | "y", first: unknown): string[] {
  const seen = new Set<string>(Array.isArray(first) ? first.map(String) : []);
  for (const trace of figure.data)
    for (const value of (trace[axis] as Datum[] | undefined) ?? [])
      if (value !== null) seen.add(String(value));
  return [...seen].map(plain);
}

/** True if an axis has categories rather than numbers, by Plotly's rules. */
export function isCategory(axis: Axis | undefined, figure: Figure, which: "x" | "y"): boolean {
  if (axis?.type === "category") return true;
  if (axis?.type !== undefined && axis.type !== "-") return false;
  const values = figure.data
    .flatMap((t) => (t[which] as Datum[] | undefined) ?? [])
    .filter((v) => v !== null);
  return values.length > 0 && values.every((v) => typeof v === "string" && Number.isNaN(Number(v)));
}

/** Letters of a name at the left of a narrow picture, and pixels of one. */
const NARROW_NAME = 16;
const LETTER_PIXELS = 6.5;

/** The most letters of a line in a name at the left of a picture as wide as stated (pixels). */
export const namesMost = (width: number): number =>
  width > NARROW_WIDTH ? Number.POSITIVE_INFINITY : NARROW_NAME;

/** Names of a narrow picture go on in a line below. */
function brokenNames(figure: Figure, which: "x" | "y", width: number): object {
  if (width > NARROW_WIDTH) return {};
  if (which === "y") return { width: NARROW_NAME * LETTER_PIXELS, overflow: "break" };
  const beside = Math.min(longestLabel(figure), NARROW_NAME) * LETTER_PIXELS;
  const count = categoriesOf(figure, "x", figure.layout.xaxis?.categoryarray).length;
  return { width: (width - 40 - beside) / Math.max(1, count), overflow: "break", fontSize: 9 };
}

/** Options of one axis of a picture as wide as stated, in pixels. */
export function axisOf(
  axis: Axis | undefined,
  figure: Figure,
  { which, width }: { which: "x" | "y"; width: number },
): object {
  const category = isCategory(axis, figure, which);
  const reversed =
    axis?.autorange === "reversed" || (axis?.range !== undefined && axis.range[0] > axis.range[1]);
  const heat = figure.data.some((t) => t.type === "heatmap");
  const range = rangeOf(axis, figure, which);
  return {
    type: category ? "category" : axis?.type === "log" ? "log" : "value",
    ...(category ? { data: categoriesOf(figure, which, axis?.categoryarray) } : {}),
    ...(range && !category ? { min: range[0], max: range[1] } : {}),
    // Values stand at the ends of bars: the longest bar must not reach the end of the axis.
    ...(!range && !category && axis?.type !== "log" && hasValues(figure) ? { boundaryGap: [0, "8%"] } : {}),
    show: axis?.visible !== false,
    inverse: reversed,
    name: plain(axis?.title?.text ?? ""),
    nameLocation: which === "x" ? "middle" : reversed ? "start" : "end",
    nameGap: which === "x" ? (axis?.ticktext?.some((text) => text.includes("<br>")) ? 44 : 30) : 12,
    nameTextStyle: { color: INK, fontSize: 12, align: which === "x" ? "center" : "left" },
    axisLine: { show: !heat, onZero: false, lineStyle: { color: INK } },
    ...(which === "x" ? { position: "bottom" } : {}),
    axisTick: { show: axis?.ticks === "outside" && !category, lineStyle: { color: INK } },
    axisLabel: {
      color: INK,
      fontSize: 11,
      ...labelsOf(axis),
      // Every category is named: ECharts leaves out names that it holds to be too many.
      ...(category ? { interval: 0, hideOverlap: false, ...brokenNames(figure, which, width) } : {}),
      ...(axis?.tickvals || category ? {} : endsOf(range)),
    },
    splitLine: { show: !heat && !category && axis?.showgrid !== false, lineStyle: { color: GRID } },
  };
}

/**
 * Ends of a numeric axis, low first: those given (powers of ten on a logarithmic axis), else a logarithmic axis'
 * values with room.
 */
function rangeOf(axis: Axis | undefined, figure: Figure, which: "x" | "y"): [number, number] | undefined {
  const log = axis?.type === "log";
  if (axis?.range !== undefined) {
    const [low, high] = [...axis.range].sort((a, b) => a - b) as [number, number];
    return log ? [10 ** low, 10 ** high] : [low, high];
  }
  if (!log) return undefined;
  const values = figure.data
    .flatMap((t) => (t[which] as Datum[] | undefined) ?? [])
    .map(Number)
    .filter((v) => v > 0);
  return values.length === 0 ? undefined : [leastOf(values) / 1.4, largestOf(values) * 1.4];
}

const hasValues = (figure: Figure) => figure.data.some((t) => t.type === "bar" && t.text !== undefined);

/** An end that is not a round number gets no label. */
function endsOf(range: [number, number] | undefined): object {
  const isRound = (value: number) => Number(value.toPrecision(1)) === value;
  if (range === undefined) return {};
  return {
    ...(isRound(range[0]) ? {} : { showMinLabel: false }),
    ...(isRound(range[1]) ? {} : { showMaxLabel: false }),
  };
}

/** Length of the longest label of the y axis. */
export function longestLabel(figure: Figure): number {
  const axis = figure.layout.yaxis;
  const names =
    axis?.ticktext !== undefined
      ? axis.ticktext.map(plain)
      : isCategory(axis, figure, "y")
        ? categoriesOf(figure, "y", axis?.categoryarray)
        : [];
  return Math.max(0, largestOf(names.map((name) => name.length)));
}

function labelsOf(axis: Axis | undefined): object {
  const { tickvals, ticktext, ticksuffix } = axis ?? {};
  if (tickvals && ticktext) {
    const texts = new Map(tickvals.map((value, at) => [plain(String(value)), linesOf(ticktext[at] ?? "")]));
    return {
      ...(tickvals.every((value) => typeof value === "number") ? { customValues: tickvals } : {}),
      formatter: (value: unknown) => texts.get(String(value)) ?? "",
    };
  }
  if (axis?.type === "log")
    return { formatter: (value: number) => (Number.isInteger(Math.log10(value)) ? `${value}` : "") };
  return ticksuffix ? { formatter: `{value}${ticksuffix}` } : {};
}
