/**
 * What a plan may say: every field with its limits, checked before anything runs. Plans come from people and, over a network,
 * from strangers; what passes here is plain data whose names all exist. Sizes and times in words become bytes and
 * milliseconds, so that equal plans have equal names however they were written.
 */
import { z } from "zod";
import { InputError } from "../base/errors";
import { DEFAULT_COSTS } from "../hardware/costs";
import { BOOT_DEFAULTS } from "../machine/boot-request";
import { resolveStrategy } from "../strategy";
import type { StrategySpec } from "../strategy/strategy";
import type { Plan, RequestSpec } from "./plan";
import { REQUEST_DEFAULTS } from "./run";
import { attempt, duration, fields, oneOf, PLAN_LIMITS, shown, size, truth, whole } from "./schema-fields";
import { machineSchema, scalar, systemSchema } from "./schema-machine";
import { fieldPath, type Locate, parseWith, withoutUndefined } from "./schema-read";
import { workloadSchema } from "./schema-workload";

/** Defaults of the fields that may be left out; the others are resolved where they are used (see docs/experiments.md). */
export const PLAN_DEFAULTS = { format: 1, seed: 1 } as const;

export const strategySchema = z
  .record(z.string(), scalar, {
    error: (issue) => `strategy: must be an object with a name: got ${shown(issue.input)}`,
  })
  .transform(
    (given, context): StrategySpec =>
      attempt(context, () => {
        if (typeof given.name !== "string")
          throw new InputError(`strategy: must have a name: got ${shown(given)}`);
        const { strategy } = resolveStrategy(given as StrategySpec);
        return { ...given, name: strategy.name };
      }),
  );

const request = fields(
  "request",
  {
    bytes: size("bytes", 1),
    times: whole("times", 1, PLAN_LIMITS.times).optional(),
    alignBytes: size("alignBytes", 1)
      .refine((n) => Number.isInteger(Math.log2(n)), { error: "alignBytes: must be a power of two" })
      .optional(),
    gapMs: duration("gapMs", PLAN_LIMITS.durationMs).optional(),
    held: whole("held", 1, PLAN_LIMITS.times).optional(),
    who: oneOf("who", ["driver", "user", "boot"]).optional(),
    longtermPin: truth("longtermPin").optional(),
    dmaBits: whole("dmaBits", 1, 64).optional(),
    cpuMapBytes: size("cpuMapBytes", 1).optional(),
  },
  { size: "bytes", align: "alignBytes", gap: "gapMs", cpuMap: "cpuMapBytes" },
).transform((given) => withoutUndefined(given) as unknown as RequestSpec);

const cost = (name: string) =>
  z
    .number({ error: `costs.${name}: must be nanoseconds, 0 or more` })
    .min(0, `costs.${name}: must be nanoseconds, 0 or more`);
const costs = fields(
  "costs",
  Object.fromEntries(Object.keys(DEFAULT_COSTS).map((n) => [n, cost(n).optional()])),
);

/** The fields of a plan; a comparison and a sweep use the same. */
export const PLAN_FIELDS = {
  format: z
    .literal(1, { error: (issue) => `format: must be 1: got ${shown(issue.input)}` })
    .default(PLAN_DEFAULTS.format),
  machine: machineSchema,
  system: systemSchema.optional(),
  workload: workloadSchema.optional(),
  strategy: strategySchema,
  request,
  seed: whole("seed", 0, PLAN_LIMITS.seed).default(PLAN_DEFAULTS.seed),
  costs: costs.optional(),
};

const planSchema = fields("plan", PLAN_FIELDS);

/** The plan in `value`, normalised. Throws InputError with the place and the field of the first mistake. */
export function parsePlan(value: unknown, locate: Locate = fieldPath): Plan {
  return parseWith(planSchema, value, locate) as unknown as Plan;
}

/** The plan with the defaults of request, strategy and system filled in: what was really asked for, to print with results. */
export function withDefaults(plan: Plan): Plan {
  return {
    ...plan,
    machine: { ...BOOT_DEFAULTS, ...plan.machine },
    request: { ...REQUEST_DEFAULTS, ...plan.request },
    strategy: resolveStrategy(plan.strategy).resolved,
  };
}
