/**
 * One metric of two variants over the same seeds: means, the paired difference with its interval, effect sizes, an exact
 * test, and what follows in words.
 */
import type { Random } from "../base/random";
import { betterOf, isShare } from "./metric-values";
import {
  correlation,
  meanOf,
  type PairedCounts,
  pairedShares,
  ratioOfMeans,
  standardised,
  wilcoxonSignedRank,
} from "./paired-statistics";
import { bootstrapMean, type Interval, mcNemarExact, seedsNeeded } from "./statistics";

/**
 * What the seeds say of B against A. `better`, `worse`: decided, and the metric has a better direction; `more`, `less`: decided,
 * and it has none; `none`: no difference is seen, or only one below the margin; `open`: the seeds do not suffice.
 */
export type VerdictName = "better" | "worse" | "more" | "less" | "none" | "open";

/** One metric of variants A and B; plain JSON. */
export interface KernelMetric {
  metric: string;
  better: "less" | "more" | null;
  /** Seeds in which both variants have the metric. */
  seeds: number;
  /** Means over these seeds. */
  a: number;
  b: number;
  /** Mean of B − A over seeds, with its 95 % interval. */
  difference: Interval;
  /** Mean of B divided by that of A, with its interval; null if A has none in some resample. */
  ratio: Interval | null;
  /** The mean difference in standard deviations of the differences (d_z); null if these do not spread. */
  standardised: number | null;
  /** Correlation of A and B over seeds: what pairing gains. Null if one of them does not spread. */
  correlation: number | null;
  /** Seeds in which B has more than A, less, and as much. */
  moreB: number;
  lessB: number;
  equal: number;
  test: "wilcoxon" | "mcnemar";
  p: number;
  /** By Holm's method over every metric that differs in some seed. */
  pCorrected: number;
  /** Seeds by which a difference like the one seen would be found, or the interval be within the margin; null: none. */
  seedsNeeded: number | null;
  verdict: VerdictName;
  words: string;
  /** For metrics that are yes or no in each run: the pairs, McNemar's exact test, and Newcombe's interval. */
  pairs?: PairedCounts;
}

/** A difference below this share of A's mean, or this many of a share itself, does not count: a modelling choice. */
export const MARGIN = 0.05;
/** A signed-rank test needs so many times the pairs of a t-test on normal differences: its efficiency is 3/π. */
const RANK_EFFICIENCY = 3 / Math.PI;

/** Without the correction for several metrics, which judged() adds. */
export type RawMetric = Omit<KernelMetric, "pCorrected" | "seedsNeeded" | "verdict" | "words"> & {
  differences: number[];
};

/** Compares values of the same seeds. */
export function measured(
  metric: string,
  a: readonly number[],
  b: readonly number[],
  random: Random,
): RawMetric {
  const differences = b.map((value, i) => value - a[i]!);
  const moreB = differences.filter((d) => d > 0).length;
  const lessB = differences.filter((d) => d < 0).length;
  const binary = [...a, ...b].every((value) => value === 0 || value === 1);
  const pairs = binary && (metric === "success" || metric.endsWith("Share")) ? countsOf(a, b) : undefined;
  return {
    metric,
    better: betterOf(metric),
    seeds: a.length,
    a: meanOf(a),
    b: meanOf(b),
    // Of A − B, as the counts have it, and turned round.
    difference:
      pairs === undefined
        ? bootstrapMean(differences, random.fork(`difference ${metric}`))
        : turned(pairedShares(pairs)),
    ratio: ratioOfMeans(b, a, random.fork(`ratio ${metric}`)),
    standardised: standardised(differences),
    correlation: correlation(a, b),
    moreB,
    lessB,
    equal: a.length - moreB - lessB,
    test: pairs === undefined ? "wilcoxon" : "mcnemar",
    p: pairs === undefined ? wilcoxonSignedRank(differences) : mcNemarExact(pairs.onlyA, pairs.onlyB),
    ...(pairs !== undefined && { pairs }),
    differences,
  };
}

function countsOf(a: readonly number[], b: readonly number[]): PairedCounts {
  const count = (x: number, y: number) => a.filter((one, i) => one === x && b[i] === y).length;
  return { both: count(1, 1), onlyA: count(1, 0), onlyB: count(0, 1), neither: count(0, 0) };
}

const turned = ({ low, mid, high }: Interval): Interval => ({
  low: -high,
  mid: mid === 0 ? 0 : -mid,
  high: -low,
});

/** The metric with its verdict; `family`: number of tests made together; `[a, b]`: labels. */
export function judged(
  { differences, ...raw }: RawMetric,
  pCorrected: number,
  family: number,
  [a, b]: readonly [string, string],
): KernelMetric {
  const { difference, better, metric, seeds } = raw;
  const decided = pCorrected < 0.05 && (difference.low > 0 || difference.high < 0);
  const margin = MARGIN * (isShare(metric) ? 1 : Math.abs(raw.a));
  const small = difference.low >= -margin && difference.high <= margin;
  const same = differences.every((d) => d === 0);
  const verdict = decided ? decidedAs(difference.mid, better) : same || small ? "none" : "open";
  const needed = verdict === "open" ? enough(differences, family, { difference, margin }) : null;
  const words = wordsOf({ ...raw, pCorrected, seedsNeeded: needed, verdict }, same, [a, b]);
  return { ...raw, pCorrected, seedsNeeded: needed, verdict, words: `${words} (${seeds} seeds)` };
}

function decidedAs(difference: number, better: KernelMetric["better"]): VerdictName {
  const more = difference > 0;
  if (better === null) return more ? "more" : "less";
  return more === (better === "more") ? "better" : "worse";
}

/**
 * Seeds that would decide: by the spread of the pairs seen, for a power of 80 % at 5 % over all tests, if the mean difference is
 * what it seems; or, if that is nearly nothing, seeds by which the interval shrinks into the margin. The fewer of both.
 */
function enough(
  differences: readonly number[],
  family: number,
  { difference, margin }: { difference: Interval; margin: number },
): number | null {
  const found = seedsNeeded(differences, family);
  const n = differences.length;
  const half = (difference.high - difference.low) / 2;
  const room = margin - Math.abs(difference.mid);
  const ways = [
    ...(found === null ? [] : [Math.ceil(found / RANK_EFFICIENCY)]),
    ...(room > 0 && half > 0 ? [Math.ceil(n * (half / room) ** 2)] : []),
  ];
  return ways.length === 0 ? null : Math.max(n + 1, Math.min(...ways));
}

/** A figure in words, with a sign if it is a difference. */
export function figureText(value: number, signed = false): string {
  const digits = Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  return signed && value > 0 ? `+${digits}` : digits.replace("-", "−");
}

function wordsOf(
  metric: Omit<KernelMetric, "words">,
  same: boolean,
  [a, b]: readonly [string, string],
): string {
  const { difference: d, pCorrected, seedsNeeded: needed, verdict } = metric;
  const by = `${figureText(d.mid, true)}, 95 % interval ${figureText(d.low, true)} to ${figureText(d.high, true)}`;
  const p = `p = ${Number(pCorrected.toPrecision(2))}`;
  switch (verdict) {
    case "better":
    case "worse":
      return `${b} is ${verdict} than ${a}: ${by}, ${p}`;
    case "more":
    case "less":
      return `${b} has ${verdict} than ${a}: ${by}, ${p}`;
    case "none":
      return same ? "no difference in any seed" : `no difference seen beyond ${100 * MARGIN} %: ${by}`;
    default:
      return `seeds do not suffice: ${by}, ${p}${needed === null ? "" : `; about ${needed} seeds would`}`;
  }
}
