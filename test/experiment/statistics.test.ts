/** Statistics against published and hand-computed values, and their coverage on simulated data. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Random } from "../../lib/base/random";
import {
  bootstrapMedian,
  holm,
  mcNemarExact,
  paired,
  quantiles,
  seedsNeeded,
  wilson,
} from "../../lib/experiment/statistics";

const near = (actual: number, expected: number, digits: number, what = "") =>
  assert.ok(Math.abs(actual - expected) < 0.5 * 10 ** -digits, `${what}: ${actual} is not ${expected}`);

test("Wilson's interval: Newcombe, Statistics in Medicine 17 (1998), table I, method 3", () => {
  for (const [r, n, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    near(wilson(r, n).low, low, 4, `${r}/${n} low`);
    near(wilson(r, n).high, high, 4, `${r}/${n} high`);
  }
  assert.deepEqual(wilson(0, 0), { low: 0, mid: 0, high: 1 });
  assert.throws(() => wilson(3, 2), /from 0 to the trials: got 3 of 2/);
});

test("Wilson's interval holds the share, lies in 0..1, and mirrors", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), (a, b) => {
      const { low, mid, high } = wilson(a, a + b);
      const mirror = wilson(b, a + b);
      return (
        low >= 0 &&
        low <= mid + 1e-12 &&
        mid <= high + 1e-12 &&
        high <= 1 &&
        (a + b === 0 || Math.abs(low - (1 - mirror.high)) < 1e-12)
      );
    }),
  );
});

test("95 % intervals cover about 95 % of the time", () => {
  const random = new Random(7);
  let wilsonHolds = 0;
  let medianHolds = 0;
  const rounds = 400;
  for (let i = 0; i < rounds; i++) {
    let k = 0;
    for (let j = 0; j < 60; j++) if (random.chance(0.3)) k++;
    const w = wilson(k, 60);
    if (w.low <= 0.3 && 0.3 <= w.high) wilsonHolds++;
    const values = Array.from({ length: 41 }, () => random.exponential(1));
    const b = bootstrapMedian(values, random.fork(`bootstrap ${i}`));
    if (b.low <= Math.LN2 && Math.LN2 <= b.high) medianHolds++;
  }
  // Four standard errors of a share of 95 % in 400 rounds are 4.4 points; the percentile bootstrap is known to fall a little short.
  assert.ok(wilsonHolds / rounds > 0.906, `Wilson ${wilsonHolds}`);
  assert.ok(medianHolds / rounds > 0.886, `median ${medianHolds}`);
  assert.ok(medianHolds < rounds, "an interval that always holds says nothing");
});

test("McNemar's exact test by hand: 2 × (C(10,0) + C(10,1) + C(10,2)) / 2^10, and a sum of 1 at most", () => {
  near(mcNemarExact(2, 8), (2 * 56) / 1024, 9);
  near(mcNemarExact(0, 6), 2 / 64, 9);
  assert.equal(mcNemarExact(5, 5), 1);
  assert.equal(mcNemarExact(0, 0), 1);
  assert.ok(mcNemarExact(400, 700) < 1e-15);
});

test("quantiles interpolate between order statistics: type 7 by hand", () => {
  assert.deepEqual(quantiles([4, 1, 3, 2], [0, 0.5, 1]), [1, 2.5, 4]);
  near(quantiles([1, 2, 3, 4], [0.95])[0]!, 3.85, 9);
  assert.throws(() => quantiles([], [0.5]), /at least one value/);
});

test("Holm's correction by hand", () => {
  assert.deepEqual(
    holm([0.01, 0.04, 0.03]).map((p) => Number(p.toFixed(6))),
    [0.03, 0.06, 0.06],
  );
});

test("paired: a difference of every seed is found, none is not, and more noise needs more seeds", () => {
  const a = [1, 1, 1, 1, 1, 1, 1, 1];
  const found = paired(
    a,
    a.map(() => 0),
    new Random(1),
  );
  assert.deepEqual([found.aheadA, found.aheadB, found.equal], [8, 0, 0]);
  near(found.p, 2 / 256, 9);
  assert.deepEqual(found.difference, { low: 1, mid: 1, high: 1 });
  const none = paired(a, a, new Random(1));
  assert.deepEqual([none.p, none.seedsNeeded, none.equal], [1, null, 8]);
  // σ = 1 (sample), δ = 0.5: ((1.95996 + 0.84162) / 0.5)² = 31.4
  const values = [0.5 - Math.SQRT1_2, 0.5 + Math.SQRT1_2];
  assert.equal(seedsNeeded(values), 32);
  assert.ok(seedsNeeded(values, 10)! > 32);
  assert.deepEqual(paired([1, 0, 1], [0, 1, 0], new Random(3)), paired([1, 0, 1], [0, 1, 0], new Random(3)));
  assert.throws(() => paired([1], [], new Random(1)), /a value for each seed: got 1 and 0/);
});
