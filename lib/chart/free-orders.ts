/** Free memory by order: one point in time as bars, and /proc/buddyinfo over time as stacked areas. */
import { InputError } from "../base/errors";
import { formatSize, MiB } from "../base/units";
import { bars } from "./bars";
import type { Figure, ScatterTrace } from "./figure";
import { label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { colorAt, faded, LOW_TO_HIGH, MIGRATETYPE_COLORS } from "./palette";
import { withRuns } from "./run";
import { everyNth, thinned, withNote } from "./thin";

/** Free blocks by order of one zone or one migrate type. */
export interface FreeBlocks {
  name: string;
  /** Index is the order. */
  freeBlocks: readonly number[];
}

export interface FreeByOrderOptions extends Words {
  /** Stacked parts; those named like a migrate type get its colour. */
  parts: readonly FreeBlocks[];
  pageBytes: number;
}

/**
 * Free memory (MiB) by order. Throws InputError if parts have different numbers of orders.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running();
 * chart.freeByOrder({
 *   title: "Free memory after boot",
 *   parts: [{ name: "all zones", freeBlocks: m.freeBlocks() }],
 *   pageBytes: m.pageSize,
 * });
 * ```
 */
export function freeByOrder(options: FreeByOrderOptions): Figure {
  const { parts, pageBytes } = options;
  const orders = parts[0]?.freeBlocks.length ?? 0;
  for (const part of parts)
    if (part.freeBlocks.length !== orders)
      throw new InputError(
        `free by order: ${JSON.stringify(part.name)} must have ${orders} orders: got ${part.freeBlocks.length}`,
      );
  const figure = bars({
    xTitle: "order (size of a block)",
    yTitle: "free memory (MiB)",
    ...options,
    stacked: true,
    lying: false,
    categories: Array.from({ length: orders }, (_, order) => nameOf(order, pageBytes)),
    series: parts.map((part) => ({
      name: part.name,
      values: part.freeBlocks.map((blocks, order) => (blocks * 2 ** order * pageBytes) / MiB),
      ...(MIGRATETYPE_COLORS[part.name] === undefined ? {} : { color: MIGRATETYPE_COLORS[part.name]! }),
    })),
  });
  figure.data.forEach((trace, at) => {
    trace.hovertext = parts[at]!.freeBlocks.map(
      (blocks, order) =>
        `${label(parts[at]!.name)}: ${number(blocks)} blocks of ${formatSize(2 ** order * pageBytes)}, ${formatSize(blocks * 2 ** order * pageBytes)}`,
    );
    trace.hoverinfo = "text";
  });
  const names = Array.from({ length: orders }, (_, order) => nameOf(order, pageBytes));
  figure.layout.xaxis = {
    ...figure.layout.xaxis,
    tickvals: names,
    ticktext: names.map((_, order) => `${order}<br>${formatSize(2 ** order * pageBytes)}`),
  };
  return figure;
}

export interface BuddyinfoOptions extends Words {
  /** Ascending times in the unit of `xTitle` (default: modelled time in ms). */
  at: readonly number[];
  /** `freeBlocks[moment][order]`, as /proc/buddyinfo counts them. */
  freeBlocks: readonly (readonly number[])[];
  pageBytes: number;
}

/** The most times drawn; more are thinned. */
const MOMENTS_MAX = 300;

/**
 * Free memory (MiB) over time: one area per order, the smallest order at the bottom.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running();
 * const before = m.freeBlocks();
 * const after = m.fill("anon", "256MiB").free(0.5).freeBlocks();
 * chart.buddyinfoOverTime({
 *   title: "Free memory by order",
 *   at: [0, 1],
 *   xTitle: "steps",
 *   freeBlocks: [before, after],
 *   pageBytes: m.pageSize,
 * });
 * ```
 */
export function buddyinfoOverTime(options: BuddyinfoOptions): Figure {
  const { at, freeBlocks, pageBytes } = options;
  if (at.length !== freeBlocks.length || at.length === 0)
    throw new InputError(
      `buddyinfo over time: there must be one row of free blocks per time (${at.length}): got ${freeBlocks.length}`,
    );
  const moments = everyNth(at.length, MOMENTS_MAX);
  const orders = freeBlocks[0]!.length;
  const data = Array.from({ length: orders }, (_, order): ScatterTrace => {
    const color = colorAt(LOW_TO_HIGH, orders === 1 ? 0 : order / (orders - 1));
    return {
      type: "scatter",
      mode: "lines",
      name: nameOf(order, pageBytes),
      x: moments.map((i) => at[i]!),
      y: moments.map((i) => ((freeBlocks[i]![order] ?? 0) * 2 ** order * pageBytes) / MiB),
      stackgroup: "free",
      line: { color, width: 1 },
      fillcolor: faded(color, 0.85),
      hovertext: moments.map((i) => `${number(freeBlocks[i]![order] ?? 0)} blocks of order ${order}`),
      hoverinfo: "x+y+text",
    };
  });
  const words = {
    xTitle: "modelled time (ms)",
    yTitle: "free memory (MiB)",
    ...options,
    ...withNote(options.subtitle, thinned(at.length, moments.length, "moments")),
  };
  const figure: Figure = {
    data,
    layout: layoutOf(words, 440, {
      showlegend: true,
      legend: { orientation: "v", x: 1.01, y: 1, yanchor: "top", traceorder: "reversed" },
      margin: { l: 80, r: 130, t: headRoom(words, []), b: 60 },
      yaxis: { rangemode: "tozero" },
    }),
  };
  return withRuns(figure, options.from);
}

const nameOf = (order: number, pageBytes: number) => `${order} (${formatSize(2 ** order * pageBytes)})`;
