/**
 * Which of the differences between two variants carries an effect. Each difference is flipped alone: in the first variant to the
 * second's value (forward), and in the second back to the first's (back). Its effect is the mean of both steps. It carries an
 * effect by itself if both steps show one, in the same direction; a switch that acts in one step only needs, or is undone
 * by, another difference, and two that came together may make a kernel that never was when one of them is flipped alone.
 */
import { sortBy } from "lodash";
import { Random } from "../base/random";
import { type KernelsSpec, runOfParts } from "../plan/compare-kernels";
import { differencesOf, type FixedDifference, type KernelDifference, type Parts } from "./kernel-differences";
import type { KernelMetric } from "./kernel-verdict";
import { type MeanInterval, meanInterval } from "./mean-interval";
import { metricValue } from "./metric-values";
import { meanOf, ratioOfMeans, wilcoxonSignedRank } from "./paired-statistics";
import type { Outcome, Plan } from "./plan";
import { holm, type Interval } from "./statistics";

/** The effect of one difference on one metric; differences are B − A, over seeds. */
export interface AblationRow extends KernelDifference {
  /** Mean of both steps over seeds, with its 95 % interval. */
  effect: MeanInterval;
  /** Means of the steps: from the first variant, and to the second. */
  forward: number;
  back: number;
  /** The effect as a share of the whole difference; null where the whole is not decided, so that nothing is divided by chance. */
  share: Interval | null;
  /** The greater p of both steps: an effect has to show in each (an intersection-union test). */
  p: number;
  /** By Holm's method over the differences of this metric. */
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
  /** The second variant minus the first with every flip: what nothing sets alone, such as rules at boot. */
  rest: MeanInterval;
  /** What is left of the whole: differences that act only together. */
  together: number;
}

export interface AblationResult {
  metrics: MetricAblation[];
  /** Differences that cannot be set singly, and flips that a machine did not survive. */
  fixed: FixedDifference[];
}

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

/** The result. `runs`: those of the two variants, then those of ablationArms(). */
export function ablated(
  spec: KernelsSpec,
  runs: Runs,
  errors: readonly (string | null)[],
  pair: { readonly metrics: readonly Compared[] },
): AblationResult {
  const { flips, fixed } = differencesOf(spec);
  const broken = flips.flatMap(({ name }, i): FixedDifference[] => {
    const error = errors[2 + 2 * i] ?? errors[3 + 2 * i];
    return error == null ? [] : [{ name, reason: `a run with it flipped alone gave no outcome: ${error}` }];
  });
  const kept = flips
    .map((flip, i) => ({ flip, at: 2 + 2 * i }))
    .filter(({ flip }) => !isIn(broken, flip.name));
  const metrics = pair.metrics.map((compared) => {
    const random = new Random(spec.firstSeed).fork(`ablation ${compared.metric}`);
    return ofMetric({ compared, random }, kept, runs);
  });
  return { metrics: metrics.filter((one) => one !== null), fixed: [...fixed, ...broken] };
}

const isIn = (list: readonly FixedDifference[], name: string) => list.some((one) => one.name === name);

interface Asked {
  compared: Compared;
  random: Random;
}

function ofMetric(
  { compared, random }: Asked,
  kept: readonly { flip: KernelDifference; at: number }[],
  runs: Runs,
): MetricAblation | null {
  const { metric, verdict, difference } = compared;
  const decided = verdict !== "none" && verdict !== "open";
  const arms = [0, 1, ...kept.flatMap(({ at }) => [at, at + 1]), runs.length - 1];
  const seeds = [...runs[0]!.keys()].filter((seed) =>
    arms.every((arm) => valueAt(runs, arm, seed, metric) !== undefined),
  );
  if (seeds.length === 0) return null;
  const values = (arm: number) => seeds.map((seed) => valueAt(runs, arm, seed, metric)!);
  const [a, b] = [values(0), values(1)];
  const whole = minus(b, a);
  const rows = kept.map(({ flip, at }) => {
    const forward = minus(values(at), a);
    const back = minus(b, values(at + 1));
    const steps = forward.map((x, i) => (x + back[i]!) / 2);
    const row = {
      of: flip.of,
      name: flip.name,
      a: flip.a,
      b: flip.b,
      effect: meanInterval(steps),
      forward: meanOf(forward),
      back: meanOf(back),
      share: decided ? ratioOfMeans(steps, whole, random.fork(`share ${flip.name}`)) : null,
    };
    return { row, p: [wilcoxonSignedRank(forward), wilcoxonSignedRank(back)] as const };
  });
  const judged = withVerdicts(rows);
  const rest = meanInterval(minus(b, values(runs.length - 1)));
  const told = judged.reduce((sum, { effect }) => sum + effect.mid, rest.mid);
  return {
    metric,
    seeds: seeds.length,
    total: seeds.length === compared.seeds ? difference : meanInterval(whole),
    decided,
    rows: sortBy(
      judged,
      ({ shows }) => SHOWN.indexOf(shows),
      (row) => -Math.abs(row.effect.mid),
    ),
    rest,
    together: meanOf(whole) - told,
  };
}

const SHOWN = ["both", "forward", "back", "none"] as const;

interface Tested {
  row: Omit<AblationRow, "p" | "pCorrected" | "shows">;
  /** Of the step forward, and of the step back. */
  p: readonly [number, number];
}

/** Each list of p-values is corrected by itself: both steps, forward alone, back alone. */
function withVerdicts(rows: readonly Tested[]): AblationRow[] {
  const [both, forward, back] = [
    holm(rows.map(({ p }) => Math.max(...p))),
    holm(rows.map(({ p }) => p[0])),
    holm(rows.map(({ p }) => p[1])),
  ];
  return rows.map(({ row, p }, i) => {
    const alike = row.forward * row.back > 0;
    const shows =
      both[i]! < 0.05 && alike ? "both" : forward[i]! < 0.05 ? "forward" : back[i]! < 0.05 ? "back" : "none";
    return { ...row, p: Math.max(...p), pCorrected: both[i]!, shows };
  });
}

function valueAt(runs: Runs, arm: number, seed: number, metric: string): number | undefined {
  const run = runs[arm]![seed] ?? null;
  return run === null ? undefined : metricValue(run, metric);
}

const minus = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x - b[i]!);
