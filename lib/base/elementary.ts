/**
 * Logarithms, exponentials and roots with the same bits on every engine. ECMAScript leaves the last bits of `Math.log()` and its
 * like to the engine, and engines differ. These use additions, multiplications, divisions and square roots only, whose bits
 * IEEE 754 fixes. The methods and constants are those of fdlibm in the form that FreeBSD and V8 gave them, so that the results are
 * those of `Math` on Node.js 20 to the bit; the error is below 1 unit in the last place. docs/decisions.md lists what engines give.
 *
 * ====================================================
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 *
 * Developed at SunSoft, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this
 * software is freely granted, provided that this notice
 * is preserved.
 * ====================================================
 */
import { fromWords, highWord, leadingBits, lowWord, powerOfTwo, withHighWord } from "./float-bits";

/** ln 2 in two parts: the first times a whole number of up to 11 bits is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2_E = Math.LOG2E;
/** Half and three halves of ln 2, cut as the method compares them. */
const HALF_LN2 = 0x162e43 / 2 ** 22;
const THREE_HALVES_LN2 = 0x10a2b2 / 2 ** 20;
/** The largest argument whose exponential is finite, and the least whose exponential is not 0. */
const EXP_MOST = 709.782712893384;
const EXP_LEAST = -745.1332191019411;
const LEAST_NORMAL = 2 ** -1022;
/** Fractions from √2 on count as the next power of two with a negative rest: what is added to carry. */
const SQRT2_CARRY = 0x95f64;

/** e to the power of `x`. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_MOST) return Number.POSITIVE_INFINITY;
  if (x < EXP_LEAST) return 0;
  // The method errs by one unit here.
  if (x === 1) return Math.E;
  const size = Math.abs(x);
  if (size < 2 ** -28) return 1 + x;
  if (size < HALF_LN2) {
    const c = expRest(x);
    return 1 - ((x * c) / (c - 2) - x);
  }
  const k = powersIn(x, size);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const c = expRest(r);
  const y = 1 - (low - (r * c) / (2 - c) - high);
  if (k < -1021) return y * powerOfTwo(k + 1000) * 2 ** -1000;
  return k === 1024 ? y * 2 * 2 ** 1023 : y * powerOfTwo(k);
}

/** How often ln 2 is taken from the argument of an exponential, to the nearest. */
function powersIn(x: number, size: number): number {
  if (size < THREE_HALVES_LN2) return x < 0 ? -1 : 1;
  return Math.trunc(LOG2_E * x + (x < 0 ? -0.5 : 0.5));
}

/** r − R(r²), with R(r²) = r (eʳ + 1) / (eʳ − 1) − 2 by Remez's polynomial; |r| at most ln 2 / 2. */
function expRest(r: number): number {
  const t = r * r;
  const p4 = -1.6533902205465252e-6 + t * 4.1381367970572385e-8;
  const p2 = -0.0027777777777015593 + t * (6.613756321437934e-5 + t * p4);
  return r - t * (0.16666666666666602 + t * p2);
}

/** e to the power of `x`, less 1, with all its digits if `x` is near 0. */
export function expm1(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_MOST) return Number.POSITIVE_INFINITY;
  const size = Math.abs(x);
  if (x < 0 && size >= 0x13687a / 2 ** 15) return -1;
  if (size < 2 ** -54) return x;
  if (size < HALF_LN2) {
    const half = x * (0.5 * x);
    return x - (x * expm1Rest(x) - half);
  }
  const k = powersIn(x, size);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const lost = high - r - low;
  const e = r * (expm1Rest(r) - lost) - lost - r * (0.5 * r);
  return expm1Scaled(r, e, k);
}

/** 2ᵏ (1 + r − e) − 1, in the order that loses least. */
function expm1Scaled(r: number, e: number, k: number): number {
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k === 1024) return (1 - (e - r)) * 2 * 2 ** 1023 - 1;
  const scale = powerOfTwo(k);
  if (k <= -2 || k > 56) return (1 - (e - r)) * scale - 1;
  return k < 20 ? (1 - powerOfTwo(-k) - (e - r)) * scale : (r - (e + powerOfTwo(-k)) + 1) * scale;
}

/** What a rational approximation takes from r + r²/2: E of the method, over r²/2. */
function expm1Rest(r: number): number {
  const half = 0.5 * r;
  const h = r * half;
  const q3 = -7.93650757867488e-5 + h * (4.008217827369322e-6 + h * -2.0109921818362437e-7);
  const r1 = 1 + h * (-0.03333333333333313 + h * (0.0015873015872548146 + h * q3));
  const t = 3 - r1 * half;
  return h * ((r1 - t) / (6 - r * t));
}

/** The natural logarithm of `x`. */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return outsideLog(x);
  const small = x < LEAST_NORMAL;
  const scaled = small ? x * 2 ** 54 : x;
  const high = highWord(scaled);
  const fraction = high & 0xfffff;
  const carry = (fraction + SQRT2_CARRY) & 0x100000;
  const k = (high >> 20) - 1023 - (small ? 54 : 0) + (carry >> 20);
  const f = withHighWord(scaled, fraction | (carry ^ 0x3ff00000)) - 1;
  if ((0xfffff & (2 + fraction)) < 3) return logNearPower(f, k);
  const s = f / (2 + f);
  const r = logSeries(s);
  if (((fraction - 0x6147a) | (0x6b851 - fraction)) > 0) {
    const half = 0.5 * f * f;
    if (k === 0) return f - (half - s * (half + r));
    return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
  }
  return k === 0 ? f - s * (f - r) : k * LN2_HIGH - (s * (f - r) - k * LN2_LOW - f);
}

