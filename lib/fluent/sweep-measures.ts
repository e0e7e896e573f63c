/** Measures of the runs of a sweep. They are read from the store, so every method returns a promise. */
import type { LatencySamples } from "../chart/latency";
import { queryResults, type Results } from "../experiment/results";
import { expandSweep, type Sweep, type SweepSpec } from "../experiment/sweep";
import type { SweepOutcome } from "../experiment/sweep-table";
import { type Measure, type MeasuredRow, measureNames, metricsBehind } from "../metrics/measures";
import { pointMedians, pointName, pointRow, type RunValue } from "../metrics/sweep-measures";
import { METRICS } from "../plan/metric-names";

export class SweepRuns {
  private readonly sweep: Sweep;
  private readonly places: number[];

  constructor(
    spec: SweepSpec,
    private readonly outcome: SweepOutcome,
    private readonly results: Results,
  ) {
    this.sweep = expandSweep(spec);
    this.places = this.sweep.parameters.flatMap((name, i) => (name === "seed" ? [] : [i]));
  }

  /** Latencies of granted (or refused) requests in nanoseconds, by point. */
  async latencies(granted: boolean): Promise<LatencySamples[]> {
    const rows = await queryResults(
      this.results,
      `select run, "latencyNs" as value from requests where granted = ${granted ? 1 : 0} order by run, request`,
    );
    const samples = new Map(this.names().map((name): [string, number[]] => [name, []]));
    for (const { point, value } of rows.map((row) => this.valueOf(row))) samples.get(point)?.push(value);
    return [...samples]
      .map(([name, samplesNs]) => ({ name, samplesNs }))
      .filter(({ samplesNs }) => samplesNs.length > 0);
  }

  /** Rows of the points with the metrics that `measures` need. */
  async rows(measures: readonly Required<Measure>[]): Promise<MeasuredRow[]> {
    const { parameters, points } = this.outcome;
    const names = metricsBehind(measures).filter((name) => name in METRICS);
    const medians = new Map<string, ReturnType<typeof pointMedians>>();
    for (const name of names) medians.set(name, pointMedians(this.outcome, name, await this.values(name)));
    return points.map((point) => {
      const at = pointName(parameters, point);
      const found = names.flatMap((name) => {
        const interval = medians.get(name)!.get(at);
        return interval === undefined ? [] : [[name, interval] as const];
      });
      return pointRow(parameters, point, Object.fromEntries(found));
    });
  }

  /** The names of all measures of this sweep. */
  known(): string[] {
    return [...measureNames(), ...this.outcome.parameters];
  }

  private names(): string[] {
    return this.outcome.points.map((point) => pointName(this.outcome.parameters, point));
  }

  /** A metric of every run; empty if no run of the sweep has it. */
  private async values(metric: string): Promise<RunValue[]> {
    const [has] = await queryResults(
      this.results,
      `select count(*) as n from (describe runs) where column_name = '${metric}'`,
    );
    if (has?.n === 0) return [];
    const rows = await queryResults(
      this.results,
      `select run, "${metric}" as value from runs where "${metric}" is not null order by run`,
    );
    return rows.map((row) => this.valueOf(row));
  }

  private valueOf({ run, value }: Record<string, unknown>): RunValue {
    const all = this.sweep.values(Number(run));
    const values = this.places.map((place) => all[place]!);
    return { point: pointName(this.outcome.parameters, { values }), value: Number(value) };
  }
}
