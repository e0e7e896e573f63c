/**
 * Compares strategies on one machine, under one workload, for one request. Every strategy runs with the same seeds
 * (common random numbers): seed 7 gives each the same day, so that differences come from the strategies and not from
 * chance.
 */
import { mean, sumBy } from "lodash";
import { Random } from "../base/random";
import type { ComparisonSpec } from "../plan/comparison";
import { PLAN_FORMAT, type Plan } from "../plan/run";
import { REQUEST_DEFAULTS } from "../strategy/request";
import type { StrategySpec } from "../strategy/strategy";
import type { Outcome } from "./plan";
import type { Plans } from "./plans";
import { isOutcome, readRun } from "./run-text";
import {
  bootstrapMedian,
  holm,
  type Interval,
  type PairedDifference,
  paired,
  quantiles,
  wilson,
} from "./statistics";

export type { ComparisonSpec };

/** The row of a strategy in the result. Times are modelled. */
export interface StrategyRow {
  /** Its label. */
  name: string;
  strategy: StrategySpec;
  /** Runs with an outcome, and runs without: the machine does not support the strategy, or there was an error. */
  runs: number;
  failedRuns: number;
  /** Requests made and granted. */
  asked: number;
  granted: number;
  /**
   * Share of the requests granted, with Wilson's 95 % interval over requests. Requests of one run are not independent;
   * see `successOverSeeds`.
   */
  successRate: Interval;
  /**
   * The same share, with the interval for the effective number of independent requests, derived from the spread over
   * seeds.
   */
  successOverSeeds: Interval;
  /** Latencies of granted requests in nanoseconds; null if none was granted. */
  latencyNs: Quantiles | null;
  /** Latencies of refused requests in nanoseconds; null if none was refused. */
  refusedNs: Quantiles | null;
  /** Direct reclaims and direct compactions of other processes during the requests: median per run. */
  stalls: { reclaim: Interval | null; compaction: Interval | null };
  /** Medians over seeds with bootstrap intervals, by name of the metric. */
  metrics: Record<string, Interval>;
  /** What a user has to know or configure, and the first reason of a failed run. */
  remarks: string[];
}

export interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
}

/** Two strategies over the same seeds. */
export interface StrategyPair {
  a: string;
  b: string;
  /** Share granted, A − B, seed by seed. */
  success: PairedDifference & { pCorrected: number };
  /**
   * Difference of the median latencies, A − B, in nanoseconds, over seeds in which both granted a request; null if
   * there are none.
   */
  latencyNs: Interval | null;
  /** The conclusion that the seeds support, in words. */
  verdict: string;
  /** True if the seeds tell the two apart by the share granted. */
  decided: boolean;
}

/** The result of a comparison; plain JSON. */
export interface Comparison {
  scenario: string;
  seeds: number;
  firstSeed: number;
  strategies: StrategyRow[];
  pairs: StrategyPair[];
  /** SHA-256 over the canonical JSON of every run, one per line, in the order of the plans. */
  resultsHash: string;
}

/** The plans: seed by seed, every strategy in turn, so that the first few already make a comparison. */
export function comparisonPlans(spec: ComparisonSpec): Plans {
  const { strategies, seeds, firstSeed, ...rest } = spec;
  const at = (index: number): Plan => {
    const strategy = strategies[index % strategies.length]!.spec;
    const seed = (firstSeed + Math.floor(index / strategies.length)) >>> 0;
    return { format: PLAN_FORMAT, ...rest, strategy, seed };
  };
  return { count: seeds * strategies.length, at };
}

interface SeedRun {
  outcome: Outcome;
  share: number;
  medianNs: number | null;
}

/** Collects runs in the order of comparisonPlans() and computes the result. */
export class ComparisonTable {
  private readonly names: string[];
  private readonly runs: (SeedRun | null)[][];
  private readonly errors: string[][];
  private taken: number;

  constructor(private readonly spec: ComparisonSpec) {
    this.names = spec.strategies.map((s) => s.label);
    this.runs = spec.strategies.map(() => []);
    this.errors = spec.strategies.map(() => []);
    this.taken = 0;
  }

  take(text: string): void {
    const at = this.taken++ % this.names.length;
    const read = readRun(text);
    if (!isOutcome(read)) {
      this.errors[at]!.push(read.error);
      this.runs[at]!.push(null);
      return;
    }
    const { granted, latencyNs } = read.requests;
    const times = latencyNs.filter((_, i) => granted[i] === 1);
    const share = mean(granted);
    this.runs[at]!.push({
      outcome: read,
      share,
      medianNs: times.length === 0 ? null : quantiles(times, [0.5])[0]!,
    });
  }

  result(scenario: string, resultsHash: string): Comparison {
    const { seeds, firstSeed } = this.spec;
    const strategies = this.names.map((name, i) => this.row(name, i));
    return { scenario, seeds, firstSeed, strategies, pairs: this.pairs(), resultsHash };
  }

  private random(...name: string[]): Random {
    return new Random(this.spec.firstSeed).fork(`statistics ${name.join(" ")}`);
  }

