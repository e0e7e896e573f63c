/** What a kind of plan must know so that its plans can be run again alone (plan-kinds.ts has the list). */

/** A plan as it was stored: plain JSON, from anybody. */
export type StoredPlan = Readonly<Record<string, unknown>>;

export interface PlanKind {
  /** What people call it, such as `boot`; a plan may name it in its key `kind`. */
  readonly name: string;
  /** Whether a plan without a key `kind` is of this kind; looks at its keys only. */
  matches(plan: StoredPlan): boolean;
  /**
   * Runs it: the same plan gives the same result, plain JSON, everywhere. The plan may be hostile: throws InputError
   * naming what is wrong with it, or how large it may be.
   */
  run(plan: StoredPlan): unknown;
}
