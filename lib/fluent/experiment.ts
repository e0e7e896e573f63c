/** `experiment({ machine, strategy, request, seed })`: one run, and its result to query, show and draw. */
import type { Answer } from "../base/answer";
import { InputError, unknownName } from "../base/errors";
import type { Figure } from "../chart/figure";
import type { LatencySamples } from "../chart/latency";
import { runOf } from "../chart/run";
import { runCostNotes } from "../experiment/cost-notes";
import type { Outcome, Plan } from "../experiment/plan";
import { readPlanInputs } from "../experiment/plan-inputs";
import { run } from "../experiment/run";
import { quantiles } from "../experiment/statistics";
import { timeText } from "../experiment/texts";
import {
  type Estimate,
  type Measure,
  type MeasuredRow,
  type MeasureOf,
  metricRows,
  shareOf,
} from "../metrics/measures";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { tableBundle } from "../notebook/running-bundle";
import { COMPARISON_DEFAULTS } from "../plan/comparison";
import type { KnobsIn } from "../plan/robust";
import { type PlanIn, parsePlan } from "../plan/run";
import { labelled } from "../plan/strategy";
import { shown } from "../schema/place";
import type { Constraint } from "../strategy/strategy";
import type { ProbeFigures } from "../workload/probe";
import { nameOf, optionsOf } from "./given";
import { probeLatencyFigure, probeSuccessFigure } from "./probe-charts";
import { type ChartWords, latencyFigure, successFigure } from "./result-charts";
import { type RobustBuilder, robustOf } from "./robust";

/** The result of one run: `ok` if every request was granted; otherwise `reason` says why the first failure failed. */
export class RunResult implements Answer {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly ok: boolean;
  readonly errno: number;
  readonly reason: string | null;
  readonly details: unknown;
  /** Requests made and granted. */
  readonly asked: number;
  readonly granted: number;

  /** Use {@link experiment}. */
  constructor(plan: Plan, outcome: Outcome) {
    const { granted, errno } = outcome.requests;
    this.plan = plan;
    this.outcome = outcome;
    this.asked = granted.length;
    this.granted = granted.filter((one) => one === 1).length;
    this.ok = this.granted === this.asked;
    this.errno = errno.find((one) => one !== 0) ?? 0;
    this.reason = outcome.failures[0]?.text ?? null;
    this.details = outcome.failures[0]?.data ?? null;
    Object.freeze(this);
  }

  /** The share granted as one row for `chart.successRates`. */
  successRates(): Estimate[] {
    return [shareOf(this.plan.strategy.name, this.granted, this.asked)];
  }

  /** Modelled latencies of granted (or refused) requests in nanoseconds: a series for `chart.latencyEcdf`. */
  latencies(options: { granted?: boolean } = {}): LatencySamples[] {
    const { granted = true } = optionsOf("latencies", options);
    const { latencyNs, granted: got } = this.outcome.requests;
    const samplesNs = latencyNs.filter((_, i) => (got[i] === 1) === granted);
    return samplesNs.length === 0 ? [] : [{ name: this.plan.strategy.name, samplesNs }];
  }

  /**
   * What the workload measured of its own requests (`pressure`, `thp-challenge`, `stutter`, `fault-latency`): how many were
   * granted, and quantiles of their modelled times. Empty for other workloads.
   */
  probes(): ProbeFigures[] {
    return this.outcome.probes ?? [];
  }

  /** A metric in the given unit: `metric({ of: "idleBytes", unit: "GiB" })`. Null if it does not apply. */
  metric(measure: MeasureOf | Measure): number | null {
    return metricRows([this.row()], measure)[0]!.value;
  }

  /**
   * A check of the memory or of the request, by name.
   * @throws InputError for an unknown name; the message lists the checks
   */
  constraint(name: string): Constraint {
    const { constraints } = this.outcome;
    nameOf("constraint", name, "the name of a check");
    const found = constraints.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw unknownName(
      "constraint",
      name,
      constraints.map((one) => one.name),
    );
  }

  /** Charts of this result, each drawn with one call. They carry the plan. */
  get chart(): RunCharts {
    return new RunCharts(this);
  }

