/**
 * What a plan may say: every field with its limits, checked before anything runs. Plans come from people and, over a network,
 * from strangers; what passes here is plain data whose names all exist. Sizes and times in words become bytes and
 * milliseconds, so that equal plans have equal names however they were written.
 */
import { z } from "zod";
import { InputError } from "../base/errors";
import { BOARD_NAMES } from "../hardware/boards";
import { DEFAULT_COSTS } from "../hardware/costs";
import { BOOT_DEFAULTS, type BootRequest, resolveBoot } from "../machine/boot-request";
import { type CmaRequest, parseCma } from "../machine/cma-request";
import type { SystemOptions } from "../machine/system";
import { type KernelSwitches, kernelProfile } from "../mm/profile";
import { THP_DEFRAG_MODES } from "../mm/thp";
import { resolveStrategy } from "../strategy";
import type { StrategySpec } from "../strategy/strategy";
import type { Plan, RequestSpec } from "./plan";
import { REQUEST_DEFAULTS } from "./run";
import { attempt, duration, fields, oneOf, PLAN_LIMITS, shown, size, truth, whole } from "./schema-fields";
import { fieldPath, type Locate, parseWith, withoutUndefined } from "./schema-read";
import { workloadSchema } from "./schema-workload";

/** Defaults of the fields that may be left out; the others are resolved where they are used (see docs/experiments.md). */
export const PLAN_DEFAULTS = { format: 1, seed: 1 } as const;

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const cma = z
  .union(
    [
      z.string(),
      z.number(),
      z.strictObject({ kind: z.literal("configured") }),
      z.strictObject({ kind: z.literal("off") }),
      z.strictObject({
        kind: z.literal("area"),
        bytes: z.number().int().positive(),
        base: z.number().int().nonnegative(),
        limit: z.number().int().nonnegative(),
        fixed: z.boolean(),
      }),
    ],
    { error: 'cma: must be a size, "SIZE@BASE", "SIZE@START-END", "none" or "off"' },
  )
  .transform(
    (given, context): CmaRequest =>
      attempt(context, () => (typeof given === "object" ? given : parseCma(given))),
  );

const hugePages = fields("hugePages", {
  pools: z.array(fields("pool", { bytes: size("bytes", 1), count: whole("count", 0, 2 ** 31) })).max(16),
  cmaBytes: size("cmaBytes"),
});

const machine = fields(
  "machine",
  {
    board: oneOf("board", BOARD_NAMES),
    pageSize: size("pageSize").optional(),
    memoryBytes: size("memoryBytes").optional(),
    cma: cma.optional(),
    kernel: z.string().max(40).optional(),
    thp: truth("thp").optional(),
    thpEnabled: truth("thpEnabled").optional(),
    hugetlb: truth("hugetlb").optional(),
    hugePages: hugePages.optional(),
    pageBlockMaxOrder: whole("pageBlockMaxOrder", 1, 30).optional(),
    switches: z.record(z.string(), scalar).optional(),
  },
  { memory: "memoryBytes" },
).transform(
  (given, context): BootRequest =>
    attempt(context, () => {
      const request = withoutUndefined(given) as unknown as BootRequest;
      const { release } = resolveBoot(request);
      kernelProfile(release, request.switches as Partial<KernelSwitches> | undefined);
      return request;
    }),
);

const system = fields(
  "system",
  {
    reclaim: truth("reclaim").optional(),
    compaction: truth("compaction").optional(),
    migration: truth("migration").optional(),
    mobilityGrouping: truth("mobilityGrouping").optional(),
    pcp: truth("pcp").optional(),
    swapBytes: size("swapBytes").optional(),
    thpDefrag: oneOf("thpDefrag", THP_DEFRAG_MODES).optional(),
    proactiveness: whole("proactiveness", 0, 100).optional(),
  },
  { swap: "swapBytes" },
).transform((given) => withoutUndefined(given) as SystemOptions);

export const strategySchema = z
  .record(z.string(), scalar, {
    error: (issue) => `strategy: must be an object with a name: got ${shown(issue.input)}`,
  })
  .transform(
    (given, context): StrategySpec =>
      attempt(context, () => {
        if (typeof given.name !== "string")
          throw new InputError(`strategy: must have a name: got ${shown(given)}`);
        resolveStrategy(given as StrategySpec);
        return { ...given } as StrategySpec;
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
  machine,
  system: system.optional(),
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
