/**
 * Compares variants of one machine, each with the same seeds. Histories are paired by seed: what the workload does comes from a
 * stream of random numbers of its own, from which the kernel's model never draws, so that every variant meets the same
 * events. Events that depend on what was granted before (a process that got a huge page frees one page, not 512) part company
 * from there on; the result says in how many seeds the counts of requests and frees stayed equal.
 */
import { largestOf } from "../base/extremes";
import { Random } from "../base/random";
import { type DecisionCounts, summedCounts } from "../change/counts";
import { changeWords } from "../machine/change-field";
import { type KernelsSpec, variantParts, variantPlan } from "../plan/compare-kernels";
import type { Variant } from "../plan/variant";
import { type AblationResult, ablated, ablationArms } from "./ablation";
import { countNote } from "./counted-otherwise";
import { judged, type KernelMetric, measured, type RawMetric } from "./kernel-verdict";
import { COMPARED, metricValue } from "./metric-values";
import { meanOf, type PairedCounts } from "./paired-statistics";
import type { Outcome, Plan } from "./plan";
import type { Plans } from "./plans";
import { isOutcome, readRun } from "./run-text";
import { holm } from "./statistics";

/** A variant's row; plain JSON. */
export interface VariantRow {
  label: string;
  /** The change that its kernel has; left out for kernels as they are. */
  change?: string;
  /** How often the change was asked, and answered otherwise than the stock rule, over all its runs with an outcome. */
  decisions?: DecisionCounts;
  /** Runs with an outcome, and runs without. */
  runs: number;
  failedRuns: number;
  /** Requests made and granted. */
  asked: number;
  granted: number;
  /** Means over seeds of every metric. */
  means: Record<string, number>;
  /** The first reason of a failed run. */
  error: string | null;
}

/** How far the histories of two variants stayed the same. */
export interface Pairing {
  /** Seeds in which both have an outcome. */
  seeds: number;
  /** Of these, seeds in which the workload asked for and freed as often; null if that was not recorded. */
  equal: number | null;
  /** The greatest difference of these counts in any seed, as a share. */
  apart: number | null;
}

/** Two variants over the same seeds. */
export interface KernelPair {
  a: string;
  b: string;
  pairing: Pairing;
  /** Requests of the same number and seed: pairs of granted and refused. Those of one seed are not independent. */
  requests: PairedCounts;
  metrics: KernelMetric[];
}

/** The result; plain JSON. */
export interface KernelsResult {
  seeds: number;
  firstSeed: number;
  variants: VariantRow[];
  /** Each later variant against the first. */
  pairs: KernelPair[];
  /** Tests that Holm's correction counts: metrics that differ in some seed and are no constants of the cost table, over all pairs. */
  family: number;
  /** Which of the differences carry the effects, if the plan asks. */
  ablation?: AblationResult;
  /** SHA-256 over the canonical JSON of every run, one per line, in the order of the plans. */
  resultsHash: string;
}

/** What is run beside the variants, and the whole list of plans: seed by seed, every variant in turn. */
export function kernelsPlans(spec: KernelsSpec): Plans {
  const makers = armsOf(spec);
  const at = (index: number): Plan =>
    makers[index % makers.length]!((spec.firstSeed + Math.floor(index / makers.length)) >>> 0);
  return { count: spec.seeds * makers.length, at };
}

function armsOf(spec: KernelsSpec): ((seed: number) => Plan)[] {
  const variants = spec.variants.map((variant) => (seed: number) => variantPlan(spec, variant, seed));
  return [...variants, ...(spec.ablate === true ? ablationArms(spec).map((arm) => arm.plan) : [])];
}

/** Collects runs in the order of kernelsPlans() and computes the result. */
export class KernelsTable {
  private readonly arms: number;
  private readonly runs: (Outcome | null)[][];
  private readonly errors: (string | null)[];
  private taken: number;

  constructor(private readonly spec: KernelsSpec) {
    this.arms = armsOf(spec).length;
    this.runs = Array.from({ length: this.arms }, () => []);
    this.errors = Array.from({ length: this.arms }, () => null);
    this.taken = 0;
  }

  take(text: string): void {
    const at = this.taken++ % this.arms;
    const read = readRun(text);
    this.runs[at]!.push(isOutcome(read) ? bare(read) : null);
    if (!isOutcome(read)) this.errors[at] ??= read.error;
  }

  result(resultsHash: string): KernelsResult {
    const { spec, runs } = this;
    const { variants, seeds, firstSeed } = spec;
    const rows = variants.map((variant, i) => ({
      ...rowOf(variant.label, runs[i]!, this.errors[i]!),
      ...changeOf(spec, variant, runs[i]!),
    }));
    const pairs = this.pairs();
    const ablation =
      spec.ablate === true ? { ablation: ablated(spec, runs, this.errors, pairs.pairs[0]!) } : {};
    return { seeds, firstSeed, variants: rows, ...pairs, ...ablation, resultsHash };
  }

