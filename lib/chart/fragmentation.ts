/** The kernel's two fragmentation indices over time, one line per order. */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { Figure, ScatterTrace } from "./figure";
import { headRoom, layoutOf, type Words } from "./layout";
import { colorAt, DASHES, LOW_TO_HIGH, SYMBOLS } from "./palette";
import { withRuns } from "./run";
import { everyNth, thinned, withNote } from "./thin";

export interface FragmentationOptions extends Words {
  /** `fragmentation`: −1 succeeds, 0 lacks memory, 1 is fragmented; `unusable`: share of free memory, 0 to 1. */
  index: "fragmentation" | "unusable";
  /** Ascending times in the unit of `xTitle` (default: modelled time in ms). */
  at: readonly number[];
  /** `values[moment][order]`, from metrics.fragmentationIndices or metrics.unusableIndices. */
  values: readonly (readonly number[])[];
  /** The orders to draw; default all. */
  orders?: readonly number[];
  pageBytes: number;
}

/** The most times drawn; more are thinned. */
const MOMENTS_MAX = 400;

/**
 * The figure; throws InputError if a time has no row, or an order no column.
 * @example
 * ```ts
 * import { chart, machine, metrics } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running();
 * const before = metrics.unusableIndices(m.freeBlocks());
 * const after = metrics.unusableIndices(m.fill("anon", "256MiB").free(0.5).freeBlocks());
 * chart.fragmentationOverTime({
 *   title: "Free memory falls apart",
 *   index: "unusable",
 *   at: [0, 1],
 *   xTitle: "steps",
 *   values: [before, after],
 *   pageBytes: m.pageSize,
 * });
 * ```
 */
export function fragmentationOverTime(options: FragmentationOptions): Figure {
  const { at, values, pageBytes, index } = options;
  if (at.length !== values.length || at.length === 0)
    throw new InputError(
      `fragmentation over time: there must be one row of values per time (${at.length}): got ${values.length}`,
    );
  const columns = values.reduce((least, row) => Math.min(least, row.length), Number.POSITIVE_INFINITY);
  const orders = options.orders ?? Array.from({ length: columns }, (_, order) => order);
  for (const order of orders)
    if (!Number.isInteger(order) || order < 0 || order >= columns)
      throw new InputError(`fragmentation over time: orders must be 0 to ${columns - 1}: got ${order}`);
  const moments = everyNth(at.length, MOMENTS_MAX);
  const data = orders.map((order, place): ScatterTrace => {
    const color = colorAt(LOW_TO_HIGH, orders.length === 1 ? 0.4 : (0.9 * place) / (orders.length - 1));
    return {
      type: "scatter",
      mode: moments.length > 40 ? "lines" : "lines+markers",
      name: `order ${order} (${formatSize(2 ** order * pageBytes)})`,
      x: moments.map((i) => at[i]!),
      y: moments.map((i) => values[i]![order]!),
      line: { color, width: 2, dash: DASHES[place % DASHES.length]! },
      marker: { color, size: 7, symbol: SYMBOLS[place % SYMBOLS.length]! },
    };
  });
  const fragmentation = index === "fragmentation";
  const words = {
    xTitle: "modelled time (ms)",
    yTitle: fragmentation ? "fragmentation index (no unit)" : "unusable (share of free memory)",
    ...options,
    ...withNote(
      options.subtitle,
      fragmentation ? "−1: would succeed; 0: too little memory; 1: fragmented" : undefined,
      thinned(at.length, moments.length, "moments"),
    ),
  };
  const head = headRoom(
    words,
    data.map((trace) => trace.name ?? ""),
  );
  const figure: Figure = {
    data,
    layout: layoutOf(words, 340 + head, {
      showlegend: true,
      margin: { l: 80, r: 20, t: head, b: 60 },
      yaxis: { range: fragmentation ? [-1.08, 1.08] : [-0.04, 1.04] },
    }),
  };
  return withRuns(figure, options.from);
}
