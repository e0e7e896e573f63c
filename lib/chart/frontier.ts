/** A trade-off between two measures: one point per choice, and the Pareto front of the choices that no other beats. */
import { InputError } from "../base/errors";
import type { Axis, Figure, ScatterTrace } from "./figure";
import { label, number } from "./labels";
import { headRoom, layoutOf, legendNames, UNGRIDDED, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { INK } from "./palette";
import { coinciding, PLOT, type Placed, type Spot, spotsOf } from "./point-names";
import { withRuns } from "./run";
import { everyNth, withNote } from "./thin";
import { looksOf, type WayLook } from "./ways";

/** One choice. */
export interface FrontierPoint {
  name: string;
  x: number;
  y: number;
  /** Points of one group share colour and symbol; by default every point has those of its own name. */
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
/** The most points that are named beside the front, moved apart where they coincide, and have looks of their own. */
const NAMED_MAX = 40;
/** The most looks of a legend; other groups share the last. */
const GROUPS_MAX = 24;
const NOTE_MAX = 150;

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
  const scales = {
    x: scaleOf(
      x,
      points.map((p) => p.x),
    ),
    y: scaleOf(
      y,
      points.map((p) => p.y),
    ),
  };
  const few = drawn.length <= NAMED_MAX;
  const placed = drawn.map((p): Placed => ({ name: p.name, ...pixelsOf(p, scales) }));
  const spots = few
    ? spotsOf(
        placed,
        line.map((p) => pixelsOf(p, scales)),
      )
    : [];
  const groups = groupsOf(drawn, few);
  const looks = looksOf([...groups.keys()]);
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
    ...[...groups].map(([name, places]) =>
      pointsOf(name, places, { drawn, spots, front: onFront, look: looks.get(name)!, scales }),
    ),
  ];
  const left =
    shown.length < others.length ? `${drawn.length} of ${points.length} points are drawn` : undefined;
  const better = `better: ${x.better === "less" ? "left" : "right"} and ${y.better === "less" ? "down" : "up"}`;
  const said = /\bbetter: /.test(options.subtitle ?? "") ? undefined : better;
  const beside = few ? besideNote(placed) : undefined;
  const words = { ...options, ...withNote(options.subtitle, said, beside, left) };
  const head = headRoom(words, legendNames(data));
  const figure: Figure = {
    data,
    layout: layoutOf(words, PLOT.height + head + 60, {
      showlegend: true,
      margin: { l: 80, r: 40, t: head, b: 60 },
      xaxis: { ...(few ? UNGRIDDED : {}), ...scales.x },
      yaxis: { ...(few ? UNGRIDDED : {}), ...scales.y },
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

/** Groups and the indices of their points; of a small chart without groups, one per name. */
function groupsOf(drawn: readonly FrontierPoint[], few: boolean): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  const alone = few && drawn.every((p) => p.group === undefined);
  drawn.forEach((point, at) => {
    const own = alone ? point.name : (point.group ?? "others");
    const name = groups.has(own) || groups.size < GROUPS_MAX ? own : "others";
    groups.set(name, [...(groups.get(name) ?? []), at]);
  });
  return groups;
}

interface Drawing {
  drawn: readonly FrontierPoint[];
  /** Empty if there are too many points to name. */
  spots: readonly Spot[];
  front: ReadonlySet<FrontierPoint>;
  look: WayLook;
  scales: { x: Axis; y: Axis };
}

function pointsOf(group: string, places: readonly number[], given: Drawing): ScatterTrace {
  const { drawn, spots, front, look, scales } = given;
  const mine = places.map((at) => drawn[at]!);
  return {
    type: "scatter",
    mode: spots.length === 0 ? "markers" : "markers+text",
    name: label(countedName(group, mine)),
    x: places.map((at) => movedBy(drawn[at]!.x, spots[at]?.shift ?? 0, scales.x)),
    y: mine.map((p) => p.y),
    ...(spots.length === 0
      ? {}
      : {
          text: places.map((at) => spots[at]!.lines.map((line) => label(line, 60)).join("<br>")),
          textposition: places.map((at) => spots[at]!.position),
          textfont: { size: 11 },
        }),
    cliponaxis: false,
    // Where the points are, for readers of the data: x may be moved.
    ...(places.some((at) => (spots[at]?.shift ?? 0) !== 0)
      ? { customdata: mine.map((p) => [p.x, p.y]) }
      : {}),
    hovertext: mine.map(
      (p) =>
        `${label(p.name)}<br>x ${number(p.x)}, y ${number(p.y)}${p.basis === undefined ? "" : `<br>${label(p.basis)}`}${front.has(p) ? "<br>on the Pareto front" : ""}`,
    ),
    hoverinfo: "text",
    marker: { ...look, size: 10 },
  };
}

function countedName(group: string, points: readonly FrontierPoint[]): string {
  const basis = points.length === 1 ? points[0]!.basis : undefined;
  return basis === undefined ? group : `${group}, ${basis}`;
}

/** Which points coincide; without their names if these would not fit. */
function besideNote(placed: readonly Placed[]): string | undefined {
  const groups = coinciding(placed).filter((group) => group.length > 1);
  if (groups.length === 0) return undefined;
  const names = groups.map((group) => group.map((at) => placed[at]!.name).join(" · ")).join(", ");
  const many = groups.reduce((sum, group) => sum + group.length, 0);
  const what = names.length <= NOTE_MAX ? names : `${many} points in ${groups.length} places`;
  return `drawn side by side where they coincide: ${what}`;
}

/** Where a point is in a plot of the usual size. */
function pixelsOf(point: FrontierPoint, { x, y }: { x: Axis; y: Axis }): { left: number; top: number } {
  return {
    left: PLOT.width * shareOf(point.x, x),
    top: PLOT.height * (1 - shareOf(point.y, y)),
  };
}

function shareOf(value: number, { range = [0, 1], type }: Axis): number {
  const at = type === "log" ? Math.log10(value) : value;
  return (at - range[0]) / (range[1] - range[0]);
}

/** A value moved by pixels along its axis. */
function movedBy(value: number, pixels: number, { range = [0, 1], type }: Axis): number {
  if (pixels === 0) return value;
  const by = (pixels / PLOT.width) * (range[1] - range[0]);
  return type === "log" ? 10 ** (Math.log10(value) + by) : value + by;
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
