/** Delta debugging of a plan's operations (Zeller's ddmin): a short plan that breaks the same law. */
import type { Engine } from "./engine";
import { type Operation, type Plan, PlanFailure, runPlan } from "./run-plan";

/** The law that broke: the message up to its details. */
export function lawOf(failure: PlanFailure): string {
  const text = failure.cause instanceof Error ? failure.cause.message : String(failure.cause);
  return text.split(":").slice(0, 2).join(":").replace(/\d+/g, "#");
}

export function failureOf(engine: Engine, plan: Plan, every: number): PlanFailure | undefined {
  try {
    runPlan(engine, plan, every);
    return undefined;
  } catch (e) {
    if (e instanceof PlanFailure) return e;
    throw e;
  }
}

/** Cuts the plan at its first broken law and shrinks it, with at most `runs` trials; returns the final failure. */
export function shrink(engine: Engine, plan: Plan, runs = 2000): { plan: Plan; failure: PlanFailure } {
  const first = failureOf(engine, plan, 1);
  if (first === undefined) throw new Error("shrink: the plan does not fail");
  const law = lawOf(first);
  let failure = first;
  let operations: readonly Operation[] = plan.operations.slice(0, first.step + 1);
  let parts = 2;
  for (let left = runs; left > 0 && operations.length > 1; ) {
    const size = Math.ceil(operations.length / parts);
    let shorter: readonly Operation[] | undefined;
    for (let at = 0; at < operations.length && left > 0; at += size, left--) {
      const rest = [...operations.slice(0, at), ...operations.slice(at + size)];
      const found = failureOf(engine, { ...plan, operations: rest }, 1);
      if (found === undefined || lawOf(found) !== law) continue;
      failure = found;
      shorter = rest.slice(0, found.step + 1);
      break;
    }
    if (shorter !== undefined) {
      operations = shorter;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(operations.length, parts * 2);
  }
  return { plan: { ...plan, operations }, failure };
}
