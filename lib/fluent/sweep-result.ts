/** The result of a sweep: show it as a table or a heat map, query it, export it, or run its plan again. */
import { InputError } from "../base/errors";
import type { Figure } from "../chart/figure";
import type { LatencySamples } from "../chart/latency";
import type { Words } from "../chart/layout";
import { runOf } from "../chart/run";
import { type SweepCell, sweepMap } from "../chart/sweep-map";
import { aboutSweeps } from "../experiment/about-plan";
import { exportResults, type Results, type Row } from "../experiment/results";
import type { RunSummary } from "../experiment/run-plans";
import type { ShownValue, SweepSpec } from "../experiment/sweep";
import type { SweepOutcome, SweepPoint } from "../experiment/sweep-table";
import { SWEEP_HEAD, SWEEP_ROWS, sweepCells, sweepChangeNotes, sweepTitle } from "../experiment/sweep-text";
import { type Threshold, thresholdOf } from "../experiment/threshold";
import { type SqlLimits, userQuery } from "../experiment/user-sql";
import {
  type Estimate,
  type Frontier,
  frontier,
  type Measure,
  type MeasureOf,
  type MetricRow,
  metricRows,
  resolveMeasure,
  successRates,
} from "../metrics/measures";
import { pointRow } from "../metrics/sweep-measures";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { figureBundle } from "../notebook/figure-bundle";
import { withResults } from "../report/runs";
import { optionsOf } from "./given";
import { aboutHtml, plainTableHtml, tableText, unsealed } from "./result-table";
import { SweepCharts } from "./sweep-charts";
import { SweepRuns } from "./sweep-measures";

/** The plan of a sweep, which `pageblock verify` runs again. */
export interface SweepPlan extends SweepSpec {
  kind: "sweep";
}

export class SweepResult {
  /** Everything needed to run it again. */
  readonly plan: SweepPlan;
  /** Counts, seconds, hash: the keys of `pageblock sweep --json`. */
  readonly summary: RunSummary;
  private readonly outcome: SweepOutcome;
  private readonly results: Results;

  /** Use {@link sweep}. The runs are in the store, or in memory if there is no store. */
  constructor(plan: SweepPlan, summary: RunSummary, outcome: SweepOutcome, results: Results) {
    this.plan = plan;
    this.summary = summary;
    this.outcome = outcome;
    this.results = results;
    Object.freeze(this);
  }

  /** SHA-256 over every run, in the order of the plans. */
  get resultsHash(): string {
    return this.outcome.resultsHash;
  }

  /** The varied parameters, except the seed. */
  get parameters(): readonly string[] {
    return this.outcome.parameters;
  }

  /** One point per combination of values; it aggregates the runs that differ only in the seed. */
  get points(): readonly SweepPoint[] {
    return this.outcome.points;
  }

  /** Shares granted by combination, 0 to 1, with 95 % intervals: rows for `chart.successRates`. */
  successRates(): Estimate[] {
    return successRates(this.points.map((point) => pointRow(this.parameters, point)));
  }

  /**
   * Up to which value of its one parameter, a number, at least half of the requests are granted.
   * @throws InputError unless exactly one parameter besides the seed was varied, and its values are numbers
   */
  threshold(): Threshold {
    const { parameters, points } = this;
    if (parameters.length !== 1 || points.some(({ values }) => typeof values[0] !== "number"))
      throw new InputError(
        `threshold: needs one parameter of numbers: this sweep varies ${parameters.join(", ") || "none"}`,
      );
    return thresholdOf(
      points.map((p) => ({ value: Number(p.values[0]), asked: p.asked, granted: p.granted })),
    );
  }

  /** Modelled latencies of granted (or refused) requests in nanoseconds: series for `chart.latencyEcdf`. */
  async latencies(options: { granted?: boolean } = {}): Promise<LatencySamples[]> {
    const { granted = true } = optionsOf("latencies", options);
    return this.kept().latencies(granted);
  }

  /**
   * A metric by combination: its median over the runs with an interval, in the given unit. A list of names is summed.
   */
  async metric(measure: MeasureOf | Measure): Promise<MetricRow[]> {
    const kept = this.kept();
    const resolved = resolveMeasure(measure, kept.known());
    return metricRows(await kept.rows([resolved]), resolved);
  }

  /** Two measures, or a parameter and a measure, against each other: data for `chart.tradeOffFrontier`. */
  async frontier(x: MeasureOf | Measure, y: MeasureOf | Measure): Promise<Frontier> {
    const kept = this.kept();
    const [a, b] = [resolveMeasure(x, kept.known(), "drawn"), resolveMeasure(y, kept.known(), "drawn")];
    return frontier(await kept.rows([a, b]), { x: a, y: b });
  }

  /** Charts of this result, each drawn with one call: `result.chart.success()`, `await result.chart.latency()`. */
  get chart(): SweepCharts {
    return new SweepCharts(this);
  }

