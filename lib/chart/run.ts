/** A run: a plan, what it gave, and their common name. */
import { sha256Of } from "../base/canonical-json";
import type { Figure, Run } from "./figure";

/** Anything that knows the plan it came from, and whose JSON is its result. */
export interface Planned {
  readonly plan: object;
  toJSON(): object;
}

/**
 * A run named by the SHA-256 of the canonical JSON of `{plan, result}`.
 * @example
 * ```ts
 * import { chart, sha256Of } from "pageblock";
 *
 * const run = chart.runOf({ seed: 1 }, { granted: 20 });
 * run.sha256 === sha256Of({ plan: { seed: 1 }, result: { granted: 20 } }); // => true
 * ```
 */
export function runOf(plan: unknown, result: unknown): Run {
  return { plan, result, sha256: sha256Of({ plan, result }) };
}

/** The figure with what it was computed from, each run once. */
export function withRuns(figure: Figure, from: readonly Planned[] | undefined): Figure {
  if (from === undefined || from.length === 0) return figure;
  const runs = from.map((one) => runOf(one.plan, one.toJSON()));
  const known = new Map([...(figure.runs ?? []), ...runs].map((run) => [run.sha256, run]));
  return { ...figure, runs: [...known.values()] };
}
