/** Quantiles of the bounded histogram, held to sorted samples (nearest rank). */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { LatencyHistogram } from "../../lib/workload/latency-histogram";

/** The smallest sample that at least the share `q` of all do not exceed. */
const nearestRank = (sorted: readonly number[], q: number) =>
  sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;

const QUANTILES = { p1Ns: 0.01, p25Ns: 0.25, p50Ns: 0.5, p75Ns: 0.75, p95Ns: 0.95, p99Ns: 0.99 } as const;

const random = new Random(7);
const many = (n: number, draw: () => number) => Array.from({ length: n }, () => Math.floor(draw()));
const SAMPLES: Record<string, number[]> = {
  "one sample": [123_456_789],
  "equal samples": many(1000, () => 4097),
  "zero and one": [0, 1],
  "small times": many(500, () => random.below(64)),
  "an even spread": many(5000, () => random.below(1e6)),
  "a long tail": many(5000, () => 2 ** (random.float() * 52)),
  "edges of doublings": Array.from({ length: 53 }, (_, i) => [2 ** i - 1, 2 ** i]).flat(),
  "two humps": many(3000, () => (random.chance(0.97) ? 150 + random.below(5) : 3e8 + random.below(1e6))),
};

for (const [name, samples] of Object.entries(SAMPLES))
  test(`${name}: no quantile is below its sample, nor above it by more than a 32nd`, () => {
    const histogram = new LatencyHistogram();
    for (const ns of samples) histogram.add(ns);
    const sorted = [...samples].sort((a, b) => a - b);
    const got = histogram.quantiles()!;
    for (const [key, q] of Object.entries(QUANTILES)) {
      const is = got[key as keyof typeof QUANTILES];
      const exact = nearestRank(sorted, q);
      assert.ok(is >= exact && is <= exact * (1 + 1 / 32), `${key}: ${is}, of samples ${exact}`);
    }
    assert.equal(got.maxNs, sorted.at(-1));
    assert.equal(got.samples, samples.length);
    assert.equal(got.meanNs, Math.round(samples.reduce((a, b) => a + b, 0) / samples.length));
  });

test("without samples there are no quantiles", () => {
  assert.equal(new LatencyHistogram().quantiles(), null);
  assert.throws(() => new LatencyHistogram().quantile(0.5), /without samples/);
});
