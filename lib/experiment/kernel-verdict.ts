/**
 * One metric of two variants over the same seeds: means, the paired difference with its interval, effect sizes, an exact
 * test, and what follows in words.
 */
import { leastOf } from "../base/extremes";
import type { Random } from "../base/random";
import { type MeanInterval, meanInterval } from "./mean-interval";
import { betterOf, isShare } from "./metric-values";
import {
  correlation,
  meanOf,
  type PairedCounts,
  pairedShares,
  ratioOfMeans,
  signedRankSide,
  standardised,
  wilcoxonSignedRank,
} from "./paired-statistics";
import { type Interval, mcNemarExact, seedsNeeded } from "./statistics";

/**
 * What the seeds say of B against A. `better`, `worse`: decided, and the metric has a better direction; `more`, `less`: decided,
 * and it has none; `none`: there are enough seeds, and the interval lies within the margin; `open`: the seeds do not suffice;
 * `untested`: a time that is the same in every run of a variant, as the cost table has it: no seed has any part in it.
 */
export type VerdictName = "better" | "worse" | "more" | "less" | "none" | "open" | "untested";

/** One metric of variants A and B; plain JSON. */
export interface KernelMetric {
  metric: string;
  better: "less" | "more" | null;
  /** Seeds in which both variants have the metric. */
  seeds: number;
  /** Means over these seeds. */
  a: number;
  b: number;
  /** Mean of B − A over seeds, with its 95 % interval; a single seed has no limits, unless the metric is yes or no. */
  difference: MeanInterval;
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
  /** Why A and B are not alike in what the metric counts; then it has no better direction. */
  note?: string;
  /** For metrics that are yes or no in each run: the pairs, McNemar's exact test, and Newcombe's interval. */
  pairs?: PairedCounts;
}

/** A difference below this share of A's mean, or this many of a share itself, does not count: a modelling choice. */
export const MARGIN = 0.05;
/** More seeds than any plan may have. */
const MOST_SEEDS = 1_000_000;
/**
 * Seeds below which nothing is called equal, whatever the interval. An interval knows only what it saw: a difference that
 * comes in one run of ten is missed by 12 seeds in 28 % of comparisons, and by 29 in 0.9^29 = 4.7 %.
 */
export const LEAST_SEEDS_FOR_NONE = 29;
/** A signed-rank test needs so many times the pairs of a t-test on normal differences: its efficiency is 3/π. */
export const RANK_EFFICIENCY = 3 / Math.PI;

/** Without the correction for several metrics, which judged() adds. */
export type RawMetric = Omit<KernelMetric, "pCorrected" | "seedsNeeded" | "verdict" | "words"> & {
  differences: number[];
  /** A modelled time that no seed changes: two constants of the cost table, which no test compares. */
  constant: boolean;
};

/** Compares values of the same seeds; `note`: why A and B count different things. */
export function measured(
  metric: string,
  a: readonly number[],
  b: readonly number[],
  random: Random,
  note: string | null = null,
): RawMetric {
  const differences = b.map((value, i) => value - a[i]!);
  const moreB = differences.filter((d) => d > 0).length;
  const lessB = differences.filter((d) => d < 0).length;
  const binary = [...a, ...b].every((value) => value === 0 || value === 1);
  const pairs = binary && (metric === "success" || metric.endsWith("Share")) ? countsOf(a, b) : undefined;
  return {
    metric,
    better: note === null ? betterOf(metric) : null,
    seeds: a.length,
    a: meanOf(a),
    b: meanOf(b),
    // Of A − B, as the counts have it, and turned round.
    difference: pairs === undefined ? meanInterval(differences) : turned(pairedShares(pairs)),
    ratio: ratioOfMeans(b, a, random.fork(`ratio ${metric}`)),
    standardised: standardised(differences),
    correlation: correlation(a, b),
    moreB,
    lessB,
    equal: a.length - moreB - lessB,
    test: pairs === undefined ? "wilcoxon" : "mcnemar",
    p: pairs === undefined ? wilcoxonSignedRank(differences) : mcNemarExact(pairs.onlyA, pairs.onlyB),
    ...(pairs !== undefined && { pairs }),
    ...(note !== null && { note }),
    differences,
    constant: isConstantTime(metric, a) && isConstantTime(metric, b),
  };
}

/** Times of 0 are none of the cost table: nothing happened that costs time. */
const isConstantTime = (metric: string, values: readonly number[]) =>
  metric.endsWith("Ns") && values.length > 1 && values[0] !== 0 && values.every((one) => one === values[0]);

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
  { differences, constant, ...raw }: RawMetric,
  pCorrected: number,
  family: number,
  [a, b]: readonly [string, string],
): KernelMetric {
  const { difference, better, pairs, seeds } = raw;
  const { low, mid, high } = difference;
  const excludesZero = low !== null && high !== null && (low > 0 || high < 0);
  const alike = pairs !== undefined || signedRankSide(differences) === Math.sign(mid);
  const decided = pCorrected < 0.05 && excludesZero && alike;
  const margin = marginOf(raw);
  const enoughForNone = pairs !== undefined || seeds >= LEAST_SEEDS_FOR_NONE;
  const none = enoughForNone && liesWithin(difference, margin);
  const verdict = constant ? "untested" : decided ? decidedAs(mid, better) : none ? "none" : "open";
  const needed = verdict === "open" ? seedsFor({ ...raw, differences, constant }, family) : null;
  const words = wordsOf({ ...raw, pCorrected, seedsNeeded: needed, verdict }, alike, [a, b]);
  return { ...raw, pCorrected, seedsNeeded: needed, verdict, words: `${words} (${seeds} seeds)` };
}

