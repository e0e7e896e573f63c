/**
 * Which of the differences between two variants carries an effect. Each difference is flipped alone: in the first variant to the
 * second's value (forward), and in the second back to the first's (back). Its effect is the mean of both steps. It carries an
 * effect by itself if both steps show one, in the same direction; a switch that acts in one step only needs, or is undone
 * by, another difference, and two that came together may make a kernel that never was when one of them is flipped alone.
 */
import { sortBy } from "lodash";
import { largestOf, leastOf } from "../base/extremes";
import { Random } from "../base/random";
import { type KernelsSpec, runOfParts } from "../plan/compare-kernels";
import {
  differencesOf,
  type FixedDifference,
  type Flip,
  type KernelDifference,
  type Parts,
} from "./kernel-differences";
import { type KernelMetric, RANK_EFFICIENCY } from "./kernel-verdict";
import { type MeanInterval, meanInterval } from "./mean-interval";
import { metricValue } from "./metric-values";
import { meanOf, ratioOfMeans, wilcoxonSignedRank } from "./paired-statistics";
import type { Outcome, Plan } from "./plan";
import { holm, type Interval, seedsToFind } from "./statistics";

/** The effect of one difference on one metric; differences are B − A, over seeds. */
export interface AblationRow extends KernelDifference {
  /** Mean of both steps over seeds, with its 95 % interval. */
  effect: MeanInterval;
  /** Means of the steps: from the first variant, and to the second. */
  forward: number;
  back: number;
  /** The effect as a share of the whole difference; null where the whole is not decided, or the differences interact. */
  share: Interval | null;
  /** The greater p of both steps: an effect has to show in each (an intersection-union test). */
  p: number;
  /** By Holm's method over the differences that change this metric in some seed. */
  pCorrected: number;
  /** `both`: it carries an effect by itself; `forward`, `back`: it shows in one step only; `none`. */
  shows: "both" | "forward" | "back" | "none";
}

export interface MetricAblation {
  metric: string;
  /** Seeds in which every run has the metric. */
  seeds: number;
  /** B − A. */
  total: MeanInterval;
  decided: boolean;
  /** Those that carry an effect by themselves come first, the largest before others. */
  rows: AblationRow[];
  /** The second variant minus the first with every flip: what nothing sets alone, such as rules at boot; null if that run failed. */
  rest: MeanInterval | null;
  /** What is left of the whole: differences that act only together. */
  together: number;
  /** Where differences interact, so that shares would say nothing: the least and the greatest they would be; else null. */
  interaction: { least: number; most: number } | null;
  /** Seeds by which a difference that carries the whole by itself would be shown, if these are too few; else null. */
  seedsNeeded: number | null;
}

/** Runs without outcome among those that divide the difference. */
export interface FailedArm {
  arm: string;
  runs: number;
  failedRuns: number;
  error: string;
}

export interface AblationResult {
  metrics: MetricAblation[];
  /** Differences that cannot be set singly, and flips that a machine did not survive. */
  fixed: FixedDifference[];
  /** Which of the runs gave no outcome, and the first reason of each. */
  failed: FailedArm[];
  /** Metrics that no seed has in every run, so that nothing of them is divided. */
  undivided: string[];
}

/** Shares outside of 0 to 1 by more than this are no chance, but differences that act on one another: a choice of ours. */
const OUTSIDE = 0.1;

interface Arm {
  plan(seed: number): Plan;
}

/** The runs beside the two variants: forward and back for each flip, and the first variant with every flip. */
export function ablationArms(spec: KernelsSpec): Arm[] {
  const { flips, all } = differencesOf(spec);
  const arm = (parts: Parts): Arm => ({ plan: (seed) => runOfParts(spec, parts, seed) });
  return [...flips.flatMap(({ forward, back }) => [arm(forward), arm(back)]), arm(all)];
}

type Runs = readonly (readonly (Outcome | null)[])[];

/** What the comparison of the two variants says of a metric. */
type Compared = Pick<KernelMetric, "metric" | "verdict" | "difference" | "seeds">;

/** A flip, and the place of its first run among all. */
interface Kept {
  flip: KernelDifference;
  at: number;
}

/** The result. `runs`: those of the two variants, then those of ablationArms(). */
export function ablated(
  spec: KernelsSpec,
  runs: Runs,
  errors: readonly (string | null)[],
  pair: { readonly metrics: readonly Compared[] },
): AblationResult {
  const { flips, fixed } = differencesOf(spec);
  const failed = failedArms(spec, flips, runs, errors);
  const all: Kept[] = flips.map((flip, i) => ({ flip, at: 2 + 2 * i }));
  const broken = all.flatMap(({ flip: { name }, at }): FixedDifference[] => {
    const error = errors[at] ?? errors[at + 1];
    return error == null ? [] : [{ name, reason: "a run with it flipped alone gave no outcome" }];
  });
  const kept = all.filter(({ at }) => errors[at] === null && errors[at + 1] === null);
  const every = errors.at(-1) === null ? runs.length - 1 : null;
  const metrics = pair.metrics.map((compared) => {
    const random = new Random(spec.firstSeed).fork(`ablation ${compared.metric}`);
    return ofMetric({ compared, random, every }, kept, runs);
  });
  return {
    metrics: metrics.filter((one) => one !== null),
    fixed: [...fixed, ...broken],
    failed,
    undivided: pair.metrics.flatMap(({ metric }, i) => (metrics[i] === null ? [metric] : [])),
  };
}

