/**
 * SHA-256 (FIPS 180-4) without Node.js, for browsers: a page hashes in the middle of a run, where WebCrypto, which answers later, cannot
 * be asked. In Node.js everything uses `node:crypto`, which is faster; a test compares the two.
 */
import { cbrt } from "./elementary";

const BLOCK_BYTES = 64;
const WORDS = 64;

/** The first 32 bits of the fractional part of `x`, as the standard makes its constants of roots of primes. */
const fraction = (x: number) => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;

/** The first 64 primes. */
const PRIMES: readonly number[] = primes(WORDS);
/** Cube roots of the primes. */
const K = Int32Array.from(PRIMES, (p) => fraction(cbrt(p)));
/** Square roots of the first eight. */
const INITIAL = Int32Array.from(PRIMES.slice(0, 8), (p) => fraction(Math.sqrt(p)));

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

/** A hash that is fed piece by piece. */
export class Sha256 {
  private readonly state: Int32Array;
  private readonly words: Int32Array;
  private readonly block: Uint8Array;
  private filled: number;
  private bytes: number;

  constructor() {
    this.state = Int32Array.from(INITIAL);
    this.words = new Int32Array(WORDS);
    this.block = new Uint8Array(BLOCK_BYTES);
    this.filled = 0;
    this.bytes = 0;
  }

  /** Adds bytes, or text as UTF-8. */
  update(content: string | Uint8Array): this {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.bytes += bytes.length;
    for (let from = 0; from < bytes.length; ) {
      const part = Math.min(BLOCK_BYTES - this.filled, bytes.length - from);
      this.block.set(bytes.subarray(from, from + part), this.filled);
      this.filled += part;
      from += part;
      if (this.filled === BLOCK_BYTES) this.mix();
    }
    return this;
  }

  /** The hash in lower-case hexadecimal digits; nothing may be added afterwards. */
  digest(): string {
    const bits = this.bytes * 8;
    this.block[this.filled++] = 0x80;
    if (this.filled > BLOCK_BYTES - 8) {
      this.block.fill(0, this.filled);
      this.mix();
    }
    this.block.fill(0, this.filled);
    const view = new DataView(this.block.buffer);
    view.setUint32(BLOCK_BYTES - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(BLOCK_BYTES - 4, bits >>> 0);
    this.mix();
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** Takes the full block into the state (6.2.2 of the standard). */
  private mix(): void {
    const { words: w, block, state } = this;
    for (let t = 0; t < 16; t++) {
      const i = 4 * t;
      w[t] = (block[i]! << 24) | (block[i + 1]! << 16) | (block[i + 2]! << 8) | block[i + 3]!;
    }
    for (let t = 16; t < WORDS; t++) {
      const [x, y] = [w[t - 15]!, w[t - 2]!];
      const small0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const small1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[t] = (w[t - 16]! + small0 + w[t - 7]! + small1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let t = 0; t < WORDS; t++) {
      const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const one = (h + big1 + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) | 0;
      const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] = (state[i]! + word) | 0;
    });
    this.filled = 0;
  }
}

const rotate = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits));

/** Lower-case hexadecimal SHA-256 of bytes, or of text as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return new Sha256().update(content).digest();
}
