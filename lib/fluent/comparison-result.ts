/** The result of a comparison: show, explain, query or export it. Everything is computed from the runs it holds. */
import { InputError, unknownName } from "../base/errors";
import type { LatencySamples } from "../chart/latency";
import { runOf } from "../chart/run";
import type { Comparison, ComparisonSpec, StrategyRow } from "../experiment/comparison";
import { comparedCostNotes } from "../experiment/cost-notes";
import type { StoredRun } from "../experiment/keeper";
import { exportResults, type Row } from "../experiment/results";
import { isOutcome, readRun } from "../experiment/run-text";
import {
  COMPARISON_HEAD,
  comparisonCells,
  comparisonNotes,
  comparisonTitle,
  shareText,
} from "../experiment/texts";
import { type SqlLimits, userQuery } from "../experiment/user-sql";
import {
  type Estimate,
  estimates,
  type Frontier,
  frontier,
  type Measure,
  type MeasureOf,
  type MetricRow,
  metricRows,
  type Over,
  successRates,
} from "../metrics/measures";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import type { KnobsIn } from "../plan/robust";
import { withResults } from "../report/runs";
import { shown } from "../schema/place";
import { nameOf, optionsOf } from "./given";
import { type Only, StrategyCharts } from "./result-charts";
import { tableHtml, tableText } from "./result-table";
import { type RobustBuilder, robustOf } from "./robust";

/** The plan of a comparison, which `pageblock verify` runs again. */
export interface ComparisonPlan extends ComparisonSpec {
  kind: "comparison";
  scenario: string;
}

export class ComparisonResult {
  /** The plan: machine, workload, request, strategies, seeds. */
  readonly plan: ComparisonPlan;
  /** Rows, pairs, hash: the keys of `pageblock compare --json`. */
  readonly comparison: Comparison;
  private readonly runs: readonly StoredRun[];

  constructor(spec: ComparisonSpec, comparison: Comparison, runs: readonly StoredRun[]) {
    this.plan = { kind: "comparison", scenario: comparison.scenario, ...spec };
    this.comparison = comparison;
    this.runs = runs;
    Object.freeze(this);
  }

  /** SHA-256 over every run, in the order of the plans: equal plans give equal hashes. */
  get resultsHash(): string {
    return this.comparison.resultsHash;
  }

  /** Shows the table: HTML with bars in a notebook, text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  /**
   * The row of a strategy by its label.
   * @throws InputError for an unknown label; the message lists the labels
   */
  row(name: string): StrategyRow {
    nameOf("row", name, "the label of a strategy");
    const { strategies } = this.comparison;
    const found = strategies.find((row) => row.name === name);
    if (found !== undefined) return found;
    throw unknownName(
      "comparison: strategy",
      name,
      strategies.map((row) => row.name),
    );
  }

  /** Labels of the strategies that failed at least one request, for `explain()`. */
  get refused(): string[] {
    return this.comparison.strategies.filter((row) => row.granted < row.asked).map((row) => row.name);
  }

  /** Shares granted, 0 to 1, with 95 % intervals over requests or over seeds: rows for `chart.successRates`. */
  successRates(options: { over?: Over } & Only = {}): Estimate[] {
    const { over = "requests", only } = optionsOf("successRates", options);
    return successRates(this.rows(only), over);
  }

  /** Modelled latencies of granted (or refused) requests in nanoseconds: series for `chart.latencyEcdf`. */
  latencies(options: { granted?: boolean } & Only = {}): LatencySamples[] {
    const { granted = true, only } = optionsOf("latencies", options);
    const labels = this.comparison.strategies.map((row) => row.name);
    const samples = labels.map((): number[] => []);
    this.runs.forEach(({ text }, i) => {
      const read = readRun(text);
      if (!isOutcome(read)) return;
      const { latencyNs, granted: got } = read.requests;
      latencyNs.forEach((ns, k) => {
        if ((got[k] === 1) === granted) samples[i % labels.length]!.push(ns);
      });
    });
    const wanted = new Set(this.rows(only).map((row) => row.name));
    return labels
      .map((name, i) => ({ name, samplesNs: samples[i]! }))
      .filter(({ name, samplesNs }) => samplesNs.length > 0 && wanted.has(name));
  }