  private kept(): SweepRuns {
    const { kind: _kind, ...spec } = this.plan;
    return new SweepRuns(spec, this.outcome, this.results);
  }

  /**
   * The rows of one SELECT over the views `runs` and `requests` of this sweep. It may take 5 seconds, 256 MiB of memory and give
   * 100,000 rows; `limits` replaces any of these: `{ seconds: 60, rows: 1e6, megabytes: 1024 }`. Throws InputError beyond them.
   */
  sql(select: string, limits?: Partial<SqlLimits>): Promise<Row[]> {
    return userQuery(this.results, select, limits);
  }

  /** Writes a CSV file with one row per run (or per request). */
  toCSV(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.results, path, "csv", table);
  }

  /** Writes a Parquet file with one row per run (or per request). */
  toParquet(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.results, path, "parquet", table);
  }

  /**
   * The share granted over two parameters as a heat map; `across` is on the x axis (default the second of two).
   * @throws InputError unless exactly two parameters besides the seed were varied, and on a grid
   */
  heatMap(options: { across?: string } & Omit<Words, "from"> = {}): Figure {
    const { parameters, points, plan } = this;
    if (parameters.length !== 2 || (plan.sample !== undefined && plan.sample.kind !== "grid"))
      throw new InputError(
        `heat map: needs every combination of two parameters: this sweep varies ${parameters.join(", ") || "none"}`,
      );
    const { across = parameters[1]!, ...words } = options;
    const x = parameters.indexOf(across);
    if (x < 0)
      throw new InputError(`heat map: across must be one of ${parameters.join(", ")}: got ${across}`);
    const y = 1 - x;
    const at = (place: number) => [...new Set(points.map((p) => p.values[place]!))];
    const known = new Map(points.map((p) => [JSON.stringify([p.values[x], p.values[y]]), p]));
    const cell = (a: ShownValue, b: ShownValue) => cellOf(known.get(JSON.stringify([a, b])));
    return sweepMap({
      title: sweepTitle(this.outcome),
      xTitle: parameters[x]!,
      yTitle: parameters[y]!,
      valueTitle: "granted (%)",
      range: [0, 100],
      x: at(x).map(nameOf),
      y: at(y).map(nameOf),
      cells: at(y).map((b) => at(x).map((a) => cell(a, b))),
      ...words,
      from: [this],
    });
  }

  show(): void {
    display(this[DISPLAY]());
  }

  toJSON(): SweepOutcome {
    return this.outcome;
  }

  [DISPLAY](): MimeBundle {
    const { outcome, plan } = this;
    const run = runOf(plan, outcome);
    const { kind: _kind, ...spec } = plan;
    const table = tableOf(outcome, spec);
    const { parameters, points, pointsLeftOut } = outcome;
    const values = (place: number) => new Set(points.map((p) => p.values[place])).size;
    const grid = plan.sample === undefined || plan.sample.kind === "grid";
    const square = parameters.length === 2 && grid && pointsLeftOut === 0 && values(0) > 1 && values(1) > 1;
    if (!square || points.every((p) => p.successRate === null)) return withResults(table, [run]);
    const { "text/plain": _words, ...drawn } = figureBundle(this.heatMap());
    return withResults({ ...unsealed(drawn), "text/plain": table["text/plain"] }, [run]);
  }
}

const nameOf = (value: ShownValue) => (typeof value === "number" ? value : String(value));

function cellOf(point: SweepPoint | undefined): SweepCell | null {
  if (point === undefined || point.successRate === null) return null;
  const { low, mid, high } = point.successRate;
  const counts = `${point.granted} of ${point.asked}`;
  return { value: 100 * mid, low: 100 * low, high: 100 * high, text: [counts], basis: `${counts} requests` };
}

function tableOf(outcome: SweepOutcome, spec: SweepSpec): { "text/html": string; "text/plain": string } {
  const { parameters, points, pointsLeftOut } = outcome;
  const head = [...parameters, ...SWEEP_HEAD];
  const shown = points.slice(0, SWEEP_ROWS);
  const rows = shown.map(sweepCells);
  const more = points.length - shown.length + pointsLeftOut;
  const errors = shown.flatMap((p) => (p.error === null ? [] : [p.error]));
  const notes = [
    ...sweepChangeNotes(spec),
    "Times are modelled, with the costs of each board and page size.",
    ...(more > 0 ? [`${more} more combinations are not shown: sql() and toCSV() have every run.`] : []),
    ...(errors.length > 0 ? [`Without outcome, the first reason: ${errors[0]}`] : []),
  ];
  const title = sweepTitle(outcome);
  const about = aboutSweeps([spec]);
  const bar = (p: SweepPoint) => "█".repeat(Math.round(10 * (p.successRate?.mid ?? 0)));
  const barred = rows.map((row, i) => [...row, bar(shown[i]!)]);
  return {
    "text/html": aboutHtml(about) + plainTableHtml(title, [...head, "granted"], barred, notes),
    "text/plain": tableText([title, ...about].join("\n"), head, rows, notes),
  };
}
