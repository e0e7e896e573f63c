/**
 * Exact probabilities of runs of clean page blocks: of n blocks in a row, each is polluted independently with
 * probability p. Computes the probability that k adjacent blocks are clean anywhere, or at a place where
 * alloc_contig_pages() looks. This is the article's question in numbers: how clean must memory be for 2 GB in one
 * piece?
 */
import { exp, expm1, log, log1p } from "../base/elementary";
import { InputError } from "../base/errors";

function checked(n: number, k: number, p: number): void {
  if (!Number.isInteger(n) || n < 0)
    throw new InputError(`runs: n must be a whole number of blocks, 0 or more: got ${n}`);
  if (!Number.isInteger(k) || k < 1)
    throw new InputError(`runs: k must be a whole number of blocks, 1 or more: got ${k}`);
  if (!(p >= 0 && p <= 1)) throw new InputError(`runs: p must be from 0 to 1: got ${p}`);
}

/**
 * Probability that `k` adjacent blocks among `n` are clean anywhere, if each block is polluted with probability `p`.
 * It uses a recurrence on the first such run, which ends at block i exactly if blocks i−k+1 … i are clean, block i−k
 * is polluted and there was no run among the first i−k−1:
 *
 *     f(k) = q^k,   f(i) = p q^k (1 − F(i−k−1)),   F(i) = f(k) + … + f(i),   q = 1 − p
 *
 * It sums positive terms only, so that nothing cancels, and computes q^k with log1p, so that small p keep their
 * digits.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * metrics.runProbability(2, 1, 0.5); // => 0.75
 * ```
 */
export function runProbability(n: number, k: number, p: number): number {
  checked(n, k, p);
  if (k > n) return 0;
  const clean = exp(k * log1p(-p));
  const sums = new Float64Array(n + 1);
  sums[k] = clean;
  for (let i = k + 1; i <= n; i++) {
    const before = i - k - 1;
    sums[i] = sums[i - 1]! + p * clean * (1 - sums[before]!);
  }
  return Math.min(1, sums[n]!);
}

/**
 * The same for runs that start only at multiples of `k` blocks, as alloc_contig_pages() steps: ⌊n/k⌋ windows that do
 * not overlap.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * // Two blocks, each polluted with probability ½: both are clean in one case out of four.
 * metrics.alignedRunProbability(2, 2, 0.5).toFixed(2); // => "0.25"
 * ```
 */
export function alignedRunProbability(n: number, k: number, p: number): number {
  checked(n, k, p);
  const windows = Math.floor(n / k);
  if (windows === 0) return 0;
  const clean = exp(k * log1p(-p));
  return -expm1(windows * log1p(-clean));
}

/**
 * Whether `k` adjacent blocks (1: polluted) are clean; `step`: only at multiples of that many blocks.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * const polluted = Uint8Array.of(0, 1, 0, 0);
 * metrics.hasCleanRun(polluted, 2); // => true
 * metrics.hasCleanRun(polluted, 3); // => false
 * ```
 */
export function hasCleanRun(polluted: Uint8Array, k: number, step = 1): boolean {
  for (let start = 0; start + k <= polluted.length; ) {
    const bad = polluted.lastIndexOf(1, start + k - 1);
    if (bad < start) return true;
    start = Math.ceil((bad + 1) / step) * step;
  }
  return false;
}

/**
 * The share of page blocks in which unmovable pages may lie until only one machine in two has a clean range: the p at which
 * alignedRunProbability() of `ranges` ranges of `k` blocks is one half, if the blocks are spoiled in runs of `run` adjacent
 * ones (1: each by itself). It follows from independence alone, so it is a computation, not a test of anything.
 *
 *     (1 − (1 − p)^(k / run))^ranges = ½
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * // 2 GiB among 14 ranges of 1024 page blocks: one spoiled block in 338.
 * metrics.halfwayShare(14, 1024).toFixed(4); // => "0.0030"
 * ```
 */
export function halfwayShare(ranges: number, k: number, run = 1): number {
  checked(ranges, k, 0);
  if (!Number.isInteger(run) || run < 1)
    throw new InputError(`runs: run must be a whole number of blocks, 1 or more: got ${run}`);
  if (ranges === 0) return 0;
  // A run that is longer than a range spoils several ranges at once.
  const runs = Math.max(1, k / run);
  const independent = Math.max(1, ranges * Math.min(1, k / run));
  const clean = -expm1(-Math.LN2 / independent);
  return -expm1(log(clean) / runs);
}