  /**
   * A metric of every strategy: its median over seeds with an interval, in the given unit (`{ of: "idleBytes", unit:
   * "GiB" }`). The metrics of a list of names are summed.
   */
  metric(measure: MeasureOf | Measure, options: Only = {}): MetricRow[] {
    return metricRows(this.rows(optionsOf("metric", options).only), measure);
  }

  /** The same as rows for charts that take estimates; strategies without this metric are left out. */
  estimates(measure: MeasureOf | Measure, options: Only = {}): Estimate[] {
    return estimates(this.rows(optionsOf("estimates", options).only), measure);
  }

  /** Two measures against each other: data for `chart.tradeOffFrontier`. */
  frontier(x: MeasureOf | Measure, y: MeasureOf | Measure, options: Only = {}): Frontier {
    return frontier(this.rows(optionsOf("frontier", options).only), { x, y });
  }

  /** Charts of this result, each drawn with one call: `result.chart.success()`. */
  get chart(): StrategyCharts {
    return new StrategyCharts(this);
  }

  /** In the order of the comparison. Throws InputError for an unknown label. */
  private rows(only: Only["only"]): StrategyRow[] {
    if (only !== undefined && !Array.isArray(only))
      throw new InputError(`only: must be a list of labels of strategies: got ${shown(only)}`);
    const wanted = only?.map((name) => this.row(name));
    return this.comparison.strategies.filter((row) => wanted?.includes(row) ?? true);
  }

  /** Why requests of a strategy failed, in words: the first failures of the first seeds that have any. */
  explain(name: string): string {
    const labels = this.plan.strategies.map((s) => s.label);
    const at = labels.indexOf(nameOf("explain", name, "the label of a strategy"));
    if (at < 0) throw unknownName("explain: strategy", name, labels);
    const row = this.comparison.strategies[at]!;
    const lines = [
      `${name}: ${row.granted} of ${row.asked} requests granted, ${shareText(row.successRate)} %.`,
    ];
    for (let i = at; i < this.runs.length && lines.length < 4; i += labels.length) {
      const seed = this.plan.firstSeed! + Math.floor(i / labels.length);
      const read = readRun(this.runs[i]!.text);
      if (!isOutcome(read)) lines.push(`Seed ${seed}: no outcome: ${read.error}`);
      else if (read.failures.length > 0)
        lines.push(`Seed ${seed}, request ${read.failures[0]!.request + 1}: ${read.failures[0]!.text}`);
    }
    return [...lines, ...row.remarks.map((r) => `To configure: ${r}.`)].join("\n");
  }

  /** Writes a CSV file with one row per run (or per request). */
  toCSV(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.tables(), path, "csv", table);
  }

  /** Writes a Parquet file with one row per run (or per request). */
  toParquet(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.tables(), path, "parquet", table);
  }

  /**
   * The rows of one SELECT over the views `runs` and `requests` of this comparison. It may take 5 seconds, 256 MiB of memory and give
   * 100,000 rows; `limits` replaces any of these: `{ seconds: 60, rows: 1e6, megabytes: 1024 }`. Throws InputError beyond them.
   */
  sql(select: string, limits?: Partial<SqlLimits>): Promise<Row[]> {
    return userQuery(this.tables(), select, limits);
  }

  /**
   * Asks where the headline of this result is true: on which machines, ages, releases. The headline is what the result says by
   * itself, unless `.statement(…)` makes another one.
   */
  robust(knobs: KnobsIn): RobustBuilder {
    const { kind: _kind, scenario: _scenario, ...plan } = this.plan;
    return robustOf(plan, this.comparison.strategies, knobs);
  }

  toJSON(): Comparison {
    return this.comparison;
  }

  [DISPLAY](): MimeBundle {
    const { comparison, plan } = this;
    const title = comparisonTitle(comparison);
    const cells = comparison.strategies.map(comparisonCells);
    const notes = [...comparedCostNotes(plan), ...comparisonNotes(comparison)];
    const shown = {
      "text/html": tableHtml(title, COMPARISON_HEAD, cells, comparison.strategies, notes),
      "text/plain": tableText(title, COMPARISON_HEAD, cells, notes),
    };
    return withResults(shown, [runOf(plan, comparison)]);
  }

  private tables() {
    return { runs: this.runs, hashes: this.runs.map((r) => r.hash) };
  }
}
