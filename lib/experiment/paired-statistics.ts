/**
 * Statistics of paired runs beyond those of statistics.ts: an exact test of differences, the interval of the difference of
 * two paired shares, ratios and standardised effects. All of it is deterministic.
 */
import { InputError } from "../base/errors";
import type { Random } from "../base/random";
import { type Interval, normalTail, RESAMPLES, wilson } from "./statistics";

/** Differing pairs up to which the distribution of the signed-rank sum is counted out. */
const EXACT_PAIRS = 100;

/**
 * Wilcoxon's signed-rank test, two-sided (F. Wilcoxon, Biometrics Bulletin 1, 1945): pairs without a difference are dropped,
 * ties share their mean rank. Tests that the differences lie evenly around 0: a small p may also mean that they are skewed. Exact, given the ties, for up to 100 differing pairs; normal approximation with corrections
 * for ties and continuity beyond. 1 if no pair differs.
 * @example
 * ```ts
 * import { wilcoxonSignedRank } from "pageblock";
 *
 * wilcoxonSignedRank([1, 2, 3, 4, 5]); // => 0.0625
 * wilcoxonSignedRank([1, -1]); // => 1
 * ```
 */
export function wilcoxonSignedRank(differences: ArrayLike<number>): number {
  const kept = Array.from(differences).filter((d) => d !== 0);
  if (kept.some((d) => !Number.isFinite(d)))
    throw new InputError("wilcoxonSignedRank: differences must be finite numbers");
  if (kept.length === 0) return 1;
  const ranks = doubledRanks(kept.map(Math.abs));
  const positive = kept.reduce((sum, d, i) => sum + (d > 0 ? ranks[i]! : 0), 0);
  return kept.length <= EXACT_PAIRS ? exactTail(ranks, positive) : normalApproximation(ranks, positive);
}

/** Which way the signed ranks of the differences point: 1 up, −1 down, 0 if both sides weigh as much. */
export function signedRankSide(differences: ArrayLike<number>): number {
  const kept = Array.from(differences).filter((d) => d !== 0);
  const ranks = doubledRanks(kept.map(Math.abs));
  return Math.sign(kept.reduce((sum, d, i) => sum + Math.sign(d) * ranks[i]!, 0));
}

/** Ranks times two, so that the mean rank of a tie is a whole number. */
function doubledRanks(sizes: readonly number[]): number[] {
  const order = sizes.map((_, i) => i).sort((i, j) => sizes[i]! - sizes[j]! || i - j);
  const ranks = new Array<number>(sizes.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && sizes[order[to]!] === sizes[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = from + 1 + to;
    from = to;
  }
  return ranks;
}

/** Twice the smaller tail of the sum of ranks whose signs are fair coins. */
function exactTail(ranks: readonly number[], positive: number): number {
  const total = ranks.reduce((a, b) => a + b, 0);
  let chance = new Float64Array(total + 1);
  chance[0] = 1;
  let reach = 0;
  for (const rank of ranks) {
    const next = new Float64Array(total + 1);
    for (let sum = 0; sum <= reach; sum++) {
      next[sum]! += chance[sum]! / 2;
      next[sum + rank]! += chance[sum]! / 2;
    }
    reach += rank;
    chance = next;
  }
  const least = Math.min(positive, total - positive);
  let tail = 0;
  for (let sum = 0; sum <= least; sum++) tail += chance[sum]!;
  return Math.min(1, 2 * tail);
}

function normalApproximation(ranks: readonly number[], positive: number): number {
  const total = ranks.reduce((a, b) => a + b, 0);
  // The variance of a sum of ranks with fair signs: Σ r² / 4, which is that of tied ranks too.
  const sigma = Math.sqrt(ranks.reduce((sum, rank) => sum + rank * rank, 0)) / 2;
  const away = Math.max(0, Math.abs(positive - total / 2) - 1);
  return Math.min(1, 2 * normalTail(away / sigma));
}

/** Pairs of yes and no: both, only the first, only the second, neither. */
export interface PairedCounts {
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
}

/**
 * The share of A minus that of B over the same pairs, with its 95 % interval by Newcombe's method 10 (R. G. Newcombe,
 * Statistics in Medicine 17, 1998, pages 2635 to 2650): Wilson's intervals of both shares, joined with the correlation of
 * the pairs, which is corrected for continuity.
 * @example
 * ```ts
 * import { pairedShares } from "pageblock";
 *
 * pairedShares({ both: 0, onlyA: 3, onlyB: 3, neither: 0 }).mid; // => 0
 * ```
 */
export function pairedShares({ both, onlyA, onlyB, neither }: PairedCounts): Interval {
  const n = both + onlyA + onlyB + neither;
  if (!(n > 0)) throw new InputError("pairedShares: there must be at least one pair: got none");
  const a = wilson(both + onlyA, n);
  const b = wilson(both + onlyB, n);
  const phi = correlationOf({ both, onlyA, onlyB, neither });
  const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const mid = (onlyA - onlyB) / n;
  return {
    low: mid - reach(a.mid - a.low, b.high - b.mid),
    mid,
    high: mid + reach(a.high - a.mid, b.mid - b.low),
  };
}

function correlationOf({ both, onlyA, onlyB, neither }: PairedCounts): number {
  const margins = (both + onlyA) * (onlyB + neither) * (both + onlyB) * (onlyA + neither);
  if (margins === 0) return 0;
  const n = both + onlyA + onlyB + neither;
  const excess = both * neither - onlyA * onlyB;
  const corrected = excess > 0 ? Math.max(excess - n / 2, 0) : excess;
  return corrected / Math.sqrt(margins);
}

/**
 * Mean difference in units of the differences' standard deviation (Cohen's d_z); null if they do not spread.
 * @example
 * ```ts
 * import { standardised } from "pageblock";
 *
 * standardised([1, 2, 3]); // => 2
 * standardised([2, 2]); // => null
 * ```
 */
export function standardised(differences: ArrayLike<number>): number | null {
  const n = differences.length;
  if (n < 2) return null;
  const mean = meanOf(differences);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (differences[i]! - mean) ** 2;
  return squares === 0 ? null : mean / Math.sqrt(squares / (n - 1));
}

/**
 * Pearson's correlation; null if one side does not spread.
 * @example
 * ```ts
 * import { correlation } from "pageblock";
 *
 * correlation([1, 2], [1, 2]); // => 1
 * correlation([1, 1], [1, 2]); // => null
 * ```
 */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const [ma, mb] = [meanOf(a), meanOf(b)];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
    ab += (a[i]! - ma) * (b[i]! - mb);
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}

/**
 * The ratio of two means over the same seeds, with a percentile bootstrap over seeds at 95 %; null if the mean below is 0, or
 * could be, as far as the resamples tell.
 */
export function ratioOfMeans(
  above: ArrayLike<number>,
  below: ArrayLike<number>,
  random: Random,
): Interval | null {
  const n = above.length;
  const found = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    let [x, y] = [0, 0];
    for (let i = 0; i < n; i++) {
      const at = random.below(n);
      x += above[at]!;
      y += below[at]!;
    }
    if (y === 0) return null;
    found[r] = x / y;
  }
  const mid = meanOf(above) / meanOf(below);
  if (!Number.isFinite(mid)) return null;
  found.sort();
  const at = (p: number) => found[Math.round(p * (RESAMPLES - 1))]!;
  return { low: Math.min(mid, at(0.025)), mid, high: Math.max(mid, at(0.975)) };
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
