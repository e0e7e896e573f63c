/** Plans, comparisons and sweeps as people write them in files, and every default filled in. */
import { z } from "zod";
import { InputError } from "../base/errors";
import { cmaDebate } from "../strategy";
import type { StrategySpec } from "../strategy/strategy";
import {
  COMPARISON_DEFAULTS,
  COMPARISON_LIMITS,
  type ComparisonSpec,
  type LabelledStrategy,
  labelled,
} from "./comparison";
import type { Plan } from "./plan";
import type { Written } from "./plan-file";
import { PLAN_FIELDS, parsePlan, strategySchema } from "./schema";
import { attempt, fields, whole } from "./schema-fields";
import { fieldPath, type Locate, parseWith } from "./schema-read";
import type { Sampling, SweepAxis, SweepSpec } from "./sweep";

const { strategy: _one, seed: _seed, ...SHARED } = PLAN_FIELDS;

/** A name, or a strategy with its parameters and, if it shall be called something else, a label; or `{ label, spec }`, as results hold it. */
const strategyEntry = z.unknown().transform((given, context): StrategySpec | LabelledStrategy => {
  const { label, spec, ...beside } =
    typeof given === "string" ? { name: given } : ((given ?? {}) as Record<string, unknown>);
  const rest =
    typeof spec === "object" && Object.keys(beside).length === 0
      ? spec
      : { ...beside, ...(spec !== undefined && { spec }) };
  const read = strategySchema.safeParse(rest);
  if (!read.success) {
    context.addIssue({ code: "custom", message: read.error.issues[0]!.message });
    return z.NEVER;
  }
  return typeof label === "string" ? { label, spec: read.data } : read.data;
});

const comparisonSchema = fields("comparison", {
  ...SHARED,
  strategies: z
    .array(strategyEntry, "strategies: must be a list of names, or of strategies with parameters")
    .min(1, "strategies: must name at least one")
    .max(COMPARISON_LIMITS.strategies, `strategies: at most ${COMPARISON_LIMITS.strategies}`)
    .transform((list, context) => attempt(context, () => labelled(list))),
  seeds: whole("seeds", 1, COMPARISON_LIMITS.seeds).default(COMPARISON_DEFAULTS.seeds),
  firstSeed: whole("firstSeed", 0, 2 ** 32 - 1).default(COMPARISON_DEFAULTS.firstSeed),
});

/** Checks a comparison; sizes and times in words are converted. */
export function parseComparison(value: unknown, locate: Locate = fieldPath): ComparisonSpec {
  const { format: _format, ...spec } = parseWith(comparisonSchema, value, locate) as Record<string, unknown>;
  return spec as unknown as ComparisonSpec;
}

/**
 * The comparison in a file: one with `strategies`, or a plan, whose strategy is then compared with the others of the CMA debate.
 */
export function comparisonIn({ value, locate }: Written): ComparisonSpec {
  if (Object.hasOwn(value as object, "strategies")) return parseComparison(value, locate);
  const { format: _format, strategy, seed, ...rest } = parsePlan(value, locate);
  const others = cmaDebate(rest.machine).filter(({ spec }) => spec.name !== strategy.name);
  return {
    ...rest,
    strategies: labelled([strategy, ...others]),
    seeds: COMPARISON_DEFAULTS.seeds,
    firstSeed: seed,
  };
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const sweepSchema = fields("sweep", {
  format: PLAN_FIELDS.format,
  plan: z.unknown(),
  over: z
    .record(
      z.string(),
      z.union(
        [
          z.array(scalar).min(1),
          z.strictObject({ from: z.number(), to: z.number(), step: z.number().positive().optional() }),
        ],
        { error: "over: must be a list of values, or {from, to, step}" },
      ),
    )
    .default({}),
  sample: z
    .union(
      [
        z.strictObject({ kind: z.literal("grid") }),
        z.strictObject({
          kind: z.enum(["random", "latin-hypercube"]),
          count: z.number().int().positive(),
          seed: z.number().int().nonnegative().optional(),
        }),
      ],
      { error: "sample: must be {kind: grid}, or {kind: random or latin-hypercube, count, seed}" },
    )
    .optional(),
});

/** The sweep in a file: `plan` and `over`, or a plan alone, which is a sweep of one. */
export function sweepIn({ value, locate }: Pick<Written, "value" | "locate">): SweepSpec {
  const object = value as Record<string, unknown>;
  if (!Object.hasOwn(object, "plan")) {
    if (Object.hasOwn(object, "over"))
      throw new InputError(`${locate([])}: a sweep must have a plan beside over`);
    return { plan: parsePlan(value, locate), over: {} };
  }
  const read = parseWith(sweepSchema, value, locate) as {
    over: Record<string, SweepAxis>;
    sample?: Sampling;
  };
  const plan: Plan = parsePlan(object.plan, (path, key) => locate(["plan", ...path], key));
  return { plan, over: read.over, ...(read.sample !== undefined && { sample: read.sample }) };
}
