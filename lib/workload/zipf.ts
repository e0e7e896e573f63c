/**
 * Ranks by Zipf's law: rank k of n is drawn with probability proportional to k^−s. Exact, by rejection-inversion (Hörmann and
 * Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS 6, 1996): constant
 * time per draw, no table.
 */
import { exp, log } from "../base/elementary";
import { pow } from "../base/power";
import type { Random } from "../base/random";

export class Zipf {
  private readonly random: Random;
  private readonly n: number;
  private readonly s: number;
  private readonly high: number;
  private readonly low: number;
  private readonly cut: number;

  /** `n` ranks, exponent `s` above 0. */
  constructor(random: Random, n: number, s: number) {
    this.random = random;
    this.n = n;
    this.s = s;
    this.high = this.integral(n + 0.5);
    this.low = this.integral(1.5) - 1;
    this.cut = 2 - this.inverse(this.integral(2.5) - pow(2, -s));
  }

  /** A rank from 0 (the most frequent) to n − 1. */
  draw(): number {
    for (;;) {
      const u = this.low + this.random.float() * (this.high - this.low);
      const x = this.inverse(u);
      const k = Math.max(1, Math.min(this.n, Math.floor(x + 0.5)));
      if (k - x <= this.cut || u >= this.integral(k + 0.5) - pow(k, -this.s)) return k - 1;
    }
  }

  /** Integral of x^−s. */
  private integral(x: number): number {
    const e = 1 - this.s;
    return Math.abs(e) < 1e-9 ? log(x) : (pow(x, e) - 1) / e;
  }

  private inverse(y: number): number {
    const e = 1 - this.s;
    return Math.abs(e) < 1e-9 ? exp(y) : pow(1 + y * e, 1 / e);
  }
}
