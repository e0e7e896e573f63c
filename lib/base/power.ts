/**
 * Powers with the same bits on every engine, as elementary.ts has logarithms: by the method and with the constants of fdlibm, to the
 * bit those of `**` on Node.js 20 and 22; Node.js 24 and Chromium give others. The error is hardly above 1 unit in the last place.
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

/** 1 / ln 2, and in two parts. */
const LOG2_E = Math.LOG2E;
const LOG2_E_HIGH = 1.4426950216293335;
const LOG2_E_LOW = 1.9259629911266175e-8;
/** 2 / (3 ln 2), and in two parts. */
const TWO_THIRDS = 0.9617966939259756;
const TWO_THIRDS_HIGH = 0.9617967009544373;
const TWO_THIRDS_LOW = -7.028461650952758e-9;
/** log₂ 1.5 in two parts. */
const LOG2_1_5_HIGH = 0.5849624872207642;
const LOG2_1_5_LOW = 1.350039202129749e-8;
/** ln 2, and in two parts. */
const LN2 = Math.LN2;
const LN2_HIGH = 0.6931471824645996;
const LN2_LOW = -1.904654299957768e-9;
/** How far below 1024 a logarithm may be, to base 2, so that its power still rounds to infinity. */
const OVERFLOW_ROOM = 8.008566259537294e-17;
const INFINITY = Number.POSITIVE_INFINITY;

/** `x` to the power of `y`, with the special values of ECMAScript's `**`. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (y === 1) return x;
  if (y === -1) return 1 / x;
  if (y === 2) return x * x;
  if (y === 0.5 && x > 0) return Math.sqrt(x);
  const size = Math.abs(x);
  if (Math.abs(y) === INFINITY) return size === 1 ? Number.NaN : size > 1 === y > 0 ? INFINITY : 0;
  const negative = highWord(x) < 0 && Math.abs(y) % 2 === 1;
  if (size === 0 || size === INFINITY) return signed(negative, (size === 0) === y > 0 ? 0 : INFINITY);
  if (x < 0 && !Number.isInteger(y)) return Number.NaN;
  return signed(negative, size === 1 ? 1 : powerOf(size, y));
}

const signed = (negative: boolean, size: number) => (negative ? -size : size);

/** `x` positive, finite and not 1; `y` finite and not 0. */
function powerOf(x: number, y: number): number {
  const yWord = highWord(y) & 0x7fffffff;
  if (yWord <= 0x41e00000) return product(y, logOf(x));
  // So large an exponent makes anything 0 or infinite that is not next to 1.
  const xWord = highWord(x);
  if (yWord > 0x43f00000 || xWord < 0x3fefffff || xWord > 0x3ff00000) return x > 1 === y > 0 ? INFINITY : 0;
  return product(y, logNearOne(x));
}

/** A logarithm to base 2 as a sum of which the first part has its leading bits only. */
type InTwo = readonly [leading: number, rest: number];

/** By x − x²/2 + x³/3 − x⁴/4, if |1 − x| is at most 2⁻²⁰. */
function logNearOne(x: number): InTwo {
  const t = x - 1;
  const w = t * t * (0.5 - t * (0.3333333333333333 - t * 0.25));
  const u = LOG2_E_HIGH * t;
  const v = t * LOG2_E_LOW - w * LOG2_E;
  const leading = leadingBits(u + v);
  return [leading, v - (leading - u)];
}

