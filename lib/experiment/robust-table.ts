/** Collects the runs of a robustness run, point by point in their order, and computes its result. */
import { countBy, sumBy } from "lodash";
import type { RobustSpec } from "../plan/robust";
import { statementText } from "../plan/statement";
import type { Outcome } from "./plan";
import {
  type JudgedPoint,
  type KnobResult,
  knobResult,
  nearestTurns,
  partsOf,
  type Turn,
  triedOf,
  turnsAlong,
} from "./robust-analysis";
import type { Values } from "./robust-knobs";
import type { PlannedPoint, PlannedPoints } from "./robust-points";
import { rangeText } from "./robust-range";
import { type Side, verdictOf } from "./robust-verdict";
import { isOutcome, readRun } from "./run-text";

/** What a strategy of the statement came to at a point; no bound where seeds are too few for one. */
export interface PointSide {
  label: string;
  runs: number;
  asked: number;
  granted: number;
  value: number;
  low: number | null;
  high: number | null;
}

/** A point with a verdict. */
export interface RobustPoint {
  values: Values;
  held: boolean;
  sure: boolean;
  sides: PointSide[];
}

/** The result of a robustness run; plain JSON. */
export interface RobustOutcome {
  /** The statement in words. */
  statement: string;
  /** Points of the whole sample, and those that were dealt with, the first ones in their order. */
  points: number;
  done: number;
  /** Points with a verdict, those in which the statement holds, and those in which the seeds suffice to say which. */
  judged: number;
  held: number;
  sure: number;
  /** Points without a verdict by their reason: the machine cannot have these values, or no run gave an outcome. */
  skipped: { reason: string; points: number }[];
  /** Runs behind all points. */
  runs: number;
  /** In which part the statement holds, in one sentence. */
  range: string;
  /** The knob that explains most comes first. */
  knobs: KnobResult[];
  /** Pairs of neighbours between which the statement turns round, those that are sure first. */
  turns: Turn[];
  /** Turns beyond those listed. */
  turnsLeftOut: number;
  results: RobustPoint[];
  resultsHash: string;
}

/** Turns that a result lists. */
const TURNS_KEPT = 100;

export class RobustTable {
  private readonly results: RobustPoint[];
  private readonly reasons: string[];
  private open: Map<string, (Outcome | null)[]>;
  /** Runs taken of the point that is open. */
  private taken: number;
  /** Points dealt with. */
  private done: number;
  private errors: string[];

  constructor(
    private readonly spec: RobustSpec,
    private readonly planned: PlannedPoints,
  ) {
    this.results = [];
    this.reasons = [];
    this.open = new Map();
    this.taken = 0;
    this.done = 0;
    this.errors = [];
  }

  /** The next run, in the order of the plans. */
  take(text: string): void {
    this.skipTo(this.planned.points.length);
    const point = this.planned.points[this.done]!;
    const { labels, plans } = point.compared!;
    const label = labels[this.taken % labels.length]!;
    const read = readRun(text);
    if (!isOutcome(read)) this.errors.push(read.error);
    this.open.set(label, [...(this.open.get(label) ?? []), isOutcome(read) ? read : null]);
    if (++this.taken === plans.count) this.judge(point);
  }

  /** Points that no machine has, up to the next one that has runs, or up to `end`. */
  private skipTo(end: number): void {
    if (this.taken > 0) return;
    while (this.done < end && this.planned.points[this.done]!.compared === null)
      this.reasons.push(this.planned.points[this.done++]!.reason!);
  }

  private judge({ values }: PlannedPoint): void {
    const verdict = verdictOf(this.spec.statement, this.open);
    if (typeof verdict === "string") this.reasons.push(this.errors[0] ?? verdict);
    else this.results.push({ ...verdict, values, sides: verdict.sides.map(plainSide) });
    this.open = new Map();
    this.errors = [];
    this.taken = 0;
    this.done++;
  }

  /** The result of the first `done` points; default all that were planned. */
  result(resultsHash: string, done = this.planned.points.length): RobustOutcome {
    this.skipTo(done);
    const skipped = Object.entries(countBy(this.reasons)).map(([reason, points]) => ({ reason, points }));
    skipped.sort((a, b) => b.points - a.points);
    return robustOutcome(this.spec, this.planned, {
      done: this.done,
      skipped,
      results: this.results,
      resultsHash,
    });
  }
}

/** What the points of a run say together: everything else in a result follows from them. */
export function robustOutcome(
  spec: RobustSpec,
  { knobs, count }: Pick<PlannedPoints, "knobs" | "count">,
  {
    done,
    skipped,
    results,
    resultsHash,
  }: Pick<RobustOutcome, "done" | "skipped" | "results" | "resultsHash">,
): RobustOutcome {
  const points = results.map(judged);
  const grid = spec.sample === "grid";
  const along = grid ? knobs.map((knob) => turnsAlong(knob, knobs, points)) : [];
  const turns = (grid ? along.flatMap((one) => one.turns) : nearestTurns(knobs, points)).sort(
    (a, b) => Number(b.sure) - Number(a.sure),
  );
  const rows = knobs.map((knob, i) => {
    const one = along[i];
    return knobResult(knob, points, one === undefined ? null : { pairs: one.pairs, turns: one.turns.length });
  });
  const counts = {
    points: count,
    done,
    judged: points.length,
    held: points.filter(({ held }) => held).length,
    sure: points.filter(({ sure }) => sure).length,
  };
  return {
    statement: statementText(spec.statement),
    ...counts,
    skipped,
    runs: sumBy(results, ({ sides }) => sumBy(sides, (side) => side.runs)),
    range: rangeText(triedOf(knobs, points), partsOf(knobs, points), counts),
    knobs: rows.sort((a, b) => b.explained - a.explained),
    turns: turns.slice(0, TURNS_KEPT),
    turnsLeftOut: Math.max(0, turns.length - TURNS_KEPT),
    results,
    resultsHash,
  };
}

function judged({ values, held, sure, sides }: RobustPoint): JudgedPoint {
  return { values, held, sure, asked: sides[0]!.asked, granted: sides[0]!.granted };
}

const bound = (value: number) => (Number.isFinite(value) ? value : null);

function plainSide({ value: { low, mid, high }, ...side }: Side): PointSide {
  return { ...side, value: mid, low: bound(low), high: bound(high) };
}