  private pairs(): Pick<KernelsResult, "pairs" | "family"> {
    const { spec, runs } = this;
    const [first, ...others] = spec.variants;
    const raw = others.map((variant, i) => {
      const random = new Random(spec.firstSeed).fork(`kernels ${first!.label} ${variant.label}`);
      const machines = [first!, variant].map((one) => variantParts(spec, one).machine);
      const note = (metric: string) => countNote(metric, machines[0]!, machines[1]!);
      return rawMetrics(spec.metrics ?? COMPARED, [runs[0]!, runs[i + 1]!], random, note);
    });
    const tested = raw.flat().filter(({ moreB, lessB, constant }) => moreB + lessB > 0 && !constant);
    const corrected = new Map(tested.map((one, i) => [one, i]));
    const p = holm(tested.map((one) => one.p));
    const pairs = others.map(({ label }, i): KernelPair => {
      const names = [first!.label, label] as const;
      return {
        a: names[0],
        b: label,
        pairing: pairingOf(runs[0]!, runs[i + 1]!),
        requests: requestsOf(runs[0]!, runs[i + 1]!),
        metrics: raw[i]!.map((one) => {
          const at = corrected.get(one);
          return judged(one, at === undefined ? 1 : p[at]!, Math.max(1, tested.length), names);
        }),
      };
    });
    return { pairs, family: tested.length };
  }
}

function changeOf(
  spec: KernelsSpec,
  variant: Variant,
  runs: readonly (Outcome | null)[],
): Pick<VariantRow, "change" | "decisions"> {
  const { change } = variantParts(spec, variant).machine;
  if (change === undefined) return {};
  const decisions = summedCounts(runs.flatMap((run) => run?.decisions ?? []));
  return { change: changeWords(change), ...(decisions.point.length > 0 && { decisions }) };
}

/** Tables and series are large, and no statistic reads them. */
function bare({ recorded: _recorded, ...outcome }: Outcome): Outcome {
  return outcome;
}

/** Of these metrics those that both have in some seed. */
function rawMetrics(
  wanted: readonly string[],
  [a, b]: readonly [readonly (Outcome | null)[], readonly (Outcome | null)[]],
  random: Random,
  note: (metric: string) => string | null,
): RawMetric[] {
  return wanted.flatMap((metric) => {
    const { left, right } = bothOf(metric, a, b);
    return left.length === 0 ? [] : [measured(metric, left, right, random, note(metric))];
  });
}

/** Values of the seeds in which both have the metric. */
function bothOf(
  metric: string,
  a: readonly (Outcome | null)[],
  b: readonly (Outcome | null)[],
): { left: number[]; right: number[] } {
  const left: number[] = [];
  const right: number[] = [];
  a.forEach((run, i) => {
    const other = b[i] ?? null;
    if (run === null || other === null) return;
    const [x, y] = [metricValue(run, metric), metricValue(other, metric)];
    if (x === undefined || y === undefined) return;
    left.push(x);
    right.push(y);
  });
  return { left, right };
}

function rowOf(label: string, runs: readonly (Outcome | null)[], error: string | null): VariantRow {
  const there = runs.filter((run) => run !== null);
  const names = new Set(["latencyNs", ...there.flatMap(({ metrics }) => Object.keys(metrics))]);
  const means = [...names].sort().flatMap((metric): [string, number][] => {
    const values = there.flatMap((run) => metricValue(run, metric) ?? []);
    return values.length === 0 ? [] : [[metric, meanOf(values)]];
  });
  return {
    label,
    runs: there.length,
    failedRuns: runs.length - there.length,
    asked: there.reduce((n, { requests }) => n + requests.granted.length, 0),
    granted: there.reduce((n, { requests }) => n + requests.granted.reduce((sum, one) => sum + one, 0), 0),
    means: Object.fromEntries(means),
    error,
  };
}

/** How far the histories of two variants stayed the same. */
export function pairingOf(a: readonly (Outcome | null)[], b: readonly (Outcome | null)[]): Pairing {
  const asked = bothOf("othersAsked", a, b);
  const freed = bothOf("othersFreed", a, b);
  const seeds = a.filter((run, i) => run !== null && (b[i] ?? null) !== null).length;
  if (asked.left.length === 0) return { seeds, equal: null, apart: null };
  const apart = (x: number, y: number) => (x === y ? 0 : Math.abs(x - y) / Math.max(x, y));
  const each = asked.left.map((x, i) =>
    Math.max(apart(x, asked.right[i]!), apart(freed.left[i]!, freed.right[i]!)),
  );
  return {
    seeds,
    equal: each.filter((one) => one === 0).length,
    apart: largestOf([0, ...each]),
  };
}

function requestsOf(a: readonly (Outcome | null)[], b: readonly (Outcome | null)[]): PairedCounts {
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  a.forEach((run, i) => {
    const other = b[i] ?? null;
    if (run === null || other === null) return;
    run.requests.granted.forEach((x, k) => {
      const y = other.requests.granted[k];
      if (x === 1) counts[y === 1 ? "both" : "onlyA"]++;
      else counts[y === 1 ? "onlyB" : "neither"]++;
    });
  });
  return counts;
}
