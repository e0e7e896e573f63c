/** The result of a comparison of variants: show it, read a metric, draw it, query its runs. */
import { uniqBy } from "lodash";
import { InputError, unknownName } from "../base/errors";
import { runOf } from "../chart/run";
import type { MetricAblation } from "../experiment/ablation";
import { aboutKernels } from "../experiment/about-plan";
import { runCostNotes } from "../experiment/cost-notes";
import type { StoredRun } from "../experiment/keeper";
import type { KernelMetric } from "../experiment/kernel-verdict";
import type { KernelPair, KernelsResult } from "../experiment/kernels";
import {
  ABLATION_HEAD,
  ablationNotes,
  ablationRest,
  ablationTable,
  carriedText,
  KERNELS_HEAD,
  kernelCells,
  kernelsTitle,
  methodNotes,
  pairNotes,
} from "../experiment/kernels-text";
import { lookNotes } from "../experiment/looks";
import { exportResults, type Row } from "../experiment/results";
import { isOutcome, readRun } from "../experiment/run-text";
import { type SqlLimits, userQuery } from "../experiment/user-sql";
import { meanSeries } from "../metrics/mean-series";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { type KernelsSpec, variantPlan } from "../plan/compare-kernels";
import type { KnobsIn } from "../plan/robust";
import { labelled } from "../plan/strategy";
import { withResults } from "../report/runs";
import { nameOf } from "./given";
import { KernelsCharts } from "./kernels-charts";
import { aboutHtml, listHtml, plainTableHtml, tableText } from "./result-table";
import { RobustBuilder } from "./robust";

/** The plan, which `pageblock verify` runs again. */
export interface KernelsPlan extends KernelsSpec {
  kind: "compare-kernels";
}

export class KernelsComparison {
  readonly plan: KernelsPlan;
  /** Rows, pairs, ablation, hash: the key `result` of `pageblock compare-kernels --json`. */
  readonly result: KernelsResult;
  /** Numbers of seeds, fewer than here, with which the store says that the same comparison was looked at before. */
  readonly earlierLooks: readonly number[];
  private readonly runs: readonly StoredRun[];

  /** Use {@link compareKernels}. */
  constructor(
    spec: KernelsSpec,
    result: KernelsResult,
    runs: readonly StoredRun[],
    earlierLooks: readonly number[] = [],
  ) {
    this.plan = { kind: "compare-kernels", ...spec };
    this.result = result;
    this.runs = runs;
    this.earlierLooks = earlierLooks;
    Object.freeze(this);
  }

  /** SHA-256 over every run, in the order of the plans: equal plans give equal hashes. */
  get resultsHash(): string {
    return this.result.resultsHash;
  }

  /** The pair of the first variant and this one; without a label, the first pair. */
  pair(label?: string): KernelPair {
    const { pairs } = this.result;
    const found = label === undefined ? pairs[0] : pairs.find(({ b }) => b === label);
    if (found !== undefined) return found;
    const labels = pairs.map(({ b }) => b);
    throw unknownName("compareKernels: variant", nameOf("pair", label!, "the label of a variant"), labels);
  }

  /**
   * What the seeds say of one metric: means, difference, effect sizes, p, and the verdict.
   * @throws InputError for a metric that was not compared; the message lists those that were
   */
  metric(name: string, label?: string): KernelMetric {
    const { metrics } = this.pair(label);
    const found = metrics.find(({ metric }) => metric === nameOf("metric", name, "the name of a metric"));
    if (found !== undefined) return found;
    throw unknownName(
      "compareKernels: metric",
      name,
      metrics.map(({ metric }) => metric),
    );
  }

  /**
   * Which of the differences carries the effect on a metric.
   * @throws InputError if the plan did not ask for it, or the metric was not compared
   */
  ablation(name: string): MetricAblation {
    const { ablation } = this.result;
    if (ablation === undefined)
      throw new InputError("ablation: this comparison flipped no difference alone: add .ablate()");
    const found = ablation.metrics.find(({ metric }) => metric === name);
    if (found !== undefined) return found;
    const known = ablation.metrics.map(({ metric }) => metric);
    throw unknownName("ablation: metric", nameOf("ablation", name, "the name of a metric"), known);
  }

  /** Which differences carry the effect on each metric, one sentence each; and what could not be flipped alone. */
  get carriers(): string[] {
    const { ablation } = this.result;
    return ablation === undefined ? [] : [...ablation.metrics.map(carriedText), ...ablationNotes(ablation)];
  }

