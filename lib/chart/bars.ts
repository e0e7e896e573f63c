/** Bars: one group per category, with one bar per series. */
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import type { Axis, BarTrace, Figure } from "./figure";
import { label, labels } from "./labels";
import { layoutOf, type Words } from "./layout";
import { SERIES } from "./palette";
import { withRuns } from "./run";

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
}

/**
 * Grouped (or stacked) bars. Throws InputError if a series does not have one value per category.
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
  const data = series.map((one, at): BarTrace => {
    if (one.values.length !== categories.length)
      throw new InputError(
        `bars: series ${JSON.stringify(one.name)} must have one value per category (${categories.length}): got ${one.values.length}`,
      );
    return {
      type: "bar",
      name: label(one.name),
      x: labels(categories),
      y: [...one.values],
      marker: { color: one.color ?? SERIES[at % SERIES.length]! },
      ...(one.labels === undefined
        ? {}
        : { text: labels(one.labels), textposition: "outside", cliponaxis: false }),
    };
  });
  const yaxis: Axis = options.log ? logAxis(series.flatMap((one) => one.values)) : { rangemode: "tozero" };
  const figure: Figure = {
    data,
    layout: layoutOf(options, options.height ?? 400, {
      barmode: options.stacked ? "stack" : "group",
      showlegend: series.length > 1,
      xaxis: { type: "category" },
      yaxis,
    }),
  };
  return withRuns(figure, options.from);
}

/** From the power of ten below the least value, so that the least bar has a height, to a little above the greatest. */
function logAxis(values: (number | null)[]): Axis {
  const logs = values.filter((v): v is number => v !== null && v > 0).map(Math.log10);
  const axis: Axis = { type: "log", dtick: 1, exponentformat: "none" };
  if (logs.length === 0) return axis;
  return { ...axis, range: [Math.ceil(leastOf(logs)) - 1, largestOf(logs) + 0.2] };
}
