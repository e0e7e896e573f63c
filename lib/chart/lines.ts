/** Lines: y against x, one line per series, with marked points. */
import { InputError } from "../base/errors";
import type { Axis, Datum, Figure, ScatterTrace } from "./figure";
import { label } from "./labels";
import { headRoom, layoutOf, legendNames, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { DASHES, SERIES, SYMBOLS } from "./palette";
import { withRuns } from "./run";

/** One line; `x` and `y` are of equal length, `null` in `y` leaves a gap. */
export interface LineSeries {
  name: string;
  x: Datum[];
  y: (number | null)[];
  color?: string;
  /** A step holds its value until the next x. */
  step?: boolean;
}

export interface LineOptions extends Words {
  series: LineSeries[];
  logX?: boolean;
  logY?: boolean;
  height?: number;
}

/**
 * Lines with points. Throws InputError if x and y of a series differ in length.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.lines({ title: "Squares", series: [{ name: "n²", x: [1, 2, 3], y: [1, 4, 9] }] });
 * ```
 */
export function lines(options: LineOptions): Figure {
  const data = options.series.map((one, at): ScatterTrace => {
    if (one.x.length !== one.y.length)
      throw new InputError(
        `lines: series ${JSON.stringify(one.name)} must have as many y as x (${one.x.length}): got ${one.y.length}`,
      );
    const color = one.color ?? SERIES[at % SERIES.length]!;
    return {
      type: "scatter",
      mode: "lines+markers",
      name: label(one.name),
      x: one.x.map((x) => (typeof x === "string" ? label(x) : x)),
      y: [...one.y],
      line: { color, width: 2, dash: DASHES[at % DASHES.length]!, shape: one.step ? "hv" : "linear" },
      marker: { color, size: 7, symbol: SYMBOLS[at % SYMBOLS.length]! },
    };
  });
  const head = headRoom(options, options.series.length > 1 ? legendNames(data) : []);
  const figure: Figure = {
    data,
    layout: layoutOf(options, options.height ?? 320 + head, {
      showlegend: options.series.length > 1,
      margin: { l: 80, r: 20, t: head, b: 60 },
      xaxis: axisOf(
        options.logX,
        options.series.flatMap((one) => one.x),
      ),
      yaxis: options.logY ? valuesAxis(options.series) : {},
    }),
  };
  return withRuns(figure, options.from);
}

/** Ticks of a logarithmic axis are written out, so that no unit is shortened to k or µ. */
function valuesAxis(series: readonly LineSeries[]): Axis {
  return logAxis(series.flatMap((one) => one.y).filter((y): y is number => y !== null && y > 0));
}

/** Up to this number of values, a logarithmic axis shows each as a tick. */
const TICKS_MAX = 12;

function axisOf(log: boolean | undefined, values: Datum[]): Axis {
  if (!log) return {};
  const ticks = [...new Set(values)].filter((v): v is number => typeof v === "number").sort((a, b) => a - b);
  const axis: Axis = { type: "log", exponentformat: "none" };
  if (ticks.length === 0 || ticks.length > TICKS_MAX) return { ...axis, dtick: 1 };
  return { ...axis, tickvals: ticks, ticktext: ticks.map(String) };
}