  /**
   * Asks where the difference in a metric is as it is here: over profile, memory, age, unmovable share. The statement is the sign
   * seen here, such as `fallbacks of 6.15 < 6.1`, unless `.statement(…)` makes another one.
   */
  robust(metric: string, knobs: KnobsIn, label?: string): RobustBuilder {
    const { a, b } = this.pair(label);
    const more = this.metric(metric, label).difference.mid > 0;
    const { kind: _kind, variants, metrics: _metrics, ablate: _ablate, strategy, ...rest } = this.plan;
    const plan = { ...rest, strategies: labelled([strategy ?? "buddy"]) };
    return new RobustBuilder({ plan, over: knobs })
      .variants(...variants)
      .statement(more ? { metric, of: b, moreThan: a } : { metric, of: b, lessThan: a });
  }

  /** Charts of this result, each drawn with one call. They carry the plan. */
  get chart(): KernelsCharts {
    return new KernelsCharts(this);
  }

  /**
   * A recorded series of each variant: its mean over seeds, bin by bin. `of`: the whole run, or the time of the requests alone, which
   * has as many bins of its own.
   */
  series(
    metric: string,
    of: "run" | "requests" = "run",
  ): { name: string; atMs: number[]; values: number[] }[] {
    const { variants } = this.plan;
    const arms = this.runs.length / this.plan.seeds;
    return variants.map(({ label }, at) => {
      const all = this.runs.flatMap(({ text }, i) => {
        if (i % arms !== at) return [];
        const read = readRun(text);
        if (!isOutcome(read) || read.recorded === undefined) return [];
        return (of === "run" ? read.recorded.series : read.recorded.requestSeries) ?? [];
      });
      return { name: label, ...meanSeries(all, metric) };
    });
  }

  /** Shows the table: HTML in a notebook, text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  /** Writes a CSV file with one row per run (or per request). */
  toCSV(path: string, table: "runs" | "requests" = "runs"): Promise<void> {
    return exportResults(this.tables(), path, "csv", table);
  }

  /**
   * The rows of one SELECT over the views `runs` and `requests` of this comparison. It may take 5 seconds, 256 MiB of memory and give
   * 100,000 rows; `limits` replaces any of these: `{ seconds: 60, rows: 1e6, megabytes: 1024 }`. Throws InputError beyond them.
   */
  sql(select: string, limits?: Partial<SqlLimits>): Promise<Row[]> {
    return userQuery(this.tables(), select, limits);
  }

  toJSON(): KernelsResult {
    return this.result;
  }

  [DISPLAY](): MimeBundle {
    const { result, plan } = this;
    const { kind: _kind, ...spec } = plan;
    const [title, about] = [kernelsTitle(result), aboutKernels(spec)];
    const html = [aboutHtml([title, ...about])];
    const text = [title, ...about];
    for (const pair of result.pairs) {
      const [cells, below] = [pair.metrics.map(kernelCells), pairNotes(result, pair)];
      html.push(plainTableHtml(`${pair.b} against ${pair.a}`, KERNELS_HEAD, cells, below));
      text.push(tableText(`${pair.b} against ${pair.a}`, KERNELS_HEAD, cells, below));
    }
    const divided = (result.ablation?.metrics ?? []).filter(({ decided }) => decided);
    for (const metric of divided) {
      const [cells, rest] = [ablationTable(metric), [ablationRest(metric)]];
      html.push(plainTableHtml(carriedText(metric), ABLATION_HEAD, cells, rest));
      text.push(tableText(carriedText(metric), ABLATION_HEAD, cells, rest));
    }
    const notes = [
      ...runCostNotes(variantPlan(plan, plan.variants[0]!, plan.firstSeed)),
      ...(result.ablation === undefined ? [] : ablationNotes(result.ablation)),
      ...methodNotes(result),
      ...lookNotes(this.earlierLooks),
    ];
    html.push(listHtml(notes));
    const shown = { "text/html": html.join(""), "text/plain": [...text, ...notes].join("\n") };
    return withResults(shown, [runOf(plan, result)]);
  }

  /** The runs of the variants, in the order of the plans: those of an ablation are no rows of their own. */
  private tables() {
    const { seeds, variants } = this.plan;
    const arms = this.runs.length / seeds;
    const own = this.runs.filter((_, i) => i % arms < variants.length);
    // Variants that are one plan are one run.
    return { runs: uniqBy(own, ({ hash }) => hash), hashes: own.map(({ hash }) => hash) };
  }
}
