/** A run: a plan, its result, and their common name. */
import { sha256Of } from "../base/canonical-json";
import type { Figure, Run } from "./figure";

/** Any object that carries its plan, and whose JSON is its result. */
export interface Planned {
  // An object, too. As a type it would make TypeScript work out every statement of the plan for each machine that a chart is given.
  readonly plan: unknown;
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

/** Adds the runs that the figure was computed from, each once. */
export function withRuns(figure: Figure, from: readonly Planned[] | undefined): Figure {
  if (from === undefined || from.length === 0) return figure;
  const runs = from.map((one) => runOf(one.plan, one.toJSON()));
  const known = new Map([...(figure.runs ?? []), ...runs].map((run) => [run.sha256, run]));
  return { ...figure, runs: [...known.values()] };
}
