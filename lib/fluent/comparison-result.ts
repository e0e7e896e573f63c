/** What a comparison gave: shown, explained, queried, exported. Everything is computed from the runs it holds. */
import { unknownName } from "../base/errors";
import { runOf } from "../chart/run";
import type { Comparison, ComparisonSpec } from "../experiment/comparison";
import type { StoredRun } from "../experiment/keeper";
import { exportResults, queryResults, type Row } from "../experiment/results";
import { isOutcome, readRun } from "../experiment/run-text";
import {
  COMPARISON_HEAD,
  comparisonCells,
  comparisonNotes,
  comparisonTitle,
  shareText,
} from "../experiment/texts";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { withResults } from "../report/runs";
import { tableHtml, tableText } from "./result-table";

/** A comparison as a plan: what `pageblock verify` runs again. */
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

  /** SHA-256 over every run, in the order of the plans: equal plans, equal hash. */
  get resultsHash(): string {
    return this.comparison.resultsHash;
  }

  /** Shows the table: HTML with bars in a notebook, text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  /** Why requests of a strategy failed, in words: the first failures of the first seeds that had any. */
  explain(name: string): string {
    const labels = this.plan.strategies.map((s) => s.label);
    const at = labels.indexOf(name);
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

  /** Writes a row a run (or a request) as CSV. */
  toCSV(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.tables(), path, "csv", table);
  }

  /** Writes a row a run (or a request) as Parquet. */
  toParquet(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.tables(), path, "parquet", table);
  }

  /** Rows of one SELECT over the views `runs` and `requests` of this comparison. */
  sql(select: string): Promise<Row[]> {
    return queryResults(this.tables(), select);
  }

  toJSON(): Comparison {
    return this.comparison;
  }

  [DISPLAY](): MimeBundle {
    const { comparison, plan } = this;
    const title = comparisonTitle(comparison);
    const cells = comparison.strategies.map(comparisonCells);
    const notes = comparisonNotes(comparison);
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
