/** Statistics of pairs against published values, and against counting every case. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import {
  correlation,
  pairedShares,
  ratioOfMeans,
  standardised,
  wilcoxonSignedRank,
} from "../../lib/experiment/paired-statistics";
import { mcNemarExact } from "../../lib/experiment/statistics";

const near = (actual: number | null, expected: number, digits: number) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= 0.5 * 10 ** -digits,
    `${actual} against ${expected}`,
  );

test("Wilcoxon: the depression scores of Hollander and Wolfe (1973), as R's wilcox.test has them", () => {
  const x = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
  const y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
  // V = 40; one-sided p = 0.01953, so 10 of 512 sign patterns, and two-sided twice that.
  near(wilcoxonSignedRank(x.map((one, i) => one - y[i]!)), 20 / 512, 12);
});

test("Wilcoxon: the critical values of the tables for 5 % two-sided are the last below it", () => {
  // The sum of the ranks with one sign: n, critical value.
  for (const [n, critical] of [
    [6, 0],
    [7, 2],
    [8, 3],
    [9, 5],
    [10, 8],
    [12, 13],
    [16, 29],
    [20, 52],
    [25, 89],
  ] as const) {
    assert.ok(wilcoxonSignedRank(withSum(n, critical)) <= 0.05, `${n}: ${critical}`);
    assert.ok(wilcoxonSignedRank(withSum(n, critical + 1)) > 0.05, `${n}: ${critical + 1}`);
  }
});

/** Differences of sizes 1 to n of which the negative ones sum to `sum`. */
function withSum(n: number, sum: number): number[] {
  let left = sum;
  const differences: number[] = [];
  for (let size = n; size >= 1; size--)
    if (left >= size) {
      differences.push(-size);
      left -= size;
    } else differences.push(size);
  return differences;
}

test("Wilcoxon with ties and zeros: as counting every pattern of signs gives it", () => {
  const random = new Random(4);
  for (let round = 0; round < 30; round++) {
    const differences = Array.from({ length: 9 }, () => random.below(7) - 3);
    near(wilcoxonSignedRank(differences), bruteForce(differences), 10);
  }
  assert.equal(wilcoxonSignedRank([]), 1);
  assert.equal(wilcoxonSignedRank([0, 0]), 1);
});

function bruteForce(differences: readonly number[]): number {
  const kept = differences.filter((d) => d !== 0);
  const sizes = kept.map(Math.abs);
  const rank = (size: number) =>
    sizes.filter((s) => s < size).length + (sizes.filter((s) => s === size).length + 1) / 2;
  const ranks = sizes.map(rank);
  const total = ranks.reduce((a, b) => a + b, 0);
  const away = (sum: number) => Math.abs(sum - total / 2);
  const seen = away(kept.reduce((sum, d, i) => sum + (d > 0 ? ranks[i]! : 0), 0));
  let asFar = 0;
  for (let signs = 0; signs < 2 ** kept.length; signs++)
    if (away(ranks.reduce((sum, r, i) => sum + ((signs >> i) & 1 ? r : 0), 0)) >= seen - 1e-9) asFar++;
  return asFar / 2 ** kept.length;
}

test("Wilcoxon beyond a hundred pairs: the approximation continues what is counted out", () => {
  const random = new Random(8);
  const all = Array.from({ length: 101 }, () => random.float() - 0.42);
  const [exact, normal] = [
    wilcoxonSignedRank(all.slice(0, 100)),
    wilcoxonSignedRank([...all.slice(0, 100), 1e-9]),
  ];
  assert.ok(Math.abs(exact - normal) < 0.003, `${exact} and ${normal}`);
});

test("the difference of paired shares: Newcombe (1998), method 10, pairs 36, 12, 2, 0", () => {
  const { low, mid, high } = pairedShares({ both: 36, onlyA: 12, onlyB: 2, neither: 0 });
  near(mid, 0.2, 10);
  near(low, 0.0569, 4);
  near(high, 0.3404, 4);
  assert.throws(() => pairedShares({ both: 0, onlyA: 0, onlyB: 0, neither: 0 }), /at least one pair/);
});

test("McNemar's exact test is twice the binomial tail", () => {
  // 12 against 2: (C(14,0) + C(14,1) + C(14,2)) × 2 / 2^14 = 212 / 16384.
  near(mcNemarExact(12, 2), 212 / 16384, 12);
});

test("correlation: Anscombe's first set; effect: mean over standard deviation", () => {
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  near(correlation(x, y), 0.81642, 5);
  assert.equal(correlation([1, 1], [1, 2]), null);
  near(standardised([1, 2, 3]), 2, 12);
  assert.equal(standardised([2, 2]), null);
  assert.equal(standardised([2]), null);
});

test("a ratio of means: of proportional values it has no width, and none is given over nothing", () => {
  const ratio = ratioOfMeans([2, 4, 8], [1, 2, 4], new Random(1))!;
  for (const end of [ratio.low, ratio.mid, ratio.high]) near(end, 2, 12);
  assert.equal(ratioOfMeans([1, 2], [0, 0], new Random(1)), null);
});
