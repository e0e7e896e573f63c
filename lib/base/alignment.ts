/** Rounding of addresses and sizes to a power of two; numbers below 2^53, so no bit operators. */
import { log2 } from "./elementary";

/** The smallest multiple of `step` that is >= `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** The largest multiple of `step` that is <= `value`. */
export function roundDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

export function isAligned(value: number, step: number): boolean {
  return value % step === 0;
}

export function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(log2(value));
}

/** The smallest power of two that is >= `value` (1 for anything below 1). */
export function roundUpToPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

/** The largest power of two that is <= `value`, which must be >= 1. */
export function roundDownToPowerOfTwo(value: number): number {
  let power = 1;
  while (power * 2 <= value) power *= 2;
  return power;
}
