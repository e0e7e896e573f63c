/** A sweep as a plan: a plan of a run, with some of its fields varied. */
import { InputError } from "../base/errors";
import { CHANGE } from "../machine/change-field";
import { check, isObject } from "../schema/check";
import {
  either,
  type Fields,
  filled,
  type In,
  list,
  literal,
  name,
  number,
  type ObjectField,
  type Out,
  object,
  optional,
  record,
  text,
  truth,
  whole,
} from "../schema/field";
import { fieldPath, type Locate } from "../schema/place";
import type { Written } from "../schema/plan-file";
import { FORMAT, type Plan, parsePlan, RUN } from "./run";

export const SWEEP_LIMITS = { plans: 10_000_000, parameters: 32 } as const;

const value = either(
  "a value of a field",
  "be text, a number, true or false, null for a field that is left out, or a change of the kernel",
  [
    number("a number", "", { least: -Number.MAX_SAFE_INTEGER }),
    truth("true or false"),
    text("text", { longest: 1000 }),
    literal(null, "the field is left out: its default, or no change of the kernel"),
    CHANGE,
  ],
);

const range = object("values from `from` to `to`", {
  from: number("the first", "", { least: -Number.MAX_SAFE_INTEGER }),
  to: number("the last", "", { least: -Number.MAX_SAFE_INTEGER }),
  step: optional(
    number("distance between values", "", {
      above: true,
      default: "none: any number in the range, for samples",
    }),
  ),
});

const axis = either("values of one field", "be a list of values, or {from, to, step}", [
  list("the values", value, { least: 1, most: SWEEP_LIMITS.plans }),
  range,
]);

const sample = either(
  "how combinations are chosen",
  "be {kind: grid}, or {kind: random or latin-hypercube, count, seed}",
  [
    object("every combination", { kind: literal("grid") }),
    object("random samples, or a Latin hypercube, which uses every stratum of every parameter once", {
      kind: name("how", ["random", "latin-hypercube"]),
      count: whole("how many", "plans", { least: 1, most: SWEEP_LIMITS.plans }),
      seed: filled(whole("seed of the samples", "", { default: 1 })),
    }),
  ],
  { default: "every combination" },
);

/** A value of a varied field. */
export type SweepValue = Out<typeof value>;
/** Values from `from` to `to`: in steps of `step` from `from`, or any number in the range if there is no step. */
export type SweepRange = In<typeof range>;
/** One parameter: a list of values or a range. */
export type SweepAxis = In<typeof axis>;
/** How combinations are chosen. */
export type Sampling = Out<typeof sample>;

export const SWEEP_FIELDS = {
  format: FORMAT,
  kind: optional(literal("sweep")),
  plan: RUN,
  over: filled(
    record("the varied fields, by path or short name, with their values", axis, null, {
      default: {},
    }),
  ),
  sample: optional(sample),
} satisfies Fields;

export interface SweepField extends ObjectField<typeof SWEEP_FIELDS> {}

export const SWEEP: SweepField = object("one plan with some of its fields varied", SWEEP_FIELDS, {
  // A sweep without samples is a grid: drops `{ kind: "grid" }`, so that it has one spelling.
  refine: ({ sample: chosen, ...rest }) =>
    chosen === undefined || chosen.kind === "grid" ? rest : { ...rest, sample: chosen },
});

/** A sweep as data. `over` names fields by path ("strategy.area", "machine.memoryBytes") or by a short name. */
export interface SweepSpec {
  plan: Plan;
  over: Readonly<Record<string, SweepAxis>>;
  sample?: Sampling;
}

/**
 * Checks a sweep: `plan` and `over`, or a plan alone, which is a sweep of one run.
 * @example
 * ```ts
 * import { parseSweep } from "pageblock";
 *
 * const plan = { machine: { board: "qemu-virt" }, strategy: "cma", request: { size: "4MiB" } };
 * const sweep = parseSweep({ plan, over: { "request.bytes": ["1MiB", "4MiB"] } });
 * Object.keys(sweep.over); // => ["request.bytes"]
 * ```
 */
export function parseSweep(given: unknown, locate: Locate = fieldPath): SweepSpec {
  if (isObject(given) && !Object.hasOwn(given, "plan")) {
    if (Object.hasOwn(given, "over"))
      throw new InputError(`${locate([])}: a sweep with over must have a plan too`);
    return { plan: parsePlan(given, locate), over: {} };
  }
  const { plan, over, sample: chosen } = check(SWEEP, given, locate);
  return { plan, over, ...(chosen !== undefined && { sample: chosen }) };
}

/** The sweep in a file. */
export function sweepIn({ value: given, locate }: Pick<Written, "value" | "locate">): SweepSpec {
  return parseSweep(given, locate);
}
