/** The interval of a mean: quantiles by tables, limits by hand, and coverage by simulation, as docs/compare-kernels.md has it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { meanInterval, student975 } from "../../lib/experiment/mean-interval";
import { signedRankSide } from "../../lib/experiment/paired-statistics";
import { STUDENT_975 } from "../../lib/experiment/student-quantiles";
import {
  COVERAGE_TRIALS,
  coverageTable,
  DOUBLES,
  SHAPES,
  VERDICT_TRIALS,
  verdicts,
} from "../support/coverage";

const DOC = readFileSync(join(__dirname, "../../docs/compare-kernels.md"), "utf8");

test("quantiles of Student's distribution, by the printed tables", () => {
  for (const [freedom, t] of [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [9, 2.262],
    [10, 2.228],
    [29, 2.045],
    [30, 2.042],
    [60, 2.0],
    [120, 1.98],
    [1000, 1.962],
  ] as const)
    assert.equal(Number(student975(freedom).toFixed(3)), t, `${freedom}`);
  assert.ok(Math.abs(student975(200) - student975(201)) < 1e-4, "sums and expansion meet");
});

/** P(−t < T < t) by the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4. */
function within(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2;
  let term = odd === 1 ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = 2 + odd; k <= freedom - 2; k += 2) sum += term *= (cosine * cosine * (k - 1)) / k;
  return odd === 1 ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

test("the table of Student's quantiles is what the finite sums give", () => {
  assert.equal(STUDENT_975.length, 200);
  STUDENT_975.forEach((t, i) => {
    const below = within(t * (1 - 1e-12), i + 1);
    assert.ok(below < 0.95 && within(t * (1 + 1e-12), i + 1) > 0.95, `${i + 1} degrees of freedom: ${t}`);
  });
});

test("limits by hand", () => {
  // Mean 3, standard deviation √2.5, no skewness: 2.776445 × √2.5 / √5 = 1.963243.
  const even = meanInterval([1, 2, 3, 4, 5]);
  assert.ok(Math.abs(even.high! - 3 - 1.963243) < 1e-6 && Math.abs(3 - even.low! - 1.963243) < 1e-6);
  // Skewed to the right: the upper limit is farther, and no limit is nearer than Student's.
  const skewed = meanInterval([1, 1, 1, 2, 10]);
  const student = (2.776445 * Math.sqrt((2 ** 2 * 3 + 1 + 49) / 4)) / Math.sqrt(5);
  assert.ok(skewed.high! - 3 > student + 1 && Math.abs(3 - skewed.low! - student) < 1e-5);
  const mirrored = meanInterval([-1, -1, -1, -2, -10]);
  assert.deepEqual([mirrored.low, mirrored.high], [-skewed.high!, -skewed.low!]);
  assert.deepEqual(meanInterval([7]), { low: null, mid: 7, high: null });
  assert.deepEqual(meanInterval([0.1, 0.1, 0.1]).low, meanInterval([0.1, 0.1, 0.1]).high);
  assert.throws(() => meanInterval([]), /at least one value/);
});

test("which way ranks point", () => {
  assert.deepEqual([signedRankSide([1, 2, -3]), signedRankSide([1, -2]), signedRankSide([0])], [0, -1, 0]);
});

test("coverage is what the docs say, drawn anew", () => {
  for (const line of coverageTable()) assert.ok(DOC.includes(line), line);
  assert.ok(DOC.includes(COVERAGE_TRIALS.toLocaleString("en-GB")));
});

test("errors of the verdict are what the docs say, drawn anew for 8 and 29 seeds", () => {
  const cell = (name: string, column: number) =>
    DOC.split(/although the mean is 0/)[1]!
      .split("\n")
      .find((line) => line.startsWith(`| ${name}`))!
      .split("|")
      [column]!.trim();
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  // Columns: name, then 3, 4, 6, 8, 12, 16, 29, 64 pairs.
  for (const [pairs, column] of [
    [8, 5],
    [29, 8],
  ] as const) {
    const decided = verdicts(["better", "worse"], pairs, SHAPES.lognormal!);
    assert.equal(percent(decided), cell("lognormal", column));
    assert.equal(percent(verdicts(["none"], pairs, DOUBLES)), cell("**no difference seen**", column));
  }
  assert.ok(DOC.includes(VERDICT_TRIALS.toLocaleString("en-GB")));
});
