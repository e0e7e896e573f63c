/** A trade-off between two measures: one point per choice, and the Pareto front of the choices that no other beats. */
import { InputError } from "../base/errors";
import type { Axis, Figure, ScatterTrace } from "./figure";
import { label, number } from "./labels";
import { headRoom, layoutOf, legendNames, UNGRIDDED, type Words } from "./layout";
import { logAxis } from "./log-axis";
import { INK } from "./palette";
import { PLOT, type Placed, type Spot, spotsOf } from "./point-names";
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
  const shared = few ? sharedPlaces(drawn) : [];
  const data: ScatterTrace[] = [
    ...frontLine(line),
    ...rings(shared),
    ...[...groups].map(([name, places]) =>
      pointsOf(name, places, { drawn, spots, shared, front: onFront, look: looks.get(name)! }),
    ),
  ];
  const left =
    shown.length < others.length ? `${drawn.length} of ${points.length} points are drawn` : undefined;
  const better = `better: ${x.better === "less" ? "left" : "right"} and ${y.better === "less" ? "down" : "up"}`;
  const said = /\bbetter: /.test(options.subtitle ?? "") ? undefined : better;
  const words = { ...options, ...withNote(options.subtitle, said, sharedNote(shared), left) };
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
  shared: readonly FrontierPoint[][];
  front: ReadonlySet<FrontierPoint>;
  look: WayLook;
}

/** The dotted line, if the front has two places or more. */
function frontLine(front: readonly FrontierPoint[]): ScatterTrace[] {
  const corners = front.filter((p, i) => i === 0 || p.x !== front[i - 1]!.x || p.y !== front[i - 1]!.y);
  if (corners.length < 2) return [];
  const line = { color: INK, width: 2, dash: "dot" } as const;
  const [x, y] = [corners.map((p) => p.x), corners.map((p) => p.y)];
  return [{ type: "scatter", mode: "lines", name: "Pareto front", x, y, line, hoverinfo: "skip" }];
}

/** Points that are equal in both measures, where there are several. */
function sharedPlaces(points: readonly FrontierPoint[]): FrontierPoint[][] {
  const places = new Map<string, FrontierPoint[]>();
  for (const point of points) {
    const place = `${point.x} ${point.y}`;
    places.set(place, [...(places.get(place) ?? []), point]);
  }
  return [...places.values()].filter((all) => all.length > 1);
}

/** A ring around each place at which several points are: only the mark of one of them can be seen. */
function rings(shared: readonly FrontierPoint[][]): ScatterTrace[] {
  if (shared.length === 0) return [];
  return [
    {
      type: "scatter",
      mode: "markers",
      name: "several at one place",
      x: shared.map(([first]) => first!.x),
      y: shared.map(([first]) => first!.y),
      cliponaxis: false,
      hoverinfo: "skip",
      marker: { color: INK, symbol: "circle-open", size: 19 },
    },
  ];
}

function pointsOf(group: string, places: readonly number[], given: Drawing): ScatterTrace {
  const { drawn, spots, shared, front, look } = given;
  const mine = places.map((at) => drawn[at]!);
  return {
    type: "scatter",
    mode: spots.length === 0 ? "markers" : "markers+text",
    name: label(countedName(group, mine)),
    x: mine.map((p) => p.x),
    y: mine.map((p) => p.y),
    ...(spots.length === 0
      ? {}
      : {
          text: places.map((at) => spots[at]!.lines.map((line) => label(line, 60)).join("<br>")),
          textposition: places.map((at) => spots[at]!.position),
          textfont: { size: 11 },
        }),
    cliponaxis: false,
    hovertext: mine.map((p) =>
      (shared.find((all) => all.includes(p)) ?? [p]).map((one) => hoverOf(one, front)).join("<br>"),
    ),
    hoverinfo: "text",
    marker: { ...look, size: 10 },
  };
}

function countedName(group: string, points: readonly FrontierPoint[]): string {
  const basis = points.length === 1 ? points[0]!.basis : undefined;
  return basis === undefined ? group : `${group}, ${basis}`;
}

function hoverOf(point: FrontierPoint, front: ReadonlySet<FrontierPoint>): string {
  const { name, x, y, basis } = point;
  const more = [
    ...(basis === undefined ? [] : [label(basis)]),
    ...(front.has(point) ? ["on the Pareto front"] : []),
  ];
  return [label(name), `x ${number(x)}, y ${number(y)}`, ...more].join("<br>");
}

/** Which points share a place; without their names if these would not fit. */
function sharedNote(shared: readonly FrontierPoint[][]): string | undefined {
  if (shared.length === 0) return undefined;
  const names = shared.map((all) => all.map(({ name }) => name).join(" · ")).join(", ");
  const many = shared.reduce((sum, all) => sum + all.length, 0);
  return `at the same place: ${names.length <= NOTE_MAX ? names : `${many} points in ${shared.length} places`}`;
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