/** The runs without outcome, those of the two variants left out: the comparison tells them. */
function failedArms(
  { variants }: KernelsSpec,
  flips: readonly Flip[],
  runs: Runs,
  errors: readonly (string | null)[],
): FailedArm[] {
  const [a, b] = variants.map(({ label }) => label);
  const names = flips.flatMap(({ name }) => [`${a} with ${name} as in ${b}`, `${b} with ${name} as in ${a}`]);
  return [...names, `${a} with every difference as in ${b}`].flatMap((arm, i) => {
    const error = errors[2 + i];
    if (error == null) return [];
    const own = runs[2 + i]!;
    return [{ arm, runs: own.length, failedRuns: own.filter((run) => run === null).length, error }];
  });
}

interface Asked {
  compared: Compared;
  random: Random;
  /** The place of the run with every flip; null if it gave no outcome. */
  every: number | null;
}

function ofMetric(
  { compared, random, every }: Asked,
  kept: readonly Kept[],
  runs: Runs,
): MetricAblation | null {
  const { metric, verdict, difference } = compared;
  const decided = verdict !== "none" && verdict !== "open" && verdict !== "untested";
  const arms = [0, 1, ...kept.flatMap(({ at }) => [at, at + 1]), ...(every === null ? [] : [every])];
  const seeds = [...runs[0]!.keys()].filter((seed) =>
    arms.every((arm) => valueAt(runs, arm, seed, metric) !== undefined),
  );
  if (seeds.length === 0) return null;
  const values = (arm: number) => seeds.map((seed) => valueAt(runs, arm, seed, metric)!);
  const [a, b] = [values(0), values(1)];
  const whole = minus(b, a);
  const steps = kept.map(({ flip, at }) => ({
    flip,
    forward: minus(values(at), a),
    back: minus(b, values(at + 1)),
  }));
  const rows = judgedRows(steps, (both, name) =>
    decided ? ratioOfMeans(both, whole, random.fork(`share ${name}`)) : null,
  );
  const rest = every === null ? null : meanInterval(minus(b, values(every)));
  const told = rows.reduce((sum, { effect }) => sum + effect.mid, rest?.mid ?? 0);
  const interaction = interactionOf(rows);
  return {
    metric,
    seeds: seeds.length,
    total: seeds.length === compared.seeds ? difference : meanInterval(whole),
    decided,
    rows: sortBy(
      interaction === null ? rows : rows.map((row) => ({ ...row, share: null })),
      ({ shows }) => SHOWN.indexOf(shows),
      (row) => -Math.abs(row.effect.mid),
    ),
    rest,
    together: meanOf(whole) - told,
    interaction,
    seedsNeeded: decided ? seedsForCarrier(steps, meanOf(whole)) : null,
  };
}

/** The range of the shares if one of them lies outside of 0 to 1. */
function interactionOf(rows: readonly AblationRow[]): MetricAblation["interaction"] {
  const shares = rows.flatMap(({ share }) => (share === null ? [] : [share.mid]));
  const [least, most] = [leastOf(shares), largestOf(shares)];
  return least < -OUTSIDE || most > 1 + OUTSIDE ? { least, most } : null;
}

const SHOWN = ["both", "forward", "back", "none"] as const;

/** The two steps of a difference, seed by seed. */
interface Steps {
  flip: KernelDifference;
  forward: number[];
  back: number[];
}

const idle = ({ forward, back }: Steps) => [...forward, ...back].every((one) => one === 0);

/**
 * Seeds by which each difference that changes something would be shown if it carried the whole, with the spread that its steps have;
 * null if those that there are suffice.
 */
function seedsForCarrier(steps: readonly Steps[], whole: number): number | null {
  const active = steps.filter((one) => !idle(one));
  const each = active.flatMap(({ forward, back }) =>
    [forward, back].map((step) => Math.ceil(seedsToFind(step, whole, active.length) / RANK_EFFICIENCY)),
  );
  const needed = Math.max(0, largestOf(each));
  return needed > (steps[0]?.forward.length ?? 0) ? needed : null;
}

/** Each list of p-values is corrected by itself: both steps, forward alone, back alone. What changes nothing is no test. */
function judgedRows(
  all: readonly Steps[],
  shareOf: (both: number[], name: string) => Interval | null,
): AblationRow[] {
  const active = all.filter((one) => !idle(one));
  const p = active.map(
    ({ forward, back }) => [wilcoxonSignedRank(forward), wilcoxonSignedRank(back)] as const,
  );
  const [both, forward, back] = [
    holm(p.map(([x, y]) => Math.max(x, y))),
    holm(p.map(([x]) => x)),
    holm(p.map(([, y]) => y)),
  ];
  return all.map((one) => {
    const i = active.indexOf(one);
    const mids = { forward: meanOf(one.forward), back: meanOf(one.back) };
    const middle = one.forward.map((x, k) => (x + one.back[k]!) / 2);
    const alike = mids.forward * mids.back > 0;
    const below = (corrected: readonly number[]) => i >= 0 && corrected[i]! < 0.05;
    let shows: AblationRow["shows"] = "none";
    if (below(both) && alike) shows = "both";
    else if (below(forward)) shows = "forward";
    else if (below(back)) shows = "back";
    return {
      of: one.flip.of,
      name: one.flip.name,
      a: one.flip.a,
      b: one.flip.b,
      effect: meanInterval(middle),
      ...mids,
      share: shareOf(middle, one.flip.name),
      p: i < 0 ? 1 : largestOf(p[i]!),
      pCorrected: i < 0 ? 1 : both[i]!,
      shows,
    };
  });
}

function valueAt(runs: Runs, arm: number, seed: number, metric: string): number | undefined {
  const run = runs[arm]![seed] ?? null;
  return run === null ? undefined : metricValue(run, metric);
}

const minus = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x - b[i]!);
