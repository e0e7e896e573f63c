/** Charts of a sweep, each drawn with one call. Those that read single runs from the store return promises. */
import type { Figure } from "../chart/figure";
import type { LatencySamples } from "../chart/latency";
import type { Planned } from "../chart/run";
import {
  type Estimate,
  type Frontier,
  type Measure,
  type MeasureOf,
  type MetricRow,
  resolveMeasure,
} from "../metrics/measures";
import { type ChartWords, frontierFigure, latencyFigure, metricFigure, successFigure } from "./result-charts";

/** What the charts read from a sweep. */
export interface ChartedSweep extends Planned {
  heatMap(options?: { across?: string } & ChartWords): Figure;
  successRates(): Estimate[];
  latencies(options?: { granted?: boolean }): Promise<LatencySamples[]>;
  metric(measure: MeasureOf | Measure): Promise<MetricRow[]>;
  frontier(x: MeasureOf | Measure, y: MeasureOf | Measure): Promise<Frontier>;
}

/** Charts of a sweep. */
export class SweepCharts {
  private readonly sweep: ChartedSweep;

  constructor(sweep: ChartedSweep) {
    this.sweep = sweep;
    Object.freeze(this);
  }

  /** Shares granted with intervals, one row per combination. */
  success(words: ChartWords = {}): Figure {
    return successFigure(this.sweep, this.sweep.successRates(), words, "requests");
  }

  /** The share granted over two parameters; `across` is on the x axis. */
  heatMap(options: { across?: string } & ChartWords = {}): Figure {
    return this.sweep.heatMap(options);
  }

  /** The share of requests answered within a time, one line per combination. */
  async latency(words: ChartWords & { granted?: boolean } = {}): Promise<Figure> {
    const { granted = true, ...rest } = words;
    return latencyFigure(this.sweep, await this.sweep.latencies({ granted }), rest);
  }

  /** Two measures against each other, with the Pareto front. */
  async frontier(x: MeasureOf | Measure, y: MeasureOf | Measure, words: ChartWords = {}): Promise<Figure> {
    return frontierFigure(this.sweep, await this.sweep.frontier(x, y), words);
  }

  /** Medians of a metric as bars. */
  async metric(measure: MeasureOf | Measure, words: ChartWords = {}): Promise<Figure> {
    const drawn = resolveMeasure(measure, [], "drawn");
    const rows = await this.sweep.metric(drawn);
    return metricFigure(this.sweep, drawn, words, () => rows);
  }
}
