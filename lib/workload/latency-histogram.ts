/**
 * Times in bounded memory: counts in buckets whose width is at most a 32nd of the time. A run of weeks takes no more room than one of
 * a second.
 */

/** Buckets for each doubling of the time. */
const STEPS = 32;
/** Times below this have a bucket each. */
const EXACT = 2 * STEPS;
/** Doublings from EXACT to 2^53. */
const DOUBLINGS = 47;

/** Quantiles of times in nanoseconds. */
export interface LatencyQuantilesNs {
  p1Ns: number;
  p25Ns: number;
  p50Ns: number;
  p75Ns: number;
  p95Ns: number;
  p99Ns: number;
  maxNs: number;
  meanNs: number;
  samples: number;
}

export class LatencyHistogram {
  private readonly counts: Float64Array;
  private sum: number;
  samples: number;
  maxNs: number;

  constructor() {
    this.counts = new Float64Array(EXACT + STEPS * DOUBLINGS);
    this.sum = 0;
    this.samples = 0;
    this.maxNs = 0;
  }

  /** Adds a time: whole nanoseconds from 0 to 2^53. */
  add(ns: number): void {
    const at = bucketOf(ns);
    this.counts[at] = this.counts[at]! + 1;
    this.samples++;
    this.sum += ns;
    if (ns > this.maxNs) this.maxNs = ns;
  }

  /**
   * The time that at least the share `q` of the samples do not exceed (nearest rank), rounded up to the end of its bucket: at most a
   * 32nd above the sample itself. There must be a sample.
   */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.samples));
    let seen = 0;
    for (let at = 0; at < this.counts.length; at++) {
      seen += this.counts[at]!;
      if (seen >= rank) return Math.min(this.maxNs, lastOf(at));
    }
    throw new Error("a histogram without samples has no quantiles");
  }

  /** Null without samples. */
  quantiles(): LatencyQuantilesNs | null {
    if (this.samples === 0) return null;
    const [p1Ns, p25Ns, p50Ns, p75Ns, p95Ns, p99Ns] = [0.01, 0.25, 0.5, 0.75, 0.95, 0.99].map((q) =>
      this.quantile(q),
    ) as [number, number, number, number, number, number];
    const { maxNs, samples } = this;
    return {
      p1Ns,
      p25Ns,
      p50Ns,
      p75Ns,
      p95Ns,
      p99Ns,
      maxNs,
      meanNs: Math.round(this.sum / samples),
      samples,
    };
  }
}

function bucketOf(ns: number): number {
  if (ns < EXACT) return ns;
  const doublings = log2Floor(ns) - 5;
  return EXACT + (doublings - 1) * STEPS + Math.floor(ns / 2 ** doublings) - STEPS;
}

/** The longest time of a bucket. */
function lastOf(at: number): number {
  if (at < EXACT) return at;
  const doublings = Math.floor((at - EXACT) / STEPS) + 1;
  return (((at - EXACT) % STEPS) + STEPS + 1) * 2 ** doublings - 1;
}

function log2Floor(n: number): number {
  return n < 2 ** 32 ? 31 - Math.clz32(n) : 63 - Math.clz32(Math.floor(n / 2 ** 32));
}