  private row(name: string, at: number): StrategyRow {
    const runs = this.runs[at]!.filter((r) => r !== null);
    const times = this.spec.request.times ?? REQUEST_DEFAULTS.times;
    const asked = runs.length * times;
    const granted = sumBy(runs, (r) => Math.round(r.share * times));
    const of = (metric: string): Interval | null => {
      const values = runs.map((r) => r.outcome.metrics[metric]).filter((v) => v !== undefined);
      return values.length === 0 ? null : bootstrapMedian(values, this.random(name, metric));
    };
    const metricNames = [...new Set(runs.flatMap((r) => Object.keys(r.outcome.metrics)))].sort();
    const latencies = (want: number) => {
      const ns = runs.flatMap((r) =>
        r.outcome.requests.latencyNs.filter((_, i) => r.outcome.requests.granted[i] === want),
      );
      if (ns.length === 0) return null;
      const [p50, p95, p99] = quantiles(ns, [0.5, 0.95, 0.99]);
      return { p50, p95, p99 };
    };
    return {
      name,
      strategy: this.spec.strategies[at]!.spec,
      runs: runs.length,
      failedRuns: this.errors[at]!.length,
      asked,
      granted,
      successRate: wilson(granted, asked),
      successOverSeeds: shareOverSeeds(
        runs.map((r) => r.share),
        times,
      ),
      latencyNs: latencies(1),
      refusedNs: latencies(0),
      stalls: { reclaim: of("reclaimStalls"), compaction: of("compactionStalls") },
      metrics: Object.fromEntries(metricNames.map((metric) => [metric, of(metric)!])),
      remarks: [...new Set([...runs.flatMap((r) => r.outcome.remarks), ...this.errors[at]!.slice(0, 1)])],
    };
  }

  private pairs(): StrategyPair[] {
    const found: Omit<StrategyPair & { success: PairedDifference }, "verdict" | "decided">[] = [];
    for (let i = 0; i < this.names.length; i++)
      for (let j = i + 1; j < this.names.length; j++) {
        const both = this.runs[i]!.map((a, k) => [a, this.runs[j]![k]] as const).filter(
          (p): p is readonly [SeedRun, SeedRun] => p[0] !== null && p[1] != null,
        );
        if (both.length === 0) continue;
        const [a, b] = [this.names[i]!, this.names[j]!];
        const success = paired(
          both.map(([x]) => x.share),
          both.map(([, y]) => y.share),
          this.random(a, b),
          (this.names.length * (this.names.length - 1)) / 2,
        );
        const ns = both
          .filter(([x, y]) => x.medianNs !== null && y.medianNs !== null)
          .map(([x, y]) => x.medianNs! - y.medianNs!);
        const latencyNs = ns.length === 0 ? null : bootstrapMedian(ns, this.random(a, b, "latency"));
        found.push({ a, b, success: { ...success, pCorrected: 1 }, latencyNs });
      }
    const corrected = holm(found.map((f) => f.success.p));
    return found.map((f, i) => {
      const success = { ...f.success, pCorrected: corrected[i]! };
      const seeds = success.aheadA + success.aheadB + success.equal;
      return { ...f, success, ...verdict(f.a, f.b, success, seeds) };
    });
  }
}

/**
 * A share over seeds. Requests of a run are not independent, so they count as fewer (the design effect, L. Kish,
 * 1965).
 */
export function shareOverSeeds(shares: readonly number[], times: number): Interval {
  const n = shares.length;
  const p = n === 0 ? 0 : mean(shares);
  const between = n < 2 ? 0 : sumBy(shares, (x) => (x - p) ** 2) / (n - 1);
  // Without spread, the correlation of requests is unknown: each seed then counts as one request.
  const independent = between === 0 ? n : Math.max(n, Math.min(n * times, (p * (1 - p) * n) / between));
  return wilson(p * independent, independent);
}

const points = (share: number) => `${(100 * share).toFixed(1)}`;

/**
 * Compares two strategies. They differ if the interval excludes 0 and the exact test, corrected for all pairs, is
 * below 5 %.
 */
function verdict(
  a: string,
  b: string,
  success: PairedDifference & { pCorrected: number },
  seeds: number,
): { verdict: string; decided: boolean } {
  const { difference, pCorrected, seedsNeeded } = success;
  const range = `${points(difference.low)} to ${points(difference.high)}`;
  if ((difference.low > 0 || difference.high < 0) && pCorrected < 0.05) {
    const [more, less] = difference.mid > 0 ? [a, b] : [b, a];
    const by = points(Math.abs(difference.mid));
    return {
      decided: true,
      verdict: `${more} grants more than ${less}: ${by} percentage points (${a} − ${b}: 95 % interval ${range}; p = ${pCorrected.toPrecision(2)} over ${seeds} seeds)`,
    };
  }
  if (seedsNeeded === null)
    return {
      decided: false,
      verdict: `${seeds} seeds do not tell ${a} from ${b} apart: both granted the same share on average (95 % interval of the difference ${range} percentage points)`,
    };
  const enough = Math.max(seedsNeeded, seeds + 1);
  return {
    decided: false,
    verdict: `${seeds} seeds do not suffice to tell ${a} from ${b} apart (${a} − ${b}: ${points(difference.mid)} percentage points, 95 % interval ${range}, p = ${pCorrected.toPrecision(2)}); about ${enough} seeds would, if the difference is what it seems`,
  };
}
