/**
 * A plan is plain JSON that fully describes one run: equal plans give equal outcomes on every computer. The SHA-256 of
 * its canonical text is its name.
 */
import { sha256Of } from "../base/canonical-json";
import { COSTS } from "../hardware/costs";
import { MACHINE } from "../machine/boot-request";
import { MOVED_SETTINGS, SYSTEM } from "../machine/system-options";
import { check } from "../schema/check";
import { withDefaults as filledIn } from "../schema/defaults";
import {
  type Fields,
  filled,
  type In,
  type InOf,
  literal,
  type ObjectField,
  type Out,
  type OutOf,
  object,
  optional,
  whole,
} from "../schema/field";
import { fieldPath, type Locate } from "../schema/place";
import { resolveStrategy } from "../strategy";
import { REQUEST, REQUEST_LIMITS } from "../strategy/request";
import { RECORD } from "./record";
import { STRATEGY } from "./strategy";
import { WORKLOAD, WORKLOAD_LIMITS } from "./workload";

/** Limits of a plan. They keep a typing error, or a stranger, from starting a run that never ends. */
export const PLAN_LIMITS = {
  times: REQUEST_LIMITS.times,
  durationMs: REQUEST_LIMITS.durationMs,
  workloadParts: WORKLOAD_LIMITS.parts,
  workloadDepth: WORKLOAD_LIMITS.depth,
  /** Seeds are 32 bits. */
  seed: 2 ** 32 - 1,
} as const;

/**
 * The format of plans. Format 1 had `pageBlockMaxOrder` and the step `run`; both are still read, but plans are written
 * as 2. Later changes of spelling need no new number, because fields state their former names.
 */
export const PLAN_FORMAT = 2;
export const FORMAT = filled(literal(PLAN_FORMAT, "the format of the plan", [1]));

export const SEED = filled(whole("seed of the random numbers", "", { most: PLAN_LIMITS.seed, default: 1 }));

/** The fields that runs and comparisons share. */
export const SHARED_FIELDS = {
  machine: MACHINE,
  system: optional(SYSTEM),
  workload: optional(WORKLOAD),
  request: REQUEST,
  costs: optional(COSTS),
  record: optional(RECORD),
} satisfies Fields;

/** One run. */
export const RUN_FIELDS = {
  format: FORMAT,
  machine: SHARED_FIELDS.machine,
  system: SHARED_FIELDS.system,
  workload: SHARED_FIELDS.workload,
  strategy: STRATEGY,
  request: SHARED_FIELDS.request,
  seed: SEED,
  costs: SHARED_FIELDS.costs,
  record: SHARED_FIELDS.record,
} satisfies Fields;

export interface RunField extends ObjectField<typeof RUN_FIELDS> {}

export const RUN: RunField = object("one run: a machine, what happens on it, and a request", RUN_FIELDS, {
  moved: MOVED_SETTINGS,
});

export interface Plan extends OutOf<typeof RUN_FIELDS> {}

/** A part as people write it, as a checked plan has it, or something that says it, as a builder does. */
type PartIn<F> = In<F> | Out<F> | { toJSON(): In<F> | Out<F> };

/** A plan as people write it: sizes and times may be words, and its parts what the builders make. */
export type PlanIn = {
  readonly [K in keyof InOf<typeof RUN_FIELDS>]: K extends keyof typeof RUN_FIELDS
    ? PartIn<(typeof RUN_FIELDS)[K]> | (undefined extends InOf<typeof RUN_FIELDS>[K] ? undefined : never)
    : never;
};

/**
 * The plan in `value`, normalised. Throws InputError with the place and the field of the first mistake.
 * @example
 * ```ts
 * import { parsePlan } from "pageblock";
 *
 * const plan = parsePlan({
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   strategy: { name: "buddy" },
 *   request: { size: "16MiB" },
 * });
 * plan.request.bytes; // => 16777216
 * plan.seed; // => 1
 * ```
 */
export function parsePlan(value: unknown, locate: Locate = fieldPath): Plan {
  return check(RUN, value, locate);
}

/**
 * The name of a plan.
 * @example
 * ```ts
 * import { parsePlan, planHash } from "pageblock";
 *
 * const machine = { board: "qemu-virt", memory: "512MiB" };
 * const a = parsePlan({ machine, strategy: { name: "buddy" }, request: { size: "1MiB" } });
 * const b = parsePlan({ request: { bytes: 1048576 }, strategy: { name: "buddy" }, machine });
 * planHash(a) === planHash(b); // => true
 * ```
 */
export function planHash(plan: Plan): string {
  return sha256Of(plan);
}

/** The plan with constant defaults filled in, to print with results. */
export function withDefaults(plan: Plan): Plan {
  return { ...filledIn(RUN_FIELDS, plan), strategy: resolveStrategy(plan.strategy).resolved };
}
