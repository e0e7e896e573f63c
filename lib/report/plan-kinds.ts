/**
 * How the kinds of plans (lib/plan/kinds.ts) are run again, by whoever has a plan and not the cell it came from. To
 * add a kind, write a `PlanKind` and put it into PLAN_KINDS: `pageblock verify` then runs plans of that kind.
 */
import { InputError, nearest } from "../base/errors";
import type { PlansWeight } from "../experiment/plans-weight";
import type { SeenRun } from "../experiment/run-text";
import { PLAN_KINDS as STATED } from "../plan/kinds";
import { BOOT_PLAN } from "./boot-plan";
import { ADAPTER_CURVE_PLAN, LOCKED_REGION_PLAN, TLB_CURVE_PLAN } from "./curve-plans";
import {
  COMPARISON_PLAN,
  KERNELS_PLAN,
  ROBUST_PLAN,
  RUN_PLAN,
  SCORECARD_PLAN,
  STEPS_PLAN,
  SWEEP_PLAN,
} from "./experiment-plans";
import type { PlanKind, StoredPlan } from "./plan-kind";
import { RECORDING_PLAN } from "./recording-plan";

/** In the order in which they are asked. */
export const PLAN_KINDS: readonly PlanKind[] = [
  BOOT_PLAN,
  RUN_PLAN,
  SCORECARD_PLAN,
  COMPARISON_PLAN,
  KERNELS_PLAN,
  ROBUST_PLAN,
  SWEEP_PLAN,
  STEPS_PLAN,
  TLB_CURVE_PLAN,
  ADAPTER_CURVE_PLAN,
  LOCKED_REGION_PLAN,
  RECORDING_PLAN,
];

/** The kind of `plan`. Throws InputError when nothing here can run it. */
export function planKindOf(plan: unknown, kinds: readonly PlanKind[] = PLAN_KINDS): PlanKind {
  if (typeof plan !== "object" || plan === null || Array.isArray(plan))
    throw new InputError(`plan: must be an object: got ${plan === null ? "null" : typeof plan}`);
  const known = kinds.map((kind) => kind.name);
  const told = Object.hasOwn(plan, "kind") ? (plan as StoredPlan).kind : undefined;
  const given = STATED.find(({ was }) => was.includes(told as string))?.name ?? told;
  const found =
    given === undefined
      ? kinds.find((kind) => kind.matches(plan as StoredPlan))
      : kinds.find((kind) => kind.name === given);
  if (found !== undefined) return found;
  if (given === undefined)
    throw new InputError(
      `plan: of no kind that can be run here (${known.join(", ")}): its keys are ${Object.keys(plan).slice(0, 8).join(", ") || "none"}`,
    );
  const near = typeof given === "string" ? nearest(given, known) : undefined;
  throw new InputError(
    `plan: kind must be one of ${known.join(", ")}: got ${JSON.stringify(given)?.slice(0, 60)}${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
}

/** Runs a stored plan: its result as plain JSON. Throws InputError for a plan that cannot be run. `seen`: as PlanKind.run() has it. */
export async function runPlan(plan: unknown, seen?: SeenRun): Promise<unknown> {
  const result = await planKindOf(plan).run(plan as StoredPlan, seen);
  return JSON.parse(JSON.stringify(result));
}

const WEIGHS_NOTHING: PlansWeight = { plans: 1, bytes: 0, seconds: 0 };

/** What a stored plan weighs. Throws InputError for a plan that cannot be run; runs nothing. */
export function planWeight(plan: unknown): PlansWeight {
  return planKindOf(plan).weigh?.(plan as StoredPlan) ?? WEIGHS_NOTHING;
}
