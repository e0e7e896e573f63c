/**
 * Points of a sweep as rows that can be measured: values from the sweep's table, and values that only its runs have.
 */
import { groupBy } from "lodash";
import { Random } from "../base/random";
import { bootstrapMedian, type Interval } from "../experiment/statistics";
import type { SweepOutcome, SweepPoint } from "../experiment/sweep-table";
import type { MeasuredRow } from "./measures";

/** `order 9, unmovable 0.1`; `all runs` if only the seed was varied. */
export function pointName(parameters: readonly string[], { values }: Pick<SweepPoint, "values">): string {
  return parameters.map((name, i) => `${name} ${values[i]}`).join(", ") || "all runs";
}

/** A point as a row; its numeric parameters can be measured too. */
export function pointRow(
  parameters: readonly string[],
  point: SweepPoint,
  metrics: Record<string, Interval> = {},
): MeasuredRow {
  const varied = parameters.flatMap((name, i) => {
    const value = point.values[i];
    return typeof value === "number" ? [[name, { low: value, mid: value, high: value }] as const] : [];
  });
  const { runs, asked, granted, successRate, latencyNs } = point;
  const name = pointName(parameters, point);
  return {
    name,
    runs,
    asked,
    granted,
    successRate,
    latencyNs,
    metrics: { ...Object.fromEntries(varied), ...metrics },
  };
}

/** A value of one run of a sweep, and the point the run belongs to. */
export interface RunValue {
  point: string;
  value: number;
}

/** Medians over the runs of each point, with bootstrap intervals, in the order of the points. */
export function pointMedians(
  { parameters, points }: SweepOutcome,
  metric: string,
  values: readonly RunValue[],
): Map<string, Interval> {
  const byPoint = groupBy(values, (one) => one.point);
  return new Map(
    points.flatMap((point) => {
      const name = pointName(parameters, point);
      const found = byPoint[name]?.map((one) => one.value) ?? [];
      return found.length === 0
        ? []
        : [[name, bootstrapMedian(found, new Random(1).fork(`statistics ${name} ${metric}`))] as const];
    }),
  );
}