/** What a logarithm is of a number that has none, of 0 and of infinity. */
function outsideLog(x: number): number {
  return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
}

/** log(2ᵏ (1 + f)) if |f| is below 2⁻²⁰. */
function logNearPower(f: number, k: number): number {
  if (f === 0) return k === 0 ? 0 : k * LN2_HIGH + k * LN2_LOW;
  const r = f * f * (0.5 - 0.3333333333333333 * f);
  return k === 0 ? f - r : k * LN2_HIGH - (r - k * LN2_LOW - f);
}

/** log(1 + f) = 2s + s R(s²) with s = f / (2 + f): R by Remez's polynomial, in even and odd terms. */
function logSeries(s: number): number {
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd5 = 0.1818357216161805 + w * 0.14798198605116586;
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * odd5));
  return odd + even;
}

/** The logarithm of `x` to the base 2; exact for powers of two. */
export function log2(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return outsideLog(x);
  if (x === 1) return 0;
  const small = x < LEAST_NORMAL;
  const scaled = small ? x * 2 ** 54 : x;
  const word = highWord(scaled);
  const fraction = word & 0xfffff;
  const carry = (fraction + SQRT2_CARRY) & 0x100000;
  const k = (word >> 20) - 1023 - (small ? 54 : 0) + (carry >> 20);
  const f = withHighWord(scaled, fraction | (carry ^ 0x3ff00000)) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const rest = s * (half + logSeries(s));
  // f − f²/2 and its product with 1 / ln 2, both in two parts.
  const high = leadingBits(f - half);
  const low = f - high - half + rest;
  const product = high * 1.4426950407214463;
  const below = (low + high) * 1.6751713164886512e-10 + low * 1.4426950407214463;
  const sum = k + product;
  return below + (k - sum + product) + sum;
}

/** log(1 + x), with all its digits if `x` is near 0. */
export function log1p(x: number): number {
  if (!(x > -1) || x === Number.POSITIVE_INFINITY) return outsideLog(x + 1);
  const size = Math.abs(x);
  if (size < 2 ** -29) return size < 2 ** -54 ? x : x - x * x * 0.5;
  const word = highWord(x);
  if (word < 0x3fda827a && (word > 0 || word <= (0xbfd2bec4 | 0))) return log1pRest(x, 0, 0);
  const u = word < 0x43400000 ? 1 + x : x;
  const high = highWord(u);
  const exponent = (high >> 20) - 1023;
  const lost = word >= 0x43400000 ? 0 : (exponent > 0 ? 1 - (u - x) : x - (u - 1)) / u;
  const fraction = high & 0xfffff;
  const upper = fraction >= 0x6a09e;
  const f = withHighWord(u, fraction | (upper ? 0x3fe00000 : 0x3ff00000)) - 1;
  const k = exponent + (upper ? 1 : 0);
  if ((upper ? (0x100000 - fraction) >> 2 : fraction) === 0) return log1pNearPower(f, k, lost);
  return log1pRest(f, k, lost);
}

/** log(2ᵏ (1 + f)) + lost. */
function log1pRest(f: number, k: number, lost: number): number {
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const p5 = 0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586);
  const p3 = 0.2857142874366239 + z * (0.22222198432149784 + z * p5);
  const r = z * (0.6666666666666735 + z * (0.3999999999940942 + z * p3));
  if (k === 0) return f - (half - s * (half + r));
  return k * LN2_HIGH - (half - (s * (half + r) + (k * LN2_LOW + lost)) - f);
}

/** The same if |f| is below 2⁻²⁰. */
function log1pNearPower(f: number, k: number, lost: number): number {
  if (f === 0) return k === 0 ? 0 : k * LN2_HIGH + (lost + k * LN2_LOW);
  const r = 0.5 * f * f * (1 - 0.6666666666666666 * f);
  return k === 0 ? f - r : k * LN2_HIGH - (r - (k * LN2_LOW + lost) - f);
}

/** The cube root of `x`. */
export function cbrt(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const t = roundedUp(firstRoot(x));
  // One step of Newton's method, from 23 bits to 53; t² is exact.
  const r = x / (t * t);
  return t + t * ((r - t) / (t + t + r));
}

/** The cube root to 23 bits: dividing the words by 3 gives 5, a polynomial the others. */
function firstRoot(x: number): number {
  const sign = highWord(x) & 0x80000000;
  const small = Math.abs(x) < LEAST_NORMAL;
  const high = highWord(small ? x * 2 ** 54 : x) & 0x7fffffff;
  const t = fromWords(sign | (Math.trunc(high / 3) + (small ? 696219795 : 715094163)), 0);
  const r = t * t * (t / x);
  const low = 1.87595182427177 + r * (-1.8849797954337717 + r * 1.6214297201053545);
  return t * (low + r * r * r * (-0.758397934778766 + r * 0.14599619288661245));
}

/** To 23 bits, away from 0. */
function roundedUp(t: number): number {
  const low = lowWord(t);
  return fromWords(highWord(t) + (low >>> 31), (low + 0x80000000) & 0xc0000000);
}

/** √(a² + b²), without overflow between. */
export function hypot(a: number, b: number): number {
  const [x, y] = [Math.abs(a), Math.abs(b)];
  if (x === Number.POSITIVE_INFINITY || y === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const most = Math.max(x, y);
  if (most === 0) return 0;
  return Math.sqrt((x / most) * (x / most) + (y / most) * (y / most)) * most;
}
