/** Charts of a comparison of variants. Each says which machine, how many seeds, and on which side a variant is better. */
import type { Figure } from "../chart/figure";
import { pairedDifferences } from "../chart/intervals";
import type { Planned } from "../chart/run";
import { type RecordedSeries, seriesOverTime } from "../chart/series";
import { withNote } from "../chart/thin";
import type { MetricAblation } from "../experiment/ablation";
import { aboutKernels } from "../experiment/about-plan";
import { figureText } from "../experiment/kernel-verdict";
import type { KernelPair } from "../experiment/kernels";
import { betterOf } from "../experiment/metric-values";
import type { KernelsSpec } from "../plan/compare-kernels";
import { METRICS } from "../plan/metric-names";
import type { ChartWords } from "./result-charts";

/** What the charts read from a comparison. */
export interface ChartedKernels extends Planned {
  readonly plan: KernelsSpec & { kind: string };
  pair(label?: string): KernelPair;
  ablation(name: string): MetricAblation;
  series(metric: string, of?: "run" | "requests"): RecordedSeries[];
}

export class KernelsCharts {
  constructor(private readonly of: ChartedKernels) {
    Object.freeze(this);
  }

  /** The paired difference of every metric in its standard deviations, so that all fit on one axis. */
  differences(words: ChartWords & { label?: string } = {}): Figure {
    const { label, ...rest } = words;
    const { a, b, metrics } = this.of.pair(label);
    const drawn = metrics.filter(({ standardised }) => standardised !== null);
    return pairedDifferences({
      title: `${b} against ${a}`,
      xTitle: `difference ${b} − ${a} (standard deviations)`,
      interval: "95 % interval of the mean over seeds",
      ...rest,
      ...withNote(rest.subtitle, this.about(), `to the right: more with ${b}`),
      rows: drawn.map(({ metric, better, difference: d, standardised, words: said }) => {
        const scale = d.mid === 0 ? 0 : standardised! / d.mid;
        const [low, high] = [(d.low ?? d.mid) * scale, (d.high ?? d.mid) * scale].sort((x, y) => x - y);
        return {
          name: `${metric}${directed(better)}`,
          value: standardised!,
          low: Math.min(low!, standardised!),
          high: Math.max(high!, standardised!),
          basis: said,
        };
      }),
      from: [this.of],
    });
  }

  /** What each difference does to a metric, of an ablation. */
  ablation(metric: string, words: ChartWords = {}): Figure {
    const { rows, total } = this.of.ablation(metric);
    const { a, b } = this.of.pair();
    const row = (name: string, { low, mid, high }: typeof total) => ({
      name,
      value: mid,
      low: low ?? mid,
      high: high ?? mid,
    });
    const better = betterOf(metric);
    return pairedDifferences({
      title: `Which difference carries the effect on ${metric}: ${figureText(total.mid, true)}`,
      xTitle: `effect on ${metric}, ${b} − ${a} (${METRICS[metric]?.unit ?? "count"})`,
      interval: "95 % interval of the mean over seeds",
      ...words,
      ...withNote(words.subtitle, this.about(), better === null ? undefined : SIDES[better]),
      rows: [row("all together", total), ...rows.map(({ name, effect }) => row(name, effect))],
      from: [this.of],
    });
  }

  /** A recorded series of each variant over simulated time, the mean over seeds. */
  series(metric: string, words: ChartWords & { of?: "run" | "requests" } = {}): Figure {
    const { of = "run", ...rest } = words;
    const better = betterOf(metric);
    return seriesOverTime({
      title: `${metric} over time`,
      metric,
      ...rest,
      ...withNote(rest.subtitle, this.about(), better === null ? undefined : SIDES[better]),
      series: this.of.series(metric, of),
      from: [this.of],
    });
  }

  /** `pc-x86-64, 256 MiB, pages of 4 KiB, Linux 6.1 and 6.15; 12 seeds`. */
  private about(): string {
    const { kind: _kind, ...spec } = this.of.plan;
    return `${aboutKernels(spec)[0]}; ${spec.seeds} seed${spec.seeds === 1 ? "" : "s"}`;
  }
}

/** Which side of a metric is better. */
export const SIDES = { less: "lower is better", more: "higher is better" } as const;

const directed = (better: "less" | "more" | null) => (better === null ? "" : ` (${SIDES[better]})`);