/** In the units of the metric. */
const marginOf = ({ metric, a }: Pick<KernelMetric, "metric" | "a">) =>
  MARGIN * (isShare(metric) ? 1 : Math.abs(a));

const liesWithin = ({ low, high }: MeanInterval, margin: number) =>
  low !== null && high !== null && low >= -margin && high <= margin;

function decidedAs(difference: number, better: KernelMetric["better"]): VerdictName {
  const more = difference > 0;
  if (better === null) return more ? "more" : "less";
  return more === (better === "more") ? "better" : "worse";
}

/**
 * Seeds that would decide: by the spread of the pairs seen, for a power of 80 % at 5 % over all tests, if the mean difference is
 * what it seems; or, if that is nearly nothing, seeds by which the interval shrinks into the margin. The fewer of both.
 */
function seedsFor(raw: RawMetric, family: number): number | null {
  const { differences, seeds } = raw;
  const found = seedsNeeded(differences, family);
  const equal = raw.pairs === undefined ? seedsForNone(raw) : sharesForNone(raw.pairs, seeds);
  const ways = [
    ...(found === null ? [] : [Math.ceil(found / RANK_EFFICIENCY)]),
    ...(equal === null ? [] : [equal]),
  ];
  return ways.length === 0 ? null : Math.max(seeds + 1, leastOf(ways));
}

/** Half an interval shrinks with the root of the seeds. */
function seedsForNone({ difference: { low, mid, high }, seeds, ...raw }: RawMetric): number | null {
  if (low === null || high === null) return mid === 0 ? LEAST_SEEDS_FOR_NONE : null;
  const [half, room] = [Math.max(high - mid, mid - low), marginOf(raw) - Math.abs(mid)];
  if (half === 0) return room >= 0 ? LEAST_SEEDS_FOR_NONE : null;
  return room > 0 ? Math.max(LEAST_SEEDS_FOR_NONE, Math.ceil(seeds * (half / room) ** 2)) : null;
}

/** Pairs, in the shares seen, by which Newcombe's interval lies within the margin; null if no number does it. */
function sharesForNone(counts: PairedCounts, seeds: number): number | null {
  const fits = (n: number) => {
    const times = n / seeds;
    const { both, onlyA, onlyB, neither } = counts;
    const scaled = {
      both: both * times,
      onlyA: onlyA * times,
      onlyB: onlyB * times,
      neither: neither * times,
    };
    return liesWithin(pairedShares(scaled), MARGIN);
  };
  let [low, high] = [seeds, MOST_SEEDS];
  if (!fits(high)) return null;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (fits(mid)) high = mid;
    else low = mid;
  }
  return high;
}

/** A figure in words, with a sign if it is a difference. */
export function figureText(value: number, signed = false): string {
  const digits = Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  return signed && value > 0 ? `+${digits}` : digits.replace("-", "−");
}

/** The two limits of an interval in words. */
export function limitsText({ low, high }: MeanInterval, signed = false): string {
  if (low === null || high === null) return "no interval from one seed";
  return `${figureText(low, signed)} to ${figureText(high, signed)}`;
}

/** `alike`: the ranks of the differences point the way that their mean does. */
function wordsOf(
  metric: Omit<KernelMetric, "words">,
  alike: boolean,
  [a, b]: readonly [string, string],
): string {
  const { difference: d, pCorrected, pairs, seedsNeeded: needed, verdict } = metric;
  const by = `${figureText(d.mid, true)}, ${d.low === null ? "" : "95 % interval "}${limitsText(d, true)}`;
  const test = pairs === undefined ? "of a shift, by ranks" : "by McNemar's test";
  const p = `p = ${Number(pCorrected.toPrecision(2))} ${test}`;
  switch (verdict) {
    case "better":
    case "worse":
      return `${b} is ${verdict} than ${a}: ${by}, ${p}`;
    case "more":
    case "less":
      return `${b} has ${verdict} than ${a}: ${by}, ${p}`;
    case "untested":
      return `not tested: a constant of the cost table in every run, ${figureText(metric.a)} in ${a} and ${figureText(metric.b)} in ${b}`;
    case "none":
      return `no difference seen beyond ${marginText(metric)}: ${by}`;
    default:
      return `seeds do not suffice: ${by}, ${p}${openNotes(metric, alike)}${needed === null ? "" : `; about ${needed} seeds would`}`;
  }
}

/** The margin as the docs state it. */
const marginText = ({ metric }: Pick<KernelMetric, "metric">) =>
  isShare(metric) ? `${100 * MARGIN} percentage points` : `${100 * MARGIN} % of A`;

/** Why seeds do not suffice although a reader might think so. */
function openNotes(metric: Omit<KernelMetric, "words">, alike: boolean): string {
  const { difference, pairs, pCorrected, seeds } = metric;
  if (!alike && pCorrected < 0.05)
    return "; the mean and the ranks of the differences point in opposite ways";
  if (pairs === undefined && seeds < LEAST_SEEDS_FOR_NONE && liesWithin(difference, marginOf(metric)))
    return `; within ${marginText(metric)}, but so few seeds may miss a difference of one run in ten`;
  return "";
}
