/**
 * Times in bounded memory: counts in classes of equal ratio, 32 to a doubling. A quantile is the upper end of its class, so
 * it is at most 2.2 % too high; the greatest time is exact.
 */

/** Quantiles of times in nanoseconds. */
export interface TimeQuantiles {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

const CLASSES_A_DOUBLING = 32;

export class TimeHistogram {
  /** Counts by class; class 0: zero nanoseconds. */
  private readonly counts = new Map<number, number>();
  private total = 0;
  private max = 0;

  add(ns: number): void {
    const at = ns < 1 ? 0 : 1 + Math.floor(CLASSES_A_DOUBLING * Math.log2(ns));
    this.counts.set(at, (this.counts.get(at) ?? 0) + 1);
    this.total++;
    if (ns > this.max) this.max = ns;
  }

  /** Null without a time. */
  quantiles(): TimeQuantiles | null {
    const { total, max } = this;
    if (total === 0) return null;
    const classes = [...this.counts].sort(([a], [b]) => a - b);
    /** The time of rank ⌈share × count⌉: the least that so large a share does not exceed. */
    const quantile = (share: number) => {
      let left = Math.ceil(share * total);
      for (const [at, n] of classes) {
        left -= n;
        if (left <= 0) return at === 0 ? 0 : Math.min(max, Math.floor(2 ** (at / CLASSES_A_DOUBLING)));
      }
      return max;
    };
    return { count: total, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max };
  }
}
