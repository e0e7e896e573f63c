/** What is needed to run plans of a kind again (plan-kinds.ts has the list). */

import type { PlansWeight } from "../experiment/plans-weight";
import type { SeenRun } from "../experiment/run-text";

/** A stored plan: plain JSON from an untrusted source. */
export type StoredPlan = Readonly<Record<string, unknown>>;

export interface PlanKind {
  /** Its name, such as `boot`; a plan may have it in its key `kind`. */
  readonly name: string;
  /** Whether a plan without a key `kind` is of this kind; looks at its keys only. */
  matches(plan: StoredPlan): boolean;
  /**
   * Runs it: the same plan gives the same result, plain JSON, everywhere. The plan may be hostile: throws InputError
   * naming what is wrong with it, or how large it may be. `seen` is given every run that a result of many is made of.
   */
  run(plan: StoredPlan, seen?: SeenRun): unknown;
  /** What a run of it weighs; left out where that is next to nothing. Throws as `run` does, and runs nothing. */
  weigh?(plan: StoredPlan): PlansWeight;
}
