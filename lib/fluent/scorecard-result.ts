/** The result of a scorecard: show it as one table with its front, explain it strategy by strategy, or query it. */
import { unknownName } from "../base/errors";
import type { LatencySamples } from "../chart/latency";
import { runOf } from "../chart/run";
import type { RunningOptions } from "../experiment/compare";
import { comparedCostNotes } from "../experiment/cost-notes";
import type { Scorecard, ScorecardRow } from "../experiment/scorecard";
import { SCORECARD_HEAD, scorecardCells, scorecardNotes } from "../experiment/scorecard-text";
import { comparisonTitle } from "../experiment/texts";
import type { Estimate, Frontier, Measure, MeasureOf, MetricRow, Over } from "../metrics/measures";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import type { KnobsIn } from "../plan/robust";
import type { ScorecardPlan } from "../plan/scorecard";
import { withResults } from "../report/runs";
import type { ComparisonResult } from "./comparison-result";
import { type Only, StrategyCharts } from "./result-charts";
import { tableHtml, tableText } from "./result-table";
import type { RobustBuilder } from "./robust";
import { type SearchThresholdOptions, searchNote, searchThreshold } from "./search-threshold";
import type { SearchThresholdResult } from "./search-threshold-result";

export class ScorecardResult {
  /** Machine, workload, request, strategies, seeds, adapter, CPU, access pattern. */
  readonly plan: ScorecardPlan;
  /** The keys of `pageblock compare rdma-2gb --json`. */
  readonly scorecard: Scorecard;
  /** The comparison behind it: verdicts on pairs, SQL, CSV and Parquet. */
  readonly comparison: ComparisonResult;

  private readonly running: RunningOptions;

  /** Use {@link scorecard}. */
  constructor(
    plan: ScorecardPlan,
    scorecard: Scorecard,
    comparison: ComparisonResult,
    running: RunningOptions = {},
  ) {
    this.plan = plan;
    this.scorecard = scorecard;
    this.comparison = comparison;
    this.running = running;
    Object.freeze(this);
  }

  /** One row per strategy. */
  get rows(): readonly ScorecardRow[] {
    return this.scorecard.strategies;
  }

  /**
   * The row of a strategy by its label.
   * @throws InputError for an unknown label; the message lists the labels
   */
  row(name: string): ScorecardRow {
    const found = this.rows.find((r) => r.name === name);
    if (found === undefined)
      throw unknownName(
        "scorecard: strategy",
        name,
        this.rows.map((r) => r.name),
      );
    return found;
  }

  /** Shares granted, 0 to 1, with 95 % intervals: rows for `chart.successRates`. */
  successRates(options: { over?: Over } & Only = {}): Estimate[] {
    return this.comparison.successRates(options);
  }

  /** Modelled latencies in nanoseconds: series for `chart.latencyEcdf`. */
  latencies(options: { granted?: boolean } & Only = {}): LatencySamples[] {
    return this.comparison.latencies(options);
  }

  /** A metric of every strategy: see {@link ComparisonResult.metric}. */
  metric(measure: MeasureOf | Measure, options: Only = {}): MetricRow[] {
    return this.comparison.metric(measure, options);
  }

  /** Two measures against each other: data for `chart.tradeOffFrontier`. */
  frontier(x: MeasureOf | Measure, y: MeasureOf | Measure, options: Only = {}): Frontier {
    return this.comparison.frontier(x, y, options);
  }

  /** Charts of this result, each drawn with one call: `card.chart.frontier("idleBytes", "success")`. */
  get chart(): StrategyCharts {
    return new StrategyCharts(this);
  }

  /** Labels of the strategies on the Pareto front. */
  get front(): string[] {
    return this.rows.filter((r) => r.pareto).map((r) => r.name);
  }

  /** SHA-256 over every run, in the order of the plans. */
  get resultsHash(): string {
    return this.scorecard.resultsHash;
  }

  /** Why requests of a strategy failed, in words. */
  explain(name: string): string {
    return this.comparison.explain(name);
  }

  /** Shows the table: HTML in a notebook, text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  /** Asks where the headline of this result is true: see {@link ComparisonResult.robust}. */
  robust(knobs: KnobsIn): RobustBuilder {
    return this.comparison.robust(knobs);
  }

  /**
   * What the answer of a search depends on, with the threshold. The request is made on the card's host, fresh from boot, after
   * page blocks were spoiled by one unmovable page each, spread one by one and in runs of adjacent blocks. The result says up
   * to which share of page blocks half of the machines grant it, and has the closed form beside the counts.
   * @throws InputError for an unknown strategy, a request without a clean range after boot, or an invalid size of place
   * @example
   * ```ts
   * import { machine, scorecard, strategies } from "pageblock";
   *
   * const card = await scorecard({ size: "64MiB" })
   *   .on(machine("pc-x86-64").memory("1GiB"))
   *   .of(strategies.allocContigPages())
   *   .seeds(2)
   *   .workers(1)
   *   .store("none")
   *   .run();
   * const where = await card.threshold({ together: ["2MiB", "16MiB"] });
   * where.rows.length; // => 2
   * ```
   */
  threshold(options: SearchThresholdOptions = {}): Promise<SearchThresholdResult> {
    return searchThreshold(this.plan, options, this.running);
  }

  toJSON(): Scorecard {
    return this.scorecard;
  }

  [DISPLAY](): MimeBundle {
    const { scorecard, plan } = this;
    const title = comparisonTitle(this.comparison.comparison);
    const cells = this.rows.map(scorecardCells);
    const notes = [...comparedCostNotes(plan), ...scorecardNotes(scorecard), ...searchNote(plan)];
    const shown = {
      "text/html": tableHtml(title, SCORECARD_HEAD, cells, this.rows, notes),
      "text/plain": tableText(title, SCORECARD_HEAD, cells, notes),
    };
    return withResults(shown, [runOf(plan, scorecard)]);
  }
}
