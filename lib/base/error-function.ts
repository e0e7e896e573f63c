/**
 * The error function by the rational approximations of W. J. Cody ("Rational Chebyshev approximations for the error function",
 * Mathematics of Computation 23, 1969; constants of netlib's specfun), with the same bits on every engine.
 */
import { exp } from "./elementary";

/** Coefficients of a numerator and a denominator, as the method takes them in: the last of the numerator first. */
interface Fraction {
  readonly above: readonly number[];
  readonly below: readonly number[];
}

/** Up to 0.46875: of erf(x) / x in x². */
const NEAR: Fraction = {
  above: [3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694, 0.18577770618460315],
  below: [23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};

/** From there to 4: of exp(x²) erfc(x) in x. */
const MIDDLE: Fraction = {
  above: [
    0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
    1712.0476126340707, 2051.0783778260716, 1230.3393547979972, 2.1531153547440383e-8,
  ],
  below: [
    15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};

/** Beyond 4: of x² (1 / √π − x exp(x²) erfc(x)) in 1 / x². */
const FAR: Fraction = {
  above: [
    0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378, 0.016315387137302097,
  ],
  below: [
    2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
  ],
};

const ONE_OVER_ROOT_PI = 0.5641895835477563;

/** The error function of `x`; its error is below 1e-15. */
export function erf(x: number): number {
  const y = Math.abs(x);
  if (y <= 0.46875) return fractionAt(NEAR, x * x, x);
  if (y > 6) return Math.sign(x);
  const upper = 1 - (y <= 4 ? exponential(y) * fractionAt(MIDDLE, y) : exponential(y) * farRest(y));
  return x < 0 ? -upper : upper;
}

function farRest(y: number): number {
  const square = 1 / (y * y);
  return (ONE_OVER_ROOT_PI - fractionAt(FAR, square, square)) / y;
}

/** The fraction at `x`, times `factor`. */
function fractionAt({ above, below }: Fraction, x: number, factor = 1): number {
  const last = below.length - 1;
  let [a, b] = [above[last + 1]! * x, x];
  for (let i = 0; i < last; i++) {
    a = (a + above[i]!) * x;
    b = (b + below[i]!) * x;
  }
  return (factor * (a + above[last]!)) / (b + below[last]!);
}

/** exp(−y²): the square in two parts, the first of which is exact. */
function exponential(y: number): number {
  const coarse = Math.trunc(y * 16) / 16;
  return exp(-coarse * coarse) * exp(-((y - coarse) * (y + coarse)));
}
