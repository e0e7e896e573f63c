/**
 * Charts of a result, each drawn with one call: `result.chart.success()`. They carry the plan, so that a write-up can
 * cite and verify it.
 */
import { bars } from "../chart/bars";
import type { Figure } from "../chart/figure";
import { tradeOffFrontier } from "../chart/frontier";
import { pairedDifferences, successRates } from "../chart/intervals";
import { type LatencySamples, latencyEcdf } from "../chart/latency";
import type { Words } from "../chart/layout";
import type { Planned } from "../chart/run";
import { withNote } from "../chart/thin";
import { machineText } from "../experiment/about-plan";
import type { Comparison } from "../experiment/comparison";
import { grantedText } from "../experiment/texts";
import type { BootRequest } from "../machine/boot-request";
import {
  type Estimate,
  type Frontier,
  type Measure,
  type MeasureOf,
  type MetricRow,
  measureTitle,
  type Over,
  resolveMeasure,
} from "../metrics/measures";

/** Title, labels and notes of a chart; the plan comes from the result. */
export type ChartWords = Omit<Words, "from">;

/** Selects rows by name. */
export interface Only {
  only?: readonly string[] | undefined;
}

const INTERVALS: Record<Over, string> = {
  requests: "95 % interval (Wilson)",
  seeds: "95 % interval over seeds",
};

/**
 * The machine and the seeds of a plan, for a chart whose subtitle says nothing else: `raspberry-pi-4, 2 GiB, pages of 64 KiB, Linux
 * 6.1; 32 seeds`. Undefined for plans of other forms.
 */
export function aboutOf({ plan: given }: Planned): string | undefined {
  const { plan, machine, seeds } = given as { plan?: object; machine?: BootRequest; seeds?: number };
  if (machine === undefined) return plan === undefined ? undefined : aboutOf({ plan, toJSON: () => plan });
  if (machine.board === undefined) return undefined;
  return `${machineText([machine])}${seeds === undefined ? "" : `; ${seeds} seed${seeds === 1 ? "" : "s"}`}`;
}

/** Words with a subtitle: the given one, or what the plan says; then the notes. */
function said(from: Planned, words: ChartWords, title: string, ...notes: (string | undefined)[]): ChartWords {
  return { title, ...words, ...withNote(words.subtitle ?? aboutOf(from), ...notes) };
}

/** Shares granted as dots with intervals. */
export function successFigure(
  from: Planned,
  rows: readonly Estimate[],
  words: ChartWords,
  over: Over,
): Figure {
  return successRates({
    interval: INTERVALS[over],
    ...said(from, words, "Requests granted"),
    series: [{ name: "granted", rows }],
    from: [from],
  });
}

/** Latencies, drawn as the share of requests answered within a time. */
export function latencyFigure(from: Planned, series: readonly LatencySamples[], words: ChartWords): Figure {
  return latencyEcdf({ ...said(from, words, "Time to the answer"), series, from: [from] });
}

/** A trade-off with its Pareto front. */
export function frontierFigure(from: Planned, { points, ...axes }: Frontier, words: ChartWords): Figure {
  const title = `${axes.xTitle} against ${axes.yTitle}`;
  return tradeOffFrontier({ ...axes, ...said(from, words, title), points, from: [from] });
}

/** The measures of a bar chart: one, or several by the names of their series. */
export type Measures = MeasureOf | Measure | Readonly<Record<string, MeasureOf | Measure>>;