/** By s = (x − c) / (x + c), c being 1 or 1.5 and x from √¾ to √3, with more bits than a number holds. */
function logOf(x: number): InTwo {
  const small = x < 2 ** -1022;
  const scaled = small ? x * 2 ** 53 : x;
  const word = highWord(scaled);
  const fraction = word & 0xfffff;
  const upper = fraction >= 0xbb67a;
  const about1 = fraction <= 0x3988e || upper;
  const n = (word >> 20) - 1023 - (small ? 53 : 0) + (upper ? 1 : 0);
  const normal = (fraction | 0x3ff00000) - (upper ? 0x100000 : 0);
  const a = withHighWord(scaled, normal);
  const c = about1 ? 1 : 1.5;
  const u = a - c;
  const v = 1 / (a + c);
  const s = u * v;
  const sHigh = leadingBits(s);
  const sumHigh = fromWords(((normal >> 1) | 0x20000000) + 0x80000 + (about1 ? 0 : 0x40000), 0);
  const sumLow = a - (sumHigh - c);
  const sLow = v * (u - sHigh * sumHigh - sHigh * sumLow);
  const [high, low] = timesTwoThirds(s, sHigh, sLow);
  const below = TWO_THIRDS_LOW * high + low * TWO_THIRDS + (about1 ? 0 : LOG2_1_5_LOW);
  const above = TWO_THIRDS_HIGH * high;
  const ofC = about1 ? 0 : LOG2_1_5_HIGH;
  const leading = leadingBits(above + below + ofC + n);
  return [leading, below - (leading - n - ofC - above)];
}

/** 3 s + s³ + … of log((1 + s) / (1 − s)), which 2 / (3 ln 2) makes a logarithm to base 2. */
function timesTwoThirds(s: number, sHigh: number, sLow: number): InTwo {
  const s2 = s * s;
  const l5 = 0.23066074577556175 + s2 * 0.20697501780033842;
  const l3 = 0.33333332981837743 + s2 * (0.272728123808534 + s2 * l5);
  const series = s2 * s2 * (0.5999999999999946 + s2 * (0.4285714285785502 + s2 * l3));
  const r = series + sLow * (sHigh + s);
  const square = sHigh * sHigh;
  const tHigh = leadingBits(3 + square + r);
  const tLow = r - (tHigh - 3 - square);
  const u = sHigh * tHigh;
  const v = sLow * tHigh + tLow * s;
  const high = leadingBits(u + v);
  return [high, v - (high - u)];
}

/** 2 to the power of y times a logarithm. */
function product(y: number, [leading, rest]: InTwo): number {
  const yHigh = leadingBits(y);
  const low = (y - yHigh) * leading + y * rest;
  const high = yHigh * leading;
  const z = low + high;
  if (z > 1024 || (z === 1024 && low + OVERFLOW_ROOM > z - high)) return INFINITY;
  if (z < -1075 || (z === -1075 && low <= z - high)) return 0;
  return powerOfTwoOf(high, low);
}

/** 2 to the power of high + low, from −1075 to 1024. */
function powerOfTwoOf(high: number, low: number): number {
  const z = low + high;
  const word = highWord(z);
  const whole = (word & 0x7fffffff) > 0x3fe00000 ? nearestWhole(z) : 0;
  const rest = high - whole;
  const t = leadingBits(low + rest);
  const u = t * LN2_HIGH;
  const v = (low - (t - rest)) * LN2 + t * LN2_LOW;
  const x = u + v;
  const lost = v - (x - u);
  const x2 = x * x;
  const p4 = -1.6533902205465252e-6 + x2 * 4.1381367970572385e-8;
  const p2 = -0.0027777777777015593 + x2 * (6.613756321437934e-5 + x2 * p4);
  const c = x - x2 * (0.16666666666666602 + x2 * p2);
  const r = (x * c) / (c - 2 - (lost + x * lost));
  const power = 1 - (r - x);
  const scaled = highWord(power) + (whole << 20);
  if (scaled >> 20 > 0) return fromWords(scaled, lowWord(power));
  return power * powerOfTwo(whole + 54) * 2 ** -54;
}

/** The whole number next to `z`, halves away from 0, of the high word alone. */
function nearestWhole(z: number): number {
  const word = highWord(z);
  const exponent = ((word & 0x7fffffff) >> 20) - 1023;
  const raised = word + (0x100000 >> (exponent + 1));
  const kept = ((raised & 0x7fffffff) >> 20) - 1023;
  return fromWords(raised & ~(0xfffff >> kept), 0);
}
