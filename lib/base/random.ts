import { log } from "./elementary";

/**
 * Seeded random numbers: equal seeds give equal sequences on every machine. sfc32 (Chris Doty-Humphrey's Small Fast
 * Counter, public domain), seeded through splitmix32. A named part of a run draws from its own stream, so that adding a
 * draw in one part changes no other: `random.fork("camera")`.
 * @example
 * ```ts
 * import { bootstrapMedian, Random } from "pageblock";
 *
 * const random = new Random(7);
 * bootstrapMedian([1, 2, 3], random.fork("times")).mid; // => 2
 * new Random(7).below(100) === new Random(7).below(100); // => true
 * ```
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;
  private readonly seed: number;

  /** `seed`: a whole number; its lower 32 bits count. */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    let s = this.seed;
    const next = () => {
      s = (s + 0x9e3779b9) | 0;
      let t = s ^ (s >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return t ^ (t >>> 15);
    };
    this.a = next();
    this.b = next();
    this.c = next();
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A separate stream for the part of a run called `name`; earlier draws do not affect it. */
  fork(name: string): Random {
    let h = this.seed ^ 0x811c9dc5;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    return new Random(h ^ (h >>> 15));
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return t >>> 0;
  }

  /** A number in [0, 1), with 32 random bits. */
  float(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number in [0, n), n up to 2^32. */
  below(n: number): number {
    return Math.floor((this.uint32() / 4294967296) * n);
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uint32() < p * 4294967296;
  }

  /** One of `from`, each equally likely. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** Exponentially distributed with this mean. */
  exponential(mean: number): number {
    return -mean * log(1 - this.float());
  }

  /** Puts `items` in random order, in place. */
  shuffle<T extends { length: number; [i: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }
}
