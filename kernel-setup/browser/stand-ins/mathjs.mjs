/**
 * The functions of mathjs that statistics use, for browsers. Those of numbers are mathjs's own. Its big numbers, 64 digits, are whole
 * numbers of any length here: the test of signs divides a whole number by a power of two, and rounds once.
 */
export { quantileSeq, std } from "mathjs/number";

class Whole {
  constructor(value) {
    this.value = value;
  }
  plus(other) {
    return new Whole(this.value + other.value);
  }
}

export const bignumber = (n) => new Whole(BigInt(n));

export function combinations(n, k) {
  let found = 1n;
  for (let i = 0n; i < k.value; i++) found = (found * (n.value - i)) / (i + 1n);
  return new Whole(found);
}

export const multiply = (factor, { value }) => new Whole(BigInt(factor) * value);
export const pow = ({ value }, exponent) => new Whole(value ** exponent.value);

/** Rounded to the nearest number: `divisor` is a power of two. */
export const divide = (dividend, divisor) => ({ quotient: quotientOf(dividend.value, divisor.value) });
export const number = ({ quotient }) => quotient;

/** Bits that decide how a number is rounded: its 53, and more than one behind them. */
const BITS_KEPT = 64;
const bitsOf = (whole) => whole.toString(2).length;

function quotientOf(dividend, divisor) {
  const cut = Math.max(0, bitsOf(dividend) - BITS_KEPT);
  let kept = dividend >> BigInt(cut);
  // What is cut off is below half of the last bit or above it, never equal to it.
  if (kept << BigInt(cut) !== dividend) kept |= 1n;
  const exponent = cut - (bitsOf(divisor) - 1);
  // In two steps, for a power of two by itself may be too small for a number.
  const half = Math.trunc(exponent / 2);
  return Number(kept) * 2 ** half * 2 ** (exponent - half);
}
