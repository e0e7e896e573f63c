/**
 * Ranks 1 to n with probability proportional to rank ^ -exponent. The first ranks, which get most of the draws, come
 * from an alias table (A. J. Walker 1977, M. D. Vose 1991); all others by rejection-inversion (W. Hörmann, G.
 * Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS 6(3),
 * 1996). Both are exact; a table for all of 2^26 ranks would be too large, and rejection-inversion for all takes
 * three times as long.
 */
import { exp, log } from "../base/elementary";
import { pow } from "../base/power";
import type { Random } from "../base/random";

/** Ranks in the table, which fits a core's L2 cache. */
const HEAD_RANKS = 2 ** 14;

/** A source of ranks; `n` a whole number of at least 1, `exponent` above 0. `headRanks`: for tests. */
export function zipfRanks(
  n: number,
  exponent: number,
  random: Random,
  headRanks: number = HEAD_RANKS,
): () => number {
  const head = Math.min(n, headRanks);
  const weights = new Float64Array(head + 1);
  for (let rank = 1; rank <= head; rank++) weights[rank - 1] = pow(rank, -exponent);
  weights[head] = head < n ? powerSum(head + 1, n, exponent) : 0;
  const draw = aliasTable(weights, random);
  const tail = tailRanks(head + 1, n, exponent, random);
  return () => {
    const at = draw();
    return at < head ? at + 1 : tail();
  };
}

/** Indices of `weights` with probability proportional to them. */
function aliasTable(weights: Float64Array, random: Random): () => number {
  const n = weights.length;
  let sum = 0;
  for (const w of weights) sum += w;
  const share = weights.map((w) => (w * n) / sum);
  const alias = new Uint32Array(n);
  const small: number[] = [];
  const large: number[] = [];
  share.forEach((s, i) => (s < 1 ? small : large).push(i));
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.pop()!;
    alias[poor] = rich;
    share[rich]! -= 1 - share[poor]!;
    (share[rich]! < 1 ? small : large).push(rich);
  }
  // Columns left over by rounding are full.
  for (const i of [...small, ...large]) share[i] = 1;
  return () => {
    const at = random.below(n);
    return random.float() < share[at]! ? at : alias[at]!;
  };
}

/** Ranks `first` to `n` by rejection-inversion; `first` at least 2. */
function tailRanks(first: number, n: number, exponent: number, random: Random): () => number {
  const area = powerArea(exponent);
  const q = 1 - exponent;
  const inverse = Math.abs(q) < FLAT ? exp : (y: number) => exp(log(1 + y * q) / q);
  const start = area(first - 0.5);
  const end = area(n + 0.5);
  const sure = 2 - inverse(area(2.5) - pow(2, -exponent));
  return () => {
    for (;;) {
      const y = end + random.float() * (start - end);
      const x = inverse(y);
      const k = Math.min(n, Math.max(first, Math.floor(x + 0.5)));
      if (k - x <= sure || y >= area(k + 0.5) - pow(k, -exponent)) return k;
    }
  };
}

/** Exponents this near to 1 count as 1. */
const FLAT = 1e-9;

/** The integral of x ^ -exponent, up to a constant. */
function powerArea(exponent: number): (x: number) => number {
  const q = 1 - exponent;
  return Math.abs(q) < FLAT ? log : (x) => (exp(q * log(x)) - 1) / q;
}

/**
 * The sum of k ^ -exponent from `first` to `last`, by Euler-Maclaurin if there are many: relative error below 1e-9.
 */
function powerSum(first: number, last: number, exponent: number): number {
  const plain = Math.min(last, first + 100);
  let sum = 0;
  for (let k = first; k < plain; k++) sum += pow(k, -exponent);
  if (plain === last) return sum + pow(last, -exponent);
  const area = powerArea(exponent);
  const ends = (pow(plain, -exponent) + pow(last, -exponent)) / 2;
  const slopes = (exponent * (pow(plain, -exponent - 1) - pow(last, -exponent - 1))) / 12;
  return sum + area(last) - area(plain) + ends + slopes;
}
