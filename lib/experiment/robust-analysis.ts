/**
 * What the points of a robustness run say together: where the statement turns round, which knob turns it, and a few conditions
 * that tell the points in which it holds from the others. Counts and shares only, so that a reader can do it by hand.
 */
import { groupBy, mean, sortBy, sumBy } from "lodash";
import type { KnobName } from "../plan/robust";
import type { Knob, KnobValue, Values } from "./robust-knobs";

/** A point with a verdict. */
export interface JudgedPoint {
  values: Values;
  held: boolean;
  sure: boolean;
  asked: number;
  granted: number;
}

/** Two neighbouring points with different verdicts. On a grid they differ in one knob, by the least there is. */
export interface Turn {
  changes: { knob: KnobName; held: KnobValue; not: KnobValue }[];
  /** The values that both have. */
  same: Values;
  /** The seeds suffice on both sides. */
  sure: boolean;
}

/** One value of a knob, or one part of its range. */
export interface KnobLevel {
  value: string;
  /** Points with a verdict, those in which the statement holds, and those in which the seeds suffice to say which. */
  points: number;
  held: number;
  sure: number;
  /** Requests of the statement's strategy at these points. */
  asked: number;
  granted: number;
}

export interface KnobResult {
  knob: KnobName;
  levels: KnobLevel[];
  /** Neighbours along this knob alone, and how many of them have different verdicts; null for samples. */
  pairs: number | null;
  turns: number | null;
  /**
   * Share of the variance of the verdicts that this knob's values alone explain (η²), from 0 to 1. It is 0 if the verdict is
   * the same everywhere.
   */
  explained: number;
}

/** Levels of a knob that a part of the points have in common. */
export interface Condition {
  knob: Knob;
  levels: readonly number[];
  /** Of a knob that was sampled in a range: the least and the greatest value of the points. */
  span?: readonly [KnobValue, KnobValue];
}

/** A part of the points. */
export interface Part {
  conditions: readonly Condition[];
  points: number;
  held: number;
}

/** The levels of each knob at which there are points; all, if there are no points. */
export function triedOf(knobs: readonly Knob[], points: readonly JudgedPoint[]): Condition[] {
  return knobs.map((knob) => {
    const all = knob.levels.map((_, i) => i);
    const tried = all.filter((i) => points.some((point) => levelOf(knob, point) === i));
    const levels = tried.length === 0 ? all : tried;
    const sampled = knob.levels.some(({ from, to }) => from !== to);
    if (!sampled || points.length === 0) return { knob, levels };
    const values = sortBy(
      points.map((point) => point.values[knob.name]!),
      (value) => knob.position(value),
    );
    return { knob, levels, span: [values[0]!, values.at(-1)!] };
  });
}

const share = (points: readonly JudgedPoint[]) => (points.length === 0 ? 0 : mean(points.map(heldOf)));
const heldOf = ({ held }: JudgedPoint) => (held ? 1 : 0);
/** Gini impurity times the number of points: how far a part is from having one verdict. */
const impurity = (points: readonly JudgedPoint[]) => points.length * share(points) * (1 - share(points));

const levelOf = (knob: Knob, { values }: JudgedPoint) => knob.levelOf(values[knob.name]!);

/** The row of a knob; `turns` are those of a grid, or null. */
export function knobResult(
  knob: Knob,
  points: readonly JudgedPoint[],
  turned: { pairs: number; turns: number } | null,
): KnobResult {
  const by = knob.levels.map((_, i) => points.filter((point) => levelOf(knob, point) === i));
  const total = impurity(points);
  const within = sumBy(by, impurity);
  return {
    knob: knob.name,
    levels: knob.levels.map(({ label }, i) => ({
      value: label,
      points: by[i]!.length,
      held: sumBy(by[i]!, heldOf),
      sure: by[i]!.filter(({ sure }) => sure).length,
      asked: sumBy(by[i]!, (p) => p.asked),
      granted: sumBy(by[i]!, (p) => p.granted),
    })),
    pairs: turned?.pairs ?? null,
    turns: turned?.turns ?? null,
    explained: total === 0 ? 0 : Number(((total - within) / total).toFixed(6)),
  };
}

/** The pairs of neighbours along one knob of a grid that differ, and the number of all such pairs. */
export function turnsAlong(
  knob: Knob,
  knobs: readonly Knob[],
  points: readonly JudgedPoint[],
): { pairs: number; turns: Turn[] } {
  const others = knobs.filter((one) => one !== knob);
  const lines = groupBy(points, ({ values }) => JSON.stringify(others.map(({ name }) => values[name])));
  let pairs = 0;
  const turns: Turn[] = [];
  for (const line of Object.values(lines)) {
    const along = [...line].sort((a, b) => levelOf(knob, a) - levelOf(knob, b));
    along.forEach((a, i) => {
      const next = knob.ordered ? along.slice(i + 1, i + 2) : along.slice(i + 1);
      for (const b of next) {
        pairs++;
        if (a.held !== b.held) turns.push(turnOf([knob], knobs, a, b));
      }
    });
  }
  return { pairs, turns };
}

