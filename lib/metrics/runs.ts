/**
 * Runs of clean page blocks, exactly: n blocks in a row, each polluted with probability p on its own; the chance that k adjacent
 * ones are clean somewhere, and the chance that they are at a place where alloc_contig_pages() looks. The article's
 * question in numbers: how clean must memory be for 2 GB in one piece?
 */
import { InputError } from "../base/errors";

function checked(n: number, k: number, p: number): void {
  if (!Number.isInteger(n) || n < 0)
    throw new InputError(`runs: n must be a whole number of blocks, 0 or more: got ${n}`);
  if (!Number.isInteger(k) || k < 1)
    throw new InputError(`runs: k must be a whole number of blocks, 1 or more: got ${k}`);
  if (!(p >= 0 && p <= 1)) throw new InputError(`runs: p must be from 0 to 1: got ${p}`);
}

/**
 * Probability that among `n` blocks there are `k` adjacent clean ones at any place, each block being polluted with
 * probability `p`. Recurrence on the first such run: it ends at block i exactly when blocks i−k+1 … i are clean, block i−k is
 * polluted and there was no run among the first i−k−1:
 *
 *     f(k) = q^k,   f(i) = p q^k (1 − F(i−k−1)),   F(i) = f(k) + … + f(i),   q = 1 − p
 *
 * Sums of positive terms only, so that nothing cancels; q^k through log1p, so that small p keep their digits.
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
  const clean = Math.exp(k * Math.log1p(-p));
  const sums = new Float64Array(n + 1);
  sums[k] = clean;
  for (let i = k + 1; i <= n; i++) {
    const before = i - k - 1;
    sums[i] = sums[i - 1]! + p * clean * (1 - sums[before]!);
  }
  return Math.min(1, sums[n]!);
}

/**
 * The same for runs that start at multiples of `k` blocks only, as alloc_contig_pages() steps: ⌊n/k⌋ windows that do not overlap.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * // Two blocks, each polluted with a chance of one half: both are clean in one case of four.
 * metrics.alignedRunProbability(2, 2, 0.5).toFixed(2); // => "0.25"
 * ```
 */
export function alignedRunProbability(n: number, k: number, p: number): number {
  checked(n, k, p);
  const windows = Math.floor(n / k);
  if (windows === 0) return 0;
  const clean = Math.exp(k * Math.log1p(-p));
  return -Math.expm1(windows * Math.log1p(-clean));
}

/**
 * Whether among blocks (1: polluted) there are `k` adjacent clean ones; `step`: at multiples of that many blocks only.
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
