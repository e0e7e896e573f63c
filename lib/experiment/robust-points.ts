/**
 * The points of a robustness run: every combination of the knobs' values, or a Latin hypercube of them, in an order that the
 * seed decides. More points extend the list and change none of the former ones.
 */

import { uniq, uniqBy } from "lodash";
import { InputError, unknownName } from "../base/errors";
import { Random } from "../base/random";
import { variantPlan } from "../plan/compare-kernels";
import { type ComparisonSpec, parseComparison } from "../plan/comparison";
import { type KnobName, ROBUST_LIMITS, type RobustSpec } from "../plan/robust";
import { parsePlan } from "../plan/run";
import { labelsOf } from "../plan/statement";
import { comparisonPlans } from "./comparison";
import { kernelsPlans } from "./kernels";
import type { Plans } from "./plans";
import { type Knob, type KnobValue, knobsOf, turnedPlan } from "./robust-knobs";

/** One combination of values, and what is compared there, or the reason why no machine has it. */
export interface PlannedPoint {
  values: Partial<Record<KnobName, KnobValue>>;
  /** The comparison with these values. */
  plan: ComparisonSpec | null;
  compared: ComparedArms | null;
  reason: string | null;
}

/** Strategies or variants of a machine that are run with the same seeds, and their plans: seed by seed, each in turn. */
export interface ComparedArms {
  labels: readonly string[];
  plans: Plans;
}

export interface PlannedPoints {
  knobs: readonly Knob[];
  /** Number of points of the whole sample. */
  count: number;
  /** Those to run, in their order. */
  points: readonly PlannedPoint[];
}

/**
 * Plans the points. Throws InputError for knobs without values, for a grid over a range without a step, and for a statement
 * about a strategy that is not compared.
 */
export function robustPoints(spec: RobustSpec): PlannedPoints {
  const { strategies } = spec.plan;
  if (spec.variants !== undefined && strategies.length !== 1)
    throw new InputError(
      `robust: variants are compared under one strategy: got ${strategies.length} in plan.strategies`,
    );
  const labels = (spec.variants ?? spec.plan.strategies).map(({ label }) => label);
  for (const label of labelsOf(spec.statement))
    if (!labels.includes(label)) throw unknownName("robust: statement: strategy", label, labels);
  const knobs = knobsOf(spec.over);
  const all = spec.sample === "grid" ? grid(knobs, spec.seed) : sampled(knobs, spec);
  return {
    knobs,
    count: all.length,
    points: all.slice(0, spec.points ?? all.length).map((chosen) => pointOf(spec, knobs, chosen)),
  };
}

function pointOf(spec: RobustSpec, knobs: readonly Knob[], chosen: readonly KnobValue[]): PlannedPoint {
  const values = Object.fromEntries(knobs.map(({ name }, i) => [name, chosen[i]!]));
  try {
    return { values, ...comparedAt(spec, values), reason: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { values, plan: null, compared: null, reason: error.message };
  }
}

/** What the statement is about, at a point: the other strategies or variants would run for nothing. */
function comparedAt(
  { plan, variants, statement }: RobustSpec,
  values: PlannedPoint["values"],
): { plan: ComparisonSpec; compared: ComparedArms } {
  const wanted = labelsOf(statement);
  const among = <T extends { label: string }>(all: readonly T[]) =>
    all.filter(({ label }) => wanted.includes(label));
  const labels = among<{ label: string }>(variants ?? plan.strategies).map(({ label }) => label);
  if (variants === undefined) {
    const turned = parseComparison(turnedPlan({ ...plan, strategies: among(plan.strategies) }, values));
    return { plan: turned, compared: { labels, plans: comparisonPlans(turned) } };
  }
  const turned = parseComparison(turnedPlan(plan, values));
  const { strategies, ...rest } = turned;
  const spec = { ...rest, strategy: strategies[0]!.spec, variants: among(variants) };
  for (const variant of spec.variants) parsePlan(variantPlan(spec, variant, spec.firstSeed));
  return { plan: turned, compared: { labels, plans: kernelsPlans(spec) } };
}

/** Every combination, in a random order: the first points of a run that ends early lie everywhere. */
function grid(knobs: readonly Knob[], seed: number): KnobValue[][] {
  for (const { name, size } of knobs)
    if (size === Number.POSITIVE_INFINITY)
      throw new InputError(
        `robust: over.${name}: a grid needs a list, or a range with a step; sample: latin-hypercube takes any range`,
      );
  const count = knobs.reduce((n, { size }) => n * size, 1);
  if (count > ROBUST_LIMITS.points)
    throw new InputError(`robust: at most ${ROBUST_LIMITS.points} points: got ${count}`);
  const order = new Random(seed)
    .fork("order of points")
    .shuffle(Int32Array.from({ length: count }, (_, i) => i));
  return Array.from(order, (index) => {
    let rest = index;
    return knobs.map(({ size, at }) => {
      const value = at(rest % size);
      rest = Math.floor(rest / size);
      return value;
    });
  });
}

/** The corners, if they are wanted, and the samples; what is among both counts once. */
function sampled(knobs: readonly Knob[], spec: RobustSpec): KnobValue[][] {
  if (spec.corners !== true) return hypercube(knobs, spec);
  return uniqBy([...cornersOf(knobs, spec.seed), ...hypercube(knobs, spec)], (point) =>
    JSON.stringify(point),
  );
}

/** Knobs that are named, not measured: a corner has each profile, and the releases in turn. */
const TAKEN_IN_TURN: ReadonlySet<KnobName> = new Set(["release", "seeds"]);

/**
 * The ends of every knob of numbers, in each combination and for each profile. Samples of a range hardly ever meet its ends, and
 * there statements turn round: a machine just booted, memory without a single page added that never moves.
 */
function cornersOf(knobs: readonly Knob[], seed: number): KnobValue[][] {
  const choices = knobs.map((knob): KnobValue[] => {
    if (TAKEN_IN_TURN.has(knob.name)) return [];
    if (knob.name === "profile") return Array.from({ length: knob.size }, (_, i) => knob.at(i));
    return uniq([knob.end(0), knob.end(1)]);
  });
  const count = choices.reduce((n, values) => n * Math.max(1, values.length), 1);
  if (count > ROBUST_LIMITS.points)
    throw new InputError(`robust: at most ${ROBUST_LIMITS.points} corners: got ${count}`);
  const corners = Array.from({ length: count }, (_, index) => {
    let rest = index;
    return knobs.map((knob, k) => {
      const values = choices[k]!;
      if (values.length === 0) return knob.at(index % knob.size);
      const value = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
      return value;
    });
  });
  return new Random(seed).fork("order of corners").shuffle(corners);
}

/** Samples in which every knob takes a value in each of `count` equal parts of its range. Equal samples count once. */
function hypercube(knobs: readonly Knob[], { count = 0, seed }: RobustSpec): KnobValue[][] {
  const random = new Random(seed);
  const strata = knobs.map(({ name }) =>
    random.fork(`strata of ${name}`).shuffle(Int32Array.from({ length: count }, (_, i) => i)),
  );
  const seen = new Set<string>();
  const found: KnobValue[][] = [];
  for (let i = 0; i < count; i++) {
    const chosen = knobs.map(({ name, point }, k) =>
      point((strata[k]![i]! + random.fork(`sample ${i} of ${name}`).float()) / count),
    );
    const key = JSON.stringify(chosen);
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(chosen);
  }
  return found;
}
