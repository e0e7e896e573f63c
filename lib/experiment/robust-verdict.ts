/** Whether a statement is true of the runs at one point, and whether its seeds suffice to say so. */

import { sum } from "lodash";
import { hypot } from "../base/elementary";
import { Random } from "../base/random";
import type { Statement } from "../plan/statement";
import { shareOverSeeds } from "./comparison";
import { metricValue } from "./metric-values";
import type { Outcome } from "./plan";
import { bootstrapMedian, type Interval, median } from "./statistics";

/** What one strategy came to at a point. */
export interface Side {
  label: string;
  /** Runs with an outcome that says something of the metric, and requests made and granted in runs with an outcome. */
  runs: number;
  asked: number;
  granted: number;
  /** The share granted, or the median of the metric over seeds, with its 95 % interval. */
  value: Interval;
}

export interface Verdict {
  held: boolean;
  /** There are enough seeds, and the interval at 95 % leaves no other answer. */
  sure: boolean;
  sides: Side[];
}

/**
 * Seeds below which no point is sure: docs/experiments.md has how often the intervals err, from this number on. With 4 seeds,
 * the interval of a share misses it in up to 11 % of trials, on one side.
 */
export const LEAST_SEEDS_FOR_SURE = 8;
/** Below this number of seeds, the interval of a median reaches to both ends: 2 × 2^−n > 5 %. */
const SEEDS_FOR_MEDIAN = 6;
const ROUNDING = 1e-12;

/** The outcomes of a strategy by seed; null where the run gave none. */
export type SeedOutcomes = readonly (Outcome | null)[];

/** The verdict, or the reason why there is none. */
export function verdictOf(
  statement: Statement,
  outcomes: ReadonlyMap<string, SeedOutcomes>,
): Verdict | string {
  const verdict = byInterval(statement, outcomes);
  if (typeof verdict === "string") return verdict;
  const few = verdict.sides.some(({ runs }) => runs < LEAST_SEEDS_FOR_SURE);
  return { ...verdict, sure: verdict.sure && !few };
}

function byInterval(statement: Statement, outcomes: ReadonlyMap<string, SeedOutcomes>): Verdict | string {
  const { metric, of, moreThan, lessThan, atLeast, atMost, by = 0 } = statement;
  const other = moreThan ?? lessThan;
  const own = sideOf(of, metric, outcomes.get(of)!);
  if (typeof own === "string") return own;
  if (other === undefined) {
    const { low, mid, high } = own.value;
    if (atLeast !== undefined) {
      const held = mid >= atLeast - ROUNDING;
      return { held, sure: held ? low >= atLeast : high < atLeast, sides: [own] };
    }
    const held = mid <= atMost! + ROUNDING;
    return { held, sure: held ? high <= atMost! : low > atMost!, sides: [own] };
  }
  const its = sideOf(other, metric, outcomes.get(other)!);
  if (typeof its === "string") return its;
  const [more, less] = moreThan !== undefined ? [of, other] : [other, of];
  const difference =
    metric === "success"
      ? differenceOfShares(...(more === of ? ([own, its] as const) : ([its, own] as const)))
      : differenceOfMedians(metric, outcomes.get(more)!, outcomes.get(less)!);
  if (difference === null) return `no seed in which both ${of} and ${other} have ${metric}`;
  const held = difference.mid > by + ROUNDING;
  return { held, sure: held ? difference.low > by : difference.high <= by, sides: [own, its] };
}

function sideOf(label: string, metric: string, outcomes: SeedOutcomes): Side | string {
  const there = outcomes.filter((one) => one !== null);
  if (there.length === 0) return `${label}: no run gave an outcome`;
  const granted = there.map(({ requests }) => sum(requests.granted));
  const times = there[0]!.requests.granted.length;
  const counts = { label, asked: there.length * times, granted: sum(granted) };
  if (metric === "success") {
    const value = shareOverSeeds(
      granted.map((n) => n / times),
      times,
    );
    return { ...counts, runs: there.length, value };
  }
  const values = there.flatMap((one) => metricValue(one, metric) ?? []);
  if (values.length === 0) return `${label}: no run has ${metric}`;
  return { ...counts, runs: values.length, value: medianOf(values, `${label} ${metric}`) };
}

/** Newcombe's interval of the difference of two shares (Statistics in Medicine 17, 1998, method 10). */
function differenceOfShares({ value: a }: Side, { value: b }: Side): Interval {
  const mid = a.mid - b.mid;
  return {
    low: mid - hypot(a.mid - a.low, b.high - b.mid),
    mid,
    high: mid + hypot(a.high - a.mid, b.mid - b.low),
  };
}

function differenceOfMedians(metric: string, a: SeedOutcomes, b: SeedOutcomes): Interval | null {
  const differences = a.flatMap((one, i) => {
    const [x, y] = [one, b[i] ?? null].map((run) => (run === null ? undefined : metricValue(run, metric)));
    return x === undefined || y === undefined ? [] : [x - y];
  });
  return differences.length === 0 ? null : medianOf(differences, metric);
}

function medianOf(values: readonly number[], name: string): Interval {
  if (values.length >= SEEDS_FOR_MEDIAN) return bootstrapMedian(values, new Random(1).fork(name));
  return { low: Number.NEGATIVE_INFINITY, mid: median(values), high: Number.POSITIVE_INFINITY };
}
