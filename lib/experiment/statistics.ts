/**
 * Statistics of experiments: intervals for shares and medians, paired comparisons of runs with common random numbers,
 * and the number of seeds that a comparison needs. All of it is deterministic: resampling draws from lib/base/random.
 */
import { log2 } from "../base/elementary";
import { erf } from "../base/error-function";
import { InputError } from "../base/errors";
import type { Random } from "../base/random";

/** An estimate and its interval. */
export interface Interval {
  low: number;
  mid: number;
  high: number;
}

/** Standard normal quantiles: 0.975 for 95 % intervals, 0.8 for a power of 80 %. */
export const Z_95 = 1.959963984540054;
const Z_POWER_80 = 0.8416212335729143;
/**
 * Resamples of a bootstrap. That resamples are few adds less than 0.5 percentage points to the error of its 95 % limits. That
 * values are few adds much more: a percentile bootstrap of 8 normal values covers their mean in 89 % of cases.
 */
export const RESAMPLES = 2000;

/** mathjs takes a second to load, so it is loaded on first use. */
let mathjs: typeof import("mathjs") | undefined;
function math(): typeof import("mathjs") {
  const loaded: typeof import("mathjs") = mathjs ?? require("mathjs");
  mathjs = loaded;
  return loaded;
}

/**
 * Wilson's score interval at 95 % for `successes` of `trials` independent trials (E. B. Wilson, 1927; method 3 of R.
 * G. Newcombe, Statistics in Medicine 17, 1998). `mid` is the observed share. Without trials, the interval is 0 to 1
 * with mid 0, not NaN.
 * @example
 * ```ts
 * import { wilson } from "pageblock";
 *
 * wilson(0, 0); // => { low: 0, mid: 0, high: 1 }
 * wilson(20, 20).high; // => 1
 * ```
 */
export function wilson(successes: number, trials: number, z = Z_95): Interval {
  if (!(trials >= 0) || !(successes >= 0) || successes > trials)
    throw new InputError(`wilson: successes must be from 0 to the trials: got ${successes} of ${trials}`);
  if (trials === 0) return { low: 0, mid: 0, high: 1 };
  const p = successes / trials;
  const z2 = z * z;
  const centre = p + z2 / (2 * trials);
  const half = z * Math.sqrt((p * (1 - p) + z2 / (4 * trials)) / trials);
  const scale = 1 + z2 / trials;
  return {
    low: successes === 0 ? 0 : (centre - half) / scale,
    mid: p,
    high: successes === trials ? 1 : (centre + half) / scale,
  };
}

/**
 * Quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996).
 * @example
 * ```ts
 * import { quantiles } from "pageblock";
 *
 * quantiles([1, 2, 3, 4], [0, 0.5, 1]); // => [1, 2.5, 4]
 * ```
 */
export function quantiles<const A extends readonly number[]>(
  values: ArrayLike<number>,
  at: A,
): { -readonly [K in keyof A]: number } {
  if (values.length === 0) throw new InputError("quantiles: there must be at least one value: got none");
  // The types of mathjs say one number whatever is asked for.
  return math().quantileSeq(Array.from(values), [...at]) as unknown as { [K in keyof A]: number };
}

export function median(values: ArrayLike<number>): number {
  return medianOfSorted(Float64Array.from(values).sort());
}