  /**
   * Asks where the headline of this run is true, with 16 seeds: on which machines, ages, releases. The headline is that at
   * least, or at most, half of the requests are granted, unless `.statement(…)` makes another one.
   */
  robust(knobs: KnobsIn): RobustBuilder {
    const { seed, strategy, format: _format, ...rest } = this.plan;
    const strategies = labelled([strategy]);
    const plan = { ...rest, strategies, seeds: COMPARISON_DEFAULTS.seeds, firstSeed: seed };
    const [share] = this.successRates();
    const row = { name: strategies[0]!.label, runs: 1, successRate: { mid: share!.value } };
    return robustOf(plan, [row], knobs);
  }

  toJSON(): Outcome {
    return this.outcome;
  }

  [DISPLAY](): MimeBundle {
    const latencyP50 = this.row().latencyNs?.p50;
    const rows: [string, string][] = [
      ["granted", `${this.granted} of ${this.asked}`],
      ["time, modelled, median", timeText(latencyP50)],
      ...runCostNotes(this.plan).map((line) => ["what it rests on", line] satisfies [string, string]),
      ...(this.reason === null ? [] : [["why the first failed", this.reason] satisfies [string, string]]),
    ];
    return tableBundle(this.plan.strategy.name, rows, runOf(this.plan, this.outcome));
  }

  private row(): MeasuredRow {
    const [share] = this.successRates();
    const ns = this.latencies()[0]?.samplesNs ?? [];
    const [p50, p95, p99] = ns.length === 0 ? [] : quantiles(ns, [0.5, 0.95, 0.99]);
    const metrics = Object.entries(this.outcome.metrics).map(
      ([name, value]) => [name, { low: value, mid: value, high: value }] as const,
    );
    return {
      name: this.plan.strategy.name,
      runs: 1,
      asked: this.asked,
      granted: this.granted,
      successRate: { low: share!.low, mid: share!.value, high: share!.high },
      latencyNs: p50 === undefined ? null : { p50, p95: p95!, p99: p99! },
      metrics: Object.fromEntries(metrics),
    };
  }
}

/** Charts of one run. */
class RunCharts {
  constructor(private readonly result: RunResult) {
    Object.freeze(this);
  }

  /** The share of requests granted. */
  success(words: ChartWords = {}): Figure {
    return successFigure(this.result, this.result.successRates(), words, "requests");
  }

  /** The share of requests answered within a time. */
  latency(words: ChartWords & { granted?: boolean } = {}): Figure {
    const { granted = true, ...rest } = words;
    return latencyFigure(this.result, this.result.latencies({ granted }), rest);
  }

  /** The share of its own requests that the workload was granted, by probe. */
  probeSuccess(words: ChartWords = {}): Figure {
    return probeSuccessFigure(this.result, this.result.probes(), words);
  }

  /** The times of the workload's own requests as boxes, by probe: 1st, 25th, 50th, 75th and 99th percentile. */
  probeLatency(words: ChartWords = {}): Figure {
    return probeLatencyFigure(this.result, this.result.probes(), words);
  }
}

/**
 * Runs one plan in this thread. The plan is an object as in a plan file; its machine, workload and strategy may come
 * from the fluent builders.
 * @throws InputError for an invalid plan; a refused request is a result, not an error
 * @example
 * ```ts
 * import { experiment, machine, strategies } from "pageblock";
 *
 * const one = experiment({
 *   machine: machine("qemu-virt").memory("512MiB"),
 *   strategy: strategies.cma({ area: "64MiB" }),
 *   request: { size: "16MiB", times: 2 },
 * });
 * one.ok; // => true
 * one.granted; // => 2
 * ```
 */
export function experiment(plan: PlanIn): RunResult {
  if (typeof plan !== "object" || plan === null)
    throw new InputError("experiment: needs a plan: { machine, strategy, request, … }");
  const checked = parsePlan(plainPlan(plan));
  return new RunResult(checked, run(checked, readPlanInputs(checked)));
}

/** The plan as JSON, in which builders are their specs. */
function plainPlan(plan: PlanIn): unknown {
  try {
    return JSON.parse(JSON.stringify(plan));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `experiment: the plan must be plain data, without big integers and without objects that hold themselves: got ${shown(plan)}`,
    );
  }
}