/** Bars, one group per row; `rowsOf` gives the rows of one measure. */
export function metricFigure(
  from: Planned,
  measures: Measures,
  words: ChartWords & { unit?: string },
  rowsOf: (measure: Required<Measure>) => MetricRow[],
): Figure {
  const { unit, ...rest } = words;
  const series = seriesOf(measures).map(([name, given]) => {
    const measure = resolveMeasure(withUnit(given, unit), [], "drawn");
    return { name, measure, rows: rowsOf(measure) };
  });
  const better = new Set(series.map(({ measure }) => measure.better));
  const side =
    better.size === 1 ? ([...better][0] === "less" ? "lower is better" : "higher is better") : undefined;
  const measured = series.length === 1 ? measureTitle(series[0]!.measure) : series[0]!.measure.unit;
  return bars({
    yTitle: measured,
    ...said(from, rest, series.map(({ name }) => name).join(", "), side),
    categories: series[0]!.rows.map((row) => row.name),
    series: series.map(({ name, rows }) => ({
      name,
      values: rows.map((row) => row.value),
      ...(rows.some(({ basis }) => basis !== undefined) && { labels: rows.map(({ basis = "" }) => basis) }),
    })),
    from: [from],
  });
}

function withUnit(given: MeasureOf | Measure, unit: string | undefined): Measure {
  const measure = typeof given === "string" || isList(given) ? { of: given } : given;
  return unit === undefined ? measure : { ...measure, unit };
}

const isList = (given: Measures): given is readonly string[] => Array.isArray(given);

function seriesOf(measures: Measures): (readonly [string, MeasureOf | Measure])[] {
  if (typeof measures === "string") return [[measures, measures]];
  if (isList(measures)) return [[measures.join(" + "), measures]];
  if ("of" in measures) return [[String((measures as Measure).of), measures as Measure]];
  return Object.entries(measures as Readonly<Record<string, MeasureOf | Measure>>);
}

/** What the charts read from a comparison or a scorecard. */
export interface ChartedResult extends Planned {
  readonly comparison: Comparison | { readonly comparison: Comparison };
  successRates(options?: { over?: Over } & Only): Estimate[];
  latencies(options?: { granted?: boolean } & Only): LatencySamples[];
  metric(measure: MeasureOf | Measure, options?: Only): MetricRow[];
  frontier(x: MeasureOf | Measure, y: MeasureOf | Measure, options?: Only): Frontier;
}

/** Charts that compare strategies. */
export class StrategyCharts {
  private readonly result: ChartedResult;

  constructor(result: ChartedResult) {
    this.result = result;
    Object.freeze(this);
  }

  /** Shares granted with intervals, over requests or over seeds. */
  success(words: ChartWords & { over?: Over } & Only = {}): Figure {
    const { over = "requests", only, ...rest } = words;
    return successFigure(this.result, this.result.successRates({ over, only }), rest, over);
  }

  /** The share of granted (or refused) requests answered within a time. */
  latency(words: ChartWords & { granted?: boolean } & Only = {}): Figure {
    const { granted = true, only, ...rest } = words;
    return latencyFigure(this.result, this.result.latencies({ granted, only }), rest);
  }

  /** Two measures against each other, with the front of the strategies that nothing else beats. */
  frontier(x: MeasureOf | Measure, y: MeasureOf | Measure, words: ChartWords & Only = {}): Figure {
    const { only, ...rest } = words;
    return frontierFigure(this.result, this.result.frontier(x, y, { only }), rest);
  }

  /** Medians of metrics as bars: one metric, a list that is summed, or several by the names of their series. */
  metric(measures: Measures, words: ChartWords & { unit?: string } & Only = {}): Figure {
    const { only, ...rest } = words;
    return metricFigure(this.result, measures, rest, (measure) => this.result.metric(measure, { only }));
  }

  /** The difference of the shares granted for each pair, with its interval over seeds. */
  differences(words: ChartWords = {}): Figure {
    const { comparison } = this.result;
    const { pairs, strategies } = "pairs" in comparison ? comparison : comparison.comparison;
    const rows = pairs.map(({ a, b, success: { difference: d } }) => ({
      name: `${a} − ${b}`,
      value: 100 * d.mid,
      low: 100 * d.low,
      high: 100 * d.high,
      basis: `${grantedText(strategies, a)} : ${grantedText(strategies, b)} requests`,
    }));
    const note = "to the right: the first of a pair is granted more";
    return pairedDifferences({
      interval: "95 % interval over seeds",
      ...said(this.result, words, "Difference of the shares granted", note),
      rows,
      from: [this.result],
    });
  }
}
