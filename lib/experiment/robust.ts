/** Runs where a statement is true: point by point, on workers and with a store, or in this thread. */
import { createHash } from "node:crypto";
import { compact, omit } from "lodash";
import type { RobustSpec } from "../plan/robust";
import { type RunningOptions, runAll } from "./compare";
import { everyPlan, joined, type Plans } from "./plans";
import { robustPoints } from "./robust-points";
import { type RobustOutcome, RobustTable } from "./robust-table";
import { FAILURES_TOLD, type RunSummary } from "./run-plans";
import { failedRun, runAllHere, type SeenRun } from "./run-text";

/** The number of runs that all points need. Throws InputError for a plan that cannot be run. */
export function robustRuns(spec: RobustSpec): number {
  return robustPlans(spec).count;
}

/** The plans of all points that a machine has, in their order; a time budget (`within`) does not count. */
export function robustPlans(spec: RobustSpec): Plans {
  return joined(compact(robustPoints(spec).points.map(({ compared }) => compared)).map(({ plans }) => plans));
}

/**
 * Runs the points in their order. After the time budget (`within`) no further point is begun; the plan that comes back names
 * the number of points that were run in its place, so that it gives the same result on every computer. If the run is cancelled, `robust` is
 * null and the finished runs are in the store.
 */
export async function runRobust(
  spec: RobustSpec,
  options: RunningOptions = {},
): Promise<{ robust: RobustOutcome | null; plan: RobustSpec; summary: RunSummary }> {
  const planned = robustPoints(spec);
  const { points } = planned;
  const table = new RobustTable(spec, planned);
  const hash = createHash("sha256");
  const budget = new Budget(points.length, spec.within);
  let summary: RunSummary | null = null;
  for (let group = budget.next(); group > 0; group = budget.next()) {
    const plans = points.slice(budget.begun - group, budget.begun).map(({ compared }) => compared);
    const part = await runAll(joined(compact(plans).map((one) => one.plans)), options, ({ text }) => {
      table.take(text);
      hash.update(text).update("\n");
    });
    summary = summary === null ? part : together(summary, part);
    if (part.cancelled) return { robust: null, plan: spec, summary };
    if (part.run > 0) budget.ran(group);
  }
  const resultsHash = hash.digest("hex");
  return {
    robust: table.result(resultsHash, budget.begun),
    plan: spec.within === undefined ? spec : { ...omit(spec, "within"), points: budget.begun },
    summary: { ...summary!, resultsHash },
  };
}

/** Two parts of a run as one; of their hash the caller takes care. */
function together(a: RunSummary, b: RunSummary): RunSummary {
  return {
    plans: a.plans + b.plans,
    run: a.run + b.run,
    fromStore: a.fromStore + b.fromStore,
    failed: a.failed + b.failed,
    resultsHash: null,
    seconds: a.seconds + b.seconds,
    cancelled: a.cancelled || b.cancelled,
    failures: [...a.failures, ...b.failures.map((f) => ({ ...f, index: a.plans + f.index }))].slice(
      0,
      FAILURES_TOLD,
    ),
  };
}

/**
 * Hands out points in groups: all at once without a time budget. With one, one by one until something was run, and then as
 * many as are likely to take half of what is left. Points that no machine has, and those in the store, tell nothing.
 */
class Budget {
  /** Points begun. */
  begun: number;
  /** Those in groups of which something was run. */
  private measured: number;
  private readonly startedMs: number;

  constructor(
    private readonly points: number,
    private readonly within = Number.POSITIVE_INFINITY,
  ) {
    this.begun = 0;
    this.measured = 0;
    this.startedMs = performance.now();
  }

  /** A group of so many points was run. */
  ran(points: number): void {
    this.measured += points;
  }

  /** Size of the next group; 0: there are no more points, or there is no more time. */
  next(): number {
    const group = Math.min(this.points - this.begun, this.affordable());
    this.begun += group;
    return group;
  }

  private affordable(): number {
    if (this.within === Number.POSITIVE_INFINITY) return this.points;
    // The first point is run in any case.
    if (this.begun === 0) return 1;
    const elapsedMs = performance.now() - this.startedMs;
    if (this.measured === 0) return elapsedMs < this.within ? 1 : 0;
    const fit = ((this.within - elapsedMs) * this.measured) / elapsedMs;
    return fit < 1 ? 0 : Math.ceil(fit / 2);
  }
}

/** The same in this thread, without store and workers, and without a clock: the time budget does not count. Pure. */
export function robustHere(spec: RobustSpec, seen?: SeenRun): RobustOutcome {
  const planned = robustPoints(spec);
  const table = new RobustTable(spec, planned);
  const hash = createHash("sha256");
  for (const { compared, reason } of planned.points) {
    if (compared === null) {
      seen?.(failedRun("", reason!, "refused"));
      continue;
    }
    for (const run of runAllHere([...everyPlan(compared.plans)])) {
      table.take(run.text);
      seen?.(run);
      hash.update(run.text).update("\n");
    }
  }
  return table.result(hash.digest("hex"));
}
