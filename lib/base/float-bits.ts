/**
 * The two 32-bit words of a number, as IEEE 754 stores them: the high word has the sign, eleven bits of the exponent, which is 1023
 * too large, and the first 20 bits of the fraction. Works on hosts of either byte order.
 */

/** Scratch of one number; every function writes it before it reads it. */
const NUMBER = new Float64Array(1);
const WORDS = new Int32Array(NUMBER.buffer);
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** The high word, as a signed number: negative if the number is. */
export function highWord(x: number): number {
  NUMBER[0] = x;
  return WORDS[HIGH]!;
}

/** The low word, as a signed number. */
export function lowWord(x: number): number {
  NUMBER[0] = x;
  return WORDS[LOW]!;
}

/** The number of these two words. */
export function fromWords(high: number, low: number): number {
  WORDS[HIGH] = high;
  WORDS[LOW] = low;
  return NUMBER[0]!;
}

/** `x` with another high word. */
export function withHighWord(x: number, high: number): number {
  NUMBER[0] = x;
  WORDS[HIGH] = high;
  return NUMBER[0]!;
}

/** `x` without its low word: products of two such numbers lose nothing, or very little. */
export function leadingBits(x: number): number {
  NUMBER[0] = x;
  WORDS[LOW] = 0;
  return NUMBER[0]!;
}

/** 2 to the power of a whole number from −1022 to 1023. */
export function powerOfTwo(exponent: number): number {
  return fromWords((exponent + 1023) << 20, 0);
}