function medianOfSorted(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Percentile bootstrap, nominally at 95 %, of `statistic` (B. Efron, 1979): `random` decides the resamples. */
export function bootstrap(
  values: ArrayLike<number>,
  statistic: (sorted: Float64Array) => number,
  random: Random,
  resamples = RESAMPLES,
): Interval {
  const n = values.length;
  if (n === 0) throw new InputError("bootstrap: there must be at least one value: got none");
  const all = Float64Array.from(values).sort();
  const mid = statistic(all);
  const found = new Float64Array(resamples);
  const drawn = new Float64Array(n);
  const taken = new Int32Array(n);
  for (let r = 0; r < resamples; r++) {
    // Counting how often each value is drawn keeps the sample sorted without sorting it.
    taken.fill(0);
    for (let i = 0; i < n; i++) taken[random.below(n)]!++;
    let k = 0;
    for (let i = 0; i < n; i++) for (let c = taken[i]!; c > 0; c--) drawn[k++] = all[i]!;
    found[r] = statistic(drawn);
  }
  found.sort();
  const at = (p: number) => found[Math.min(resamples - 1, Math.max(0, Math.round(p * (resamples - 1))))]!;
  return { low: at(0.025), mid, high: at(0.975) };
}

/** The median and its bootstrap interval. */
export function bootstrapMedian(values: ArrayLike<number>, random: Random): Interval {
  return bootstrap(values, medianOfSorted, random);
}

/** The mean and its bootstrap interval. */
export function bootstrapMean(values: ArrayLike<number>, random: Random): Interval {
  return bootstrap(values, mean, random);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * Exact two-sided test of McNemar (1947). Of the pairs that differ, `onlyA` favour A and `onlyB` favour B; returns the
 * chance of a split at least as uneven if neither were better. With more than one request per seed, it is the sign
 * test over seeds.
 * @example
 * ```ts
 * import { mcNemarExact } from "pageblock";
 *
 * mcNemarExact(3, 3); // => 1
 * mcNemarExact(0, 5); // => 0.0625
 * ```
 */
export function mcNemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  if (n === 0) return 1;
  const fewer = Math.min(onlyA, onlyB);
  const { bignumber, combinations, divide, multiply, pow, number } = math();
  let tail = bignumber(0);
  for (let i = 0; i <= fewer; i++) tail = tail.plus(combinations(bignumber(n), bignumber(i)));
  const p = divide(multiply(2, tail), pow(bignumber(2), bignumber(n)));
  // divide() may give any kind of number, by its type.
  return Math.min(1, number(p as never) as number);
}

/** A paired comparison over seeds. */
export interface PairedDifference {
  /** Mean of A − B over seeds, with its bootstrap interval. */
  difference: Interval;
  /** Seeds where A was ahead, where B was, and where they were equal. */
  aheadA: number;
  aheadB: number;
  equal: number;
  /** Exact McNemar (sign) test, two-sided. */
  p: number;
  /**
   * Seeds needed to detect a difference as large as the observed one, at 5 % over all `tests` with a power of 80 %
   * (normal approximation); null if no difference was observed.
   */
  seedsNeeded: number | null;
}

/** Differences `a[i] − b[i]` of runs with the same seed; `tests`: number of such comparisons made together. */
export function paired(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  random: Random,
  tests = 1,
): PairedDifference {
  if (a.length !== b.length || a.length === 0)
    throw new InputError(`paired: both must have a value for each seed: got ${a.length} and ${b.length}`);
  const differences = Float64Array.from({ length: a.length }, (_, i) => a[i]! - b[i]!);
  const aheadA = differences.filter((d) => d > 0).length;
  const aheadB = differences.filter((d) => d < 0).length;
  return {
    difference: bootstrapMean(differences, random),
    aheadA,
    aheadB,
    equal: a.length - aheadA - aheadB,
    p: mcNemarExact(aheadA, aheadB),
    seedsNeeded: seedsNeeded(differences, tests),
  };
}

/**
 * n = ((z(1 − α/2) + z(0.8)) σ / δ)², with α = 5 % divided among the tests (Bonferroni), and at least as many as an
 * exact two-sided sign test needs to fall below α: 2^(1 − n) < α.
 */
export function seedsNeeded(differences: ArrayLike<number>, tests = 1): number | null {
  const delta = mean(differences);
  return delta === 0 ? null : seedsToFind(differences, delta, tests);
}

/** The same for a mean difference of `delta`, other than 0, with the spread of these differences. */
export function seedsToFind(differences: ArrayLike<number>, delta: number, tests: number): number {
  const sigma = differences.length < 2 ? 0 : Number(math().std(Array.from(differences)));
  const z = normalQuantile(1 - 0.05 / tests / 2) + Z_POWER_80;
  return Math.max(leastSeeds(tests), Math.ceil(((z * sigma) / Math.abs(delta)) ** 2));
}

/** Seeds from which on a test of signs or of signed ranks can fall below 5 % after a correction for `tests`: 2^(1 − n) < 5 % / tests. */
export function leastSeeds(tests: number): number {
  return Math.floor(1 - log2(0.05 / tests)) + 1;
}

/** P(Z > z) for z of 0 and above. */
export function normalTail(z: number): number {
  return (1 - erf(z / Math.SQRT2)) / 2;
}

/** z with P(Z ≤ z) = p, for p from 0.5 to 1, by bisection. */
function normalQuantile(p: number): number {
  let [low, high] = [0, 9];
  for (let i = 0; i < 60; i++) {
    const mid = (low + high) / 2;
    if ((1 + erf(mid / Math.SQRT2)) / 2 < p) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
}

/** p-values of several tests made together, corrected by Holm's method (1979), in the given order. */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => p[i]! - p[j]!);
  const corrected = new Array<number>(p.length);
  let worst = 0;
  order.forEach((index, rank) => {
    worst = Math.max(worst, Math.min(1, p[index]! * (p.length - rank)));
    corrected[index] = worst;
  });
  return corrected;
}
