/**
 * The interval of the mean of a few differences. Student's interval is exact where they are normal, and too short on one side
 * where they are skewed; Hall's lengthens that side. On each side the farther limit of both counts. Nothing is resampled.
 */
import { cbrt } from "../base/elementary";
import { InputError } from "../base/errors";
import { pow } from "../base/power";
import { meanOf } from "./paired-statistics";
import { Z_95 } from "./statistics";
import { STUDENT_975 } from "./student-quantiles";

/** A mean with its interval; without limits if there is a single value, which has no spread. */
export interface MeanInterval {
  low: number | null;
  mid: number;
  high: number | null;
}

/**
 * The mean of `values` and its 95 % interval: the farther limits of Student's (1908) and of Hall's, which corrects t for the
 * skewness of the values by a cubic (P. Hall, Journal of the Royal Statistical Society B 54, 1992).
 * docs/compare-kernels.md states how often it covers the truth.
 * @throws InputError without values
 */
export function meanInterval(values: ArrayLike<number>): MeanInterval {
  const n = values.length;
  if (n === 0) throw new InputError("meanInterval: there must be at least one value: got none");
  const mid = meanOf(values);
  if (n === 1) return { low: null, mid, high: null };
  let [squares, cubes] = [0, 0];
  for (let i = 0; i < n; i++) {
    const away = values[i]! - mid;
    squares += away ** 2;
    cubes += pow(away, 3);
  }
  const sigma = Math.sqrt(squares / (n - 1));
  // Equal values have no spread, but their mean may be off by a rounding.
  if (sigma <= Math.abs(mid) * n * Number.EPSILON) return { low: mid, mid, high: mid };
  const reach = student975(n - 1) / Math.sqrt(n);
  const skewness = n < 3 ? 0 : ((cubes / (n - 1)) * n) / (n - 2) / pow(sigma, 3);
  return {
    low: mid - sigma * Math.max(reach, unskewed(reach, skewness, n)),
    mid,
    high: mid + sigma * Math.max(reach, -unskewed(-reach, skewness, n)),
  };
}

/** The inverse of Hall's cubic: where the skewed mean lies, in standard deviations, if its normal image lies at x. */
function unskewed(x: number, skewness: number, n: number): number {
  // Nearly no skewness: both roots below are 1, and their difference would be rounding.
  if (Math.abs(skewness) < 1e-6) return x;
  return (3 * (cbrt(1 + skewness * (x - skewness / (6 * n))) - 1)) / skewness;
}

/** t with P(T ≤ t) = 0.975: from a table, and from the normal quantile beyond it (Abramowitz and Stegun 26.7.5). */
export function student975(freedom: number): number {
  const listed = STUDENT_975[freedom - 1];
  if (listed !== undefined) return listed;
  const [z, z3, z5] = [Z_95, pow(Z_95, 3), pow(Z_95, 5)];
  const terms = [(z3 + z) / 4, (5 * z5 + 16 * z3 + 3 * z) / 96];
  return z + terms[0]! / freedom + terms[1]! / freedom ** 2;
}
