/**
 * The result of a sweep: for every combination of its parameters, how many requests were granted and how fast. A
 * combination aggregates the runs that differ only in the seed. Plain JSON, so that a sweep can be shown, stored and
 * run again like a comparison.
 */
import { createHash } from "node:crypto";
import { isOutcome, readRun, runAllHere, type SeenRun } from "./run-text";
import { type Interval, quantiles, wilson } from "./statistics";
import { expandSweep, type ShownValue, type Sweep, type SweepSpec } from "./sweep";

/** One combination of values. Times are modelled. */
export interface SweepPoint {
  /** In the order of `parameters`. */
  values: ShownValue[];
  /** Runs with an outcome, and runs without. */
  runs: number;
  failedRuns: number;
  asked: number;
  granted: number;
  /**
   * Share of the requests granted, with Wilson's 95 % interval over requests; requests of one run are not independent.
   * Null if there is no run.
   */
  successRate: Interval | null;
  /** Latencies of granted requests in nanoseconds; null if none was granted. */
  latencyNs: { p50: number; p95: number; p99: number } | null;
  /** Reason of the first run without outcome. */
  error: string | null;
}

/** Plain JSON. */
export interface SweepOutcome {
  /** The varied parameters, except the seed. */
  parameters: string[];
  /** Runs in all, and those without outcome. */
  plans: number;
  failed: number;
  /** In the order of their first plans. */
  points: SweepPoint[];
  /** Points beyond the first `POINTS_KEPT`. */
  pointsLeftOut: number;
  /** SHA-256 over the canonical JSON of every run, one per line, in the order of the plans. */
  resultsHash: string;
}

/** Plans among which those that may share a machine are found. */
const AT_ONCE = 4096;
/** The most combinations in a result; the store has all runs. */
export const POINTS_KEPT = 2000;

interface Collected {
  values: ShownValue[];
  runs: number;
  failedRuns: number;
  asked: number;
  granted: number;
  ns: number[];
  error: string | null;
}

/** Collects runs in the order of the sweep's plans and computes the result. */
export class SweepTable {
  /** Indices of the parameters that distinguish points. */
  private readonly places: number[];
  private readonly points: Map<string, Collected>;
  private readonly leftOut: Set<string>;
  private taken: number;
  private failed: number;

  constructor(private readonly sweep: Sweep) {
    this.places = sweep.parameters.flatMap((name, i) => (name === "seed" ? [] : [i]));
    this.points = new Map();
    this.leftOut = new Set();
    this.taken = 0;
    this.failed = 0;
  }

  take(text: string): void {
    const all = this.sweep.values(this.taken++);
    const values = this.places.map((place) => all[place]!);
    const read = readRun(text);
    if (!isOutcome(read)) this.failed++;
    const point = this.pointOf(values);
    if (point === null) return;
    if (!isOutcome(read)) {
      point.failedRuns++;
      point.error ??= read.error;
      return;
    }
    const { granted, latencyNs } = read.requests;
    point.runs++;
    point.asked += granted.length;
    granted.forEach((got, i) => {
      if (got !== 1) return;
      point.granted++;
      point.ns.push(latencyNs[i]!);
    });
  }

  private pointOf(values: ShownValue[]): Collected | null {
    const key = JSON.stringify(values);
    const known = this.points.get(key);
    if (known !== undefined) return known;
    if (this.points.size >= POINTS_KEPT) {
      this.leftOut.add(key);
      return null;
    }
    const point = { values, runs: 0, failedRuns: 0, asked: 0, granted: 0, ns: [], error: null };
    this.points.set(key, point);
    return point;
  }

  result(resultsHash: string): SweepOutcome {
    return {
      parameters: this.places.map((place) => this.sweep.parameters[place]!),
      plans: this.taken,
      failed: this.failed,
      points: [...this.points.values()].map(pointOf),
      pointsLeftOut: this.leftOut.size,
      resultsHash,
    };
  }
}

function pointOf({ ns, ...counted }: Collected): SweepPoint {
  const { asked, granted } = counted;
  const [p50, p95, p99] = ns.length === 0 ? [] : quantiles(ns, [0.5, 0.95, 0.99]);
  return {
    ...counted,
    successRate: asked === 0 ? null : wilson(granted, asked),
    latencyNs: p50 === undefined ? null : { p50, p95: p95!, p99: p99! },
  };
}

/** Runs a sweep in this thread, without store and workers. Pure. */
export function sweepHere(spec: SweepSpec, seen?: SeenRun): SweepOutcome {
  const all = expandSweep(spec);
  const table = new SweepTable(all);
  const hash = createHash("sha256");
  for (let from = 0; from < all.count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, all.count - from) }, (_, i) => all.at(from + i));
    for (const run of runAllHere(some)) {
      table.take(run.text);
      seen?.(run);
      hash.update(run.text).update("\n");
    }
  }
  return table.result(hash.digest("hex"));
}
