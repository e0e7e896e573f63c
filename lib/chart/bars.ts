/** Bars: one group per category, with one bar per series. */
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import type { Axis, BarTrace, Figure } from "./figure";
import { label, labels, number } from "./labels";
import { headRoom, layoutOf, legendNames, UNGRIDDED, type Words } from "./layout";
import { SERIES } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";
import { knownWay } from "./ways";

/** One series: a value per category, `null` if there is none. `labels` are written on the bars. */
export interface BarSeries {
  name: string;
  values: (number | null)[];
  labels?: string[];
  color?: string;
}

export interface BarOptions extends Words {
  categories: string[];
  series: BarSeries[];
  stacked?: boolean;
  /** Logarithmic axis, for values that span orders of magnitude. */
  log?: boolean;
  height?: number;
  /** Bars that lie, with the categories one below the other; default: if the categories have no room side by side. */
  lying?: boolean;
}

/** Categories with longer names, or more letters in all, have no room side by side on a phone or on paper. */
const LETTERS_MAX = 14;
const ALL_LETTERS_MAX = 64;
/** Standing bars have their values written on them if these fit side by side: pixels of the plot, and of a letter. */
const PLOT = 620;
const LETTER = 7;
const BAR = 17;

/**
 * Grouped (or stacked) bars, lying if there are many categories or long names. Throws InputError if a series does not have one
 * value per category.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.bars({
 *   title: "Requests granted",
 *   categories: ["buddy", "cma"],
 *   series: [{ name: "6.1", values: [3, 20] }],
 * });
 * ```
 */
export function bars(options: BarOptions): Figure {
  const { categories, series } = options;
  for (const one of series)
    if (one.values.length !== categories.length)
      throw new InputError(
        `bars: series ${JSON.stringify(one.name)} must have one value per category (${categories.length}): got ${one.values.length}`,
      );
  const lying = options.lying ?? lacksRoom(categories);
  const data = series.map((one, at) => barsOf(options, one, at, lying));
  const { xTitle, yTitle, ...rest } = options;
  // Names that lie below each other need no title that stands beside them.
  const [across, up] = lying ? [yTitle, undefined] : [xTitle, yTitle];
  const turned = { ...(across && { xTitle: across }), ...(up && { yTitle: up }) };
  const down = lying && xTitle ? `down: ${xTitle}` : undefined;
  const words: Words = { ...rest, ...turned, ...withNote(options.subtitle, down, allEqual(options)) };
  const head = headRoom(words, series.length > 1 ? legendNames(data) : []);
  const amounts: Axis = {
    ...(data.every((trace) => trace.text !== undefined) ? UNGRIDDED : {}),
    ...(options.log ? logAxis(series.flatMap((one) => one.values)) : { rangemode: "tozero" }),
  };
  const names: Axis = lying
    ? { type: "category", autorange: "reversed", showgrid: false }
    : { type: "category", tickangle: 0, showgrid: false };
  const rows = categories.length * (BAR * (options.stacked ? 1 : series.length) + 12);
  const figure: Figure = {
    data,
    layout: layoutOf(words, options.height ?? (lying ? head + 80 + rows : 320 + head), {
      barmode: options.stacked ? "stack" : "group",
      ...(lying ? { bargap: 0.3 } : {}),
      showlegend: series.length > 1,
      margin: { l: 80, r: lying ? 20 + 7 * widestText(data) : 20, t: head, b: 60 },
      xaxis: lying ? amounts : names,
      yaxis: lying ? names : amounts,
    }),
  };
  return withRuns(figure, options.from);
}

function lacksRoom(categories: readonly string[]): boolean {
  const lengths = categories.map((name) => name.length);
  return (
    largestOf(lengths) > LETTERS_MAX ||
    largestOf(lengths) * categories.length > ALL_LETTERS_MAX ||
    categories.some((name) => knownWay(name) !== undefined)
  );
}

const widestText = (data: readonly BarTrace[]): number =>
  largestOf([0, ...data.flatMap((trace) => (trace.text ?? []).map((text) => text.length))]);

function barsOf(options: BarOptions, one: BarSeries, at: number, lying: boolean): BarTrace {
  const { categories, series, stacked } = options;
  const written = one.labels ?? (stacked || !(lying || fits(series)) ? undefined : one.values.map(valueText));
  const ways = series.length === 1 && one.color === undefined ? categories.map(knownWay) : [];
  const own = one.color ?? SERIES[at % SERIES.length]!;
  const names = labels(categories);
  const values = [...one.values];
  return {
    type: "bar",
    name: label(one.name),
    ...(lying ? { orientation: "h" as const, x: values, y: names } : { x: names, y: values }),
    marker: {
      color: ways.some((way) => way !== undefined) ? ways.map((way) => way?.color ?? own) : own,
    },
    ...(written === undefined
      ? {}
      : { text: labels(written), textposition: "outside", textangle: 0, cliponaxis: false }),
  };
}

/** Whether the values of standing bars have room beside each other. */
function fits(series: readonly BarSeries[]): boolean {
  const texts = series.flatMap((one) => one.values.map(valueText));
  return texts.length * (Math.max(0, largestOf(texts.map((text) => text.length))) * LETTER + 4) <= PLOT;
}

const valueText = (value: number | null) => (value === null ? "" : number(value));

/** What a picture of equal bars would leave to be seen. */
function allEqual({ series, categories, yTitle }: BarOptions): string | undefined {
  const [first] = series[0]?.values ?? [];
  const same = series.length === 1 && categories.length > 1 && first !== undefined && first !== null;
  if (!same || series[0]!.values.some((value) => value !== first)) return undefined;
  const unit = /\(([^()]{1,30})\)$/.exec(yTitle ?? "")?.[1];
  return `all ${categories.length} are equal: ${number(first)}${unit === undefined ? "" : ` ${unit}`}`;
}

/** From the power of ten below the least value, so that the least bar has a length, to a little above the greatest. */
function logAxis(values: (number | null)[]): Axis {
  const logs = values.filter((v): v is number => v !== null && v > 0).map(Math.log10);
  if (logs.length === 0) return { type: "log" };
  const [from, to] = [Math.ceil(leastOf(logs)) - 1, largestOf(logs) + 0.2];
  const ticks = Array.from({ length: Math.floor(to) - from + 1 }, (_, at) =>
    Number((10 ** (from + at)).toPrecision(6)),
  );
  return {
    type: "log",
    range: [from, to],
    tickvals: ticks,
    ticktext: ticks.map((tick) => (tick >= 1 ? number(tick) : String(tick))),
  };
}
