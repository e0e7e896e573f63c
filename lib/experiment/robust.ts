/** Runs where a statement is true: point by point, on workers and with a store, or in this thread. */
import { createHash } from "node:crypto";
import type { RobustSpec } from "../plan/robust";
import { type RunningOptions, runAll } from "./compare";
import { comparisonPlans } from "./comparison";
import type { Plan } from "./plan";
import { type PlannedPoint, robustPoints } from "./robust-points";
import { type RobustOutcome, RobustTable } from "./robust-table";
import type { RunSummary } from "./run-plans";
import { runAllToText } from "./run-text";

/** Runs of one point. */
const runsOf = (plan: { seeds: number; strategies: readonly unknown[] } | null) =>
  plan === null ? 0 : plan.seeds * plan.strategies.length;

/** The number of runs that all points need. Throws InputError for a plan that cannot be run. */
export function robustRuns(spec: RobustSpec): number {
  return robustPoints(spec).points.reduce((n, { plan }) => n + runsOf(plan), 0);
}

/**
 * Runs the points in their order. After the time budget (`within`) no further point is begun; the plan that comes back names
 * the number of points that were run, so that it gives the same result on every computer. If the run is cancelled, `robust` is
 * null and the finished runs are in the store.
 */
export async function runRobust(
  spec: RobustSpec,
  options: RunningOptions = {},
): Promise<{ robust: RobustOutcome | null; plan: RobustSpec; summary: RunSummary }> {
  const planned = robustPoints(spec);
  const table = new RobustTable(spec, planned);
  const budget = new Budget(spec.within);
  const summary = await runAll(
    budget.plans(planned.points),
    planned.points.reduce((n, { plan }) => n + runsOf(plan), 0),
    { ...options, ...(spec.within !== undefined && { early: { ahead: 1 } }) },
    ({ text }) => {
      budget.finished++;
      table.take(text);
    },
  );
  const { points } = budget;
  const robust = summary.resultsHash === null ? null : table.result(summary.resultsHash, points);
  return { robust, plan: points < planned.points.length ? { ...spec, points } : spec, summary };
}

/** Begins no further point when the runs that were begun are likely to use up the time. */
class Budget {
  /** Points begun. */
  points: number;
  finished: number;
  private begun: number;
  private readonly startedMs: number;

  constructor(private readonly within = Number.POSITIVE_INFINITY) {
    this.points = 0;
    this.finished = 0;
    this.begun = 0;
    this.startedMs = performance.now();
  }

  *plans(points: readonly PlannedPoint[]): Generator<Plan> {
    for (const { plan } of points) {
      // The first point is run in any case.
      if (this.points > 0 && this.spent()) return;
      this.points++;
      if (plan === null) continue;
      for (const run of comparisonPlans(plan)) {
        this.begun++;
        yield run;
      }
    }
  }

  private spent(): boolean {
    const elapsedMs = performance.now() - this.startedMs;
    const eachMs = this.finished === 0 ? 0 : elapsedMs / this.finished;
    return elapsedMs + eachMs * (this.begun - this.finished) > this.within;
  }
}

/** The same in this thread, without store and workers, and without a clock: the time budget does not count. Pure. */
export function robustHere(spec: RobustSpec): RobustOutcome {
  const planned = robustPoints(spec);
  const table = new RobustTable(spec, planned);
  const hash = createHash("sha256");
  for (const { plan } of planned.points) {
    if (plan === null) continue;
    for (const { text } of runAllToText([...comparisonPlans(plan)])) {
      table.take(text);
      hash.update(text).update("\n");
    }
  }
  return table.result(hash.digest("hex"));
}