/** The turns of a sample: pairs of a point and its nearest one, if their verdicts differ; all knobs that differ are named. */
export function nearestTurns(knobs: readonly Knob[], points: readonly JudgedPoint[]): Turn[] {
  const turns = new Map<string, Turn>();
  points.forEach((a, i) => {
    let nearest: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    points.forEach((b, k) => {
      const far = k === i ? Number.POSITIVE_INFINITY : distance(knobs, a, b);
      if (far < least) [nearest, least] = [k, far];
    });
    const b = nearest === null ? undefined : points[nearest];
    if (b === undefined || b.held === a.held) return;
    const differ = knobs.filter(({ name }) => a.values[name] !== b.values[name]);
    turns.set([i, nearest!].sort((p, q) => p - q).join(), turnOf(differ, knobs, a, b));
  });
  return [...turns.values()];
}

function distance(knobs: readonly Knob[], a: JudgedPoint, b: JudgedPoint): number {
  return sumBy(knobs, ({ name, ordered, position }) => {
    const [x, y] = [a.values[name]!, b.values[name]!];
    return ordered ? Math.abs(position(x) - position(y)) : x === y ? 0 : 1;
  });
}

function turnOf(differ: readonly Knob[], knobs: readonly Knob[], a: JudgedPoint, b: JudgedPoint): Turn {
  const [held, not] = a.held ? [a, b] : [b, a];
  const names = new Set(differ.map(({ name }) => name));
  return {
    changes: differ.map(({ name }) => ({
      knob: name,
      held: held.values[name]!,
      not: not.values[name]!,
    })),
    same: Object.fromEntries(
      knobs.filter(({ name }) => !names.has(name)).map(({ name }) => [name, a.values[name]!]),
    ),
    sure: a.sure && b.sure,
  };
}

/** The most parts that a sentence can tell, and the least share of the whole impurity that a division must take away. */
const PARTS_MAX = 4;
const GAIN_LEAST = 0.05;

interface Grown {
  conditions: readonly Condition[];
  points: readonly JudgedPoint[];
}

interface Split {
  part: Grown;
  knob: Knob;
  /** Levels on each side. */
  sides: readonly [readonly number[], readonly number[]];
  gain: number;
}

/**
 * A decision tree with at most four leaves: again and again the part and the knob are divided that tell most points apart
 * (Breiman et al., 1984), unless that is little. The levels of a knob without order are sorted by their share first.
 */
export function partsOf(knobs: readonly Knob[], points: readonly JudgedPoint[]): Part[] {
  const parts: Grown[] = [{ conditions: [], points }];
  const least = Math.max(1e-9, GAIN_LEAST * impurity(points));
  while (parts.length < PARTS_MAX) {
    const best = parts
      .flatMap((part) => knobs.flatMap((knob) => splitsOf(part, knob)))
      .reduce<Split | null>((a, b) => (a === null || b.gain > a.gain + 1e-9 ? b : a), null);
    if (best === null || best.gain < least) break;
    const { part, knob, sides } = best;
    const divided = sides.map((levels) => ({
      conditions: narrowed(part.conditions, { knob, levels }),
      points: part.points.filter((point) => levels.includes(levelOf(knob, point))),
    }));
    parts.splice(parts.indexOf(part), 1, ...divided);
  }
  return parts.map(({ conditions, points: inside }) => ({
    conditions,
    points: inside.length,
    held: sumBy(inside, heldOf),
  }));
}

function splitsOf(part: Grown, knob: Knob): Split[] {
  const by = knob.levels.map((_, i) => part.points.filter((point) => levelOf(knob, point) === i));
  const there = knob.levels.map((_, i) => i).filter((i) => by[i]!.length > 0);
  if (!knob.ordered) there.sort((a, b) => share(by[b]!) - share(by[a]!) || a - b);
  return there.slice(1).map((_, cut) => {
    const sides = [there.slice(0, cut + 1), there.slice(cut + 1)] as const;
    const [a, b] = sides.map((levels) => levels.flatMap((i) => by[i]!));
    return { part, knob, sides, gain: impurity(part.points) - impurity(a!) - impurity(b!) };
  });
}

/** A second condition on a knob takes the place of the first, whose levels include its own. */
function narrowed(conditions: readonly Condition[], next: Condition): Condition[] {
  const before = conditions.findIndex(({ knob }) => knob === next.knob);
  return before < 0 ? [...conditions, next] : conditions.map((one, i) => (i === before ? next : one));
}
