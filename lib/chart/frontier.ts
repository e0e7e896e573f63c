/** A trade-off between two measures: one point per choice, and the Pareto front of the choices that no other beats. */
import { InputError } from "../base/errors";
import type { Axis, Figure, ScatterTrace } from "./figure";
import { label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { INK, SERIES } from "./palette";
import { withRuns } from "./run";
import { everyNth, withNote } from "./thin";

/** One choice. */
export interface FrontierPoint {
  name: string;
  x: number;
  y: number;
  /** Points of one group share colour and symbol. */
  group?: string;
  /** The counts behind a share: `27 of 32`. The legend shows those of a group of one point. */
  basis?: string;
}

/** A measure: which direction is better, and its scale. Its title (with the unit) is `xTitle` or `yTitle`. */
export interface FrontierAxis {
  better: "less" | "more";
  log?: boolean;
}

export interface FrontierOptions extends Words {
  points: readonly FrontierPoint[];
  x: FrontierAxis;
  y: FrontierAxis;
}

/** The most points off the front, and the most on it; more are thinned. */
const POINTS_MAX = 1000;
/** The most names on a front: more would overlap. Hover text has the others. */
const NAMES_MAX = 12;
const GROUPS_MAX = 14;
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star"];

/**
 * The figure. Throws InputError for a value that is not a number, or not above 0 on a logarithmic axis.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.tradeOffFrontier({
 *   title: "What memory set aside buys",
 *   points: [
 *     { name: "cma", x: 64, y: 1 },
 *     { name: "buddy", x: 0, y: 0.3 },
 *   ],
 *   x: { better: "less" },
 *   xTitle: "idle (MiB)",
 *   y: { better: "more" },
 *   yTitle: "share granted",
 * });
 * ```
 */
export function tradeOffFrontier(options: FrontierOptions): Figure {
  const { points, x, y } = options;
  for (const p of points)
    for (const [which, axis, value] of [
      ["x", x, p.x],
      ["y", y, p.y],
    ] as const)
      if (!Number.isFinite(value) || (axis.log && value <= 0))
        throw new InputError(
          `frontier: ${which} of ${JSON.stringify(p.name)} must be a number${axis.log ? " above 0" : ""}: got ${value}`,
        );
  const front = paretoFront(points, x, y);
  const onFront = new Set(front);
  const others = points.filter((p) => !onFront.has(p));
  const shown = everyNth(others.length, POINTS_MAX).map((at) => others[at]!);
  const line = everyNth(front.length, POINTS_MAX).map((at) => front[at]!);
  const drawn = [...line, ...shown];
  const groups = [...new Set(points.map((p) => p.group ?? ""))];
  const data: ScatterTrace[] = [
    {
      type: "scatter",
      mode: "lines",
      name: "Pareto front",
      x: line.map((p) => p.x),
      y: line.map((p) => p.y),
      line: { color: INK, width: 2, dash: "dot" },
      hoverinfo: "skip",
    },
    ...groups
      .slice(0, GROUPS_MAX)
      .map((group, at) => pointsOf(group, at, drawn, new Set(line), groups.length)),
  ];
  const left =
    shown.length < others.length ? `${drawn.length} of ${points.length} points are drawn` : undefined;
  const better = `better: ${x.better === "less" ? "left" : "right"} and ${y.better === "less" ? "down" : "up"}`;
  const words = { ...options, ...withNote(options.subtitle ?? better, left) };
  const head = headRoom(
    words,
    data.map((trace) => trace.name ?? ""),
  );
  const figure: Figure = {
    data,
    layout: layoutOf(words, 340 + head, {
      showlegend: true,
      margin: { l: 80, r: 40, t: head, b: 60 },
      xaxis: scaleOf(
        x,
        points.map((p) => p.x),
      ),
      yaxis: scaleOf(
        y,
        points.map((p) => p.y),
      ),
    }),
  };
  return withRuns(figure, options.from);
}

/**
 * The points that no other point beats, ordered by x. A point beats another if it is at least as good in both measures
 * and better in one.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * const points = [
 *   { name: "cma", x: 64, y: 1 },
 *   { name: "buddy", x: 0, y: 0.3 },
 *   { name: "wasteful", x: 128, y: 0.9 },
 * ];
 * const front = chart.paretoFront(points, { better: "less" }, { better: "more" });
 * front.map((point) => point.name); // => ["buddy", "cma"]
 * ```
 */
export function paretoFront(
  points: readonly FrontierPoint[],
  x: FrontierAxis,
  y: FrontierAxis,
): FrontierPoint[] {
  const [sx, sy] = [x.better === "less" ? 1 : -1, y.better === "less" ? 1 : -1];
  const sorted = [...points].sort((a, b) => sx * (a.x - b.x) || sy * (a.y - b.y));
  const front: FrontierPoint[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (const p of sorted) {
    const last = front.at(-1);
    const same = last !== undefined && last.x === p.x && last.y === p.y;
    if (sy * p.y < best || same) front.push(p);
    best = Math.min(best, sy * p.y);
  }
  return front.sort((a, b) => a.x - b.x);
}

function pointsOf(
  group: string,
  at: number,
  drawn: readonly FrontierPoint[],
  front: ReadonlySet<FrontierPoint>,
  groups: number,
): ScatterTrace {
  const mine = drawn.filter((p) => (p.group ?? "") === group);
  const color = SERIES[at % SERIES.length]!;
  const named = front.size <= NAMES_MAX;
  return {
    type: "scatter",
    mode: "markers+text",
    name: group === "" ? (groups === 1 ? "choices" : "others") : label(countedName(group, mine)),
    x: mine.map((p) => p.x),
    y: mine.map((p) => p.y),
    text: mine.map((p) => (named && front.has(p) ? nameAt(p, front) : "")),
    textposition: "top center",
    cliponaxis: false,
    hovertext: mine.map(
      (p) =>
        `${label(p.name)}<br>x ${number(p.x)}, y ${number(p.y)}${p.basis === undefined ? "" : `<br>${label(p.basis)}`}${front.has(p) ? "<br>on the Pareto front" : ""}`,
    ),
    hoverinfo: "text",
    marker: { color, size: 10, symbol: SYMBOLS[at % SYMBOLS.length]! },
  };
}

function countedName(group: string, points: readonly FrontierPoint[]): string {
  const basis = points.length === 1 ? points[0]!.basis : undefined;
  return basis === undefined ? group : `${group}, ${basis}`;
}

/** Equal choices overlap: the first shows the names of all, the others none. */
function nameAt(point: FrontierPoint, front: ReadonlySet<FrontierPoint>): string {
  const equal = [...front].filter((p) => p.x === point.x && p.y === point.y);
  if (equal[0] !== point) return "";
  return equal.map((p) => label(p.name, 28)).join(", ");
}

/** With room at both ends, so that names fit. */
function scaleOf(axis: FrontierAxis, values: readonly number[]): Axis {
  if (values.length === 0) return {};
  if (axis.log) return logAxis(values, 0.12);
  const at = [...values];
  const [low, high] = [at.reduce((a, b) => Math.min(a, b)), at.reduce((a, b) => Math.max(a, b))];
  const room = (high - low || 1) * 0.12;
  return {
    zeroline: false,
    range: [low - room, high + room],
  };
}
