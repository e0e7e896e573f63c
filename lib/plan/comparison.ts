/** A comparison as a plan: the fields of a run, with several strategies in place of one, and many seeds. */
import { MOVED_SETTINGS } from "../machine/system-options";
import { check, isObject, readField } from "../schema/check";
import {
  type Fields,
  filled,
  type InOf,
  list,
  type ObjectField,
  type OutOf,
  object,
  parsed,
  whole,
} from "../schema/field";
import { fieldPath, type Locate } from "../schema/place";
import type { Written } from "../schema/plan-file";
import { cmaDebate } from "../strategy";
import type { LabelledStrategy } from "../strategy/strategy";
import { FORMAT, PLAN_LIMITS, parsePlan, SHARED_FIELDS } from "./run";
import { LABELLED_STRATEGY, type LabelledIn, labelled } from "./strategy";

export const COMPARISON_LIMITS = { seeds: 1_000_000, strategies: 64 } as const;
export const COMPARISON_DEFAULTS = { seeds: 16, firstSeed: 1 } as const;

const LIST = list("strategies", LABELLED_STRATEGY, { least: 1, most: COMPARISON_LIMITS.strategies });

const strategies = parsed(
  "the strategies to compare: names, or strategies with parameters and a label",
  (given: readonly LabelledIn[]): LabelledStrategy[] => labelled(readField(LIST, given, [])),
  [LIST],
);

/** The fields of a run, with strategies and seeds in place of strategy and seed. */
export const COMPARISON_FIELDS = {
  ...SHARED_FIELDS,
  strategies,
  seeds: filled(
    whole("number of seeds, the same for every strategy", "seeds", {
      least: 1,
      most: COMPARISON_LIMITS.seeds,
      default: COMPARISON_DEFAULTS.seeds,
    }),
  ),
  firstSeed: filled(
    whole("the first seed; the others follow it", "", {
      most: PLAN_LIMITS.seed,
      default: COMPARISON_DEFAULTS.firstSeed,
    }),
  ),
} satisfies Fields;

const FILE_FIELDS = { format: FORMAT, ...COMPARISON_FIELDS } satisfies Fields;

export interface ComparisonField extends ObjectField<typeof FILE_FIELDS> {}

export const COMPARISON: ComparisonField = object(
  "strategies side by side, under the same seeds",
  FILE_FIELDS,
  { moved: MOVED_SETTINGS },
);

export interface ComparisonSpec extends OutOf<typeof COMPARISON_FIELDS> {}
export type ComparisonIn = InOf<typeof FILE_FIELDS>;

/**
 * Checks a comparison; sizes and times in words are converted.
 * @example
 * ```ts
 * import { parseComparison } from "pageblock";
 *
 * const plan = parseComparison({
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   strategies: ["buddy", { name: "cma", area: "64MiB" }],
 *   request: { size: "4MiB" },
 *   seeds: 8,
 * });
 * plan.strategies.map((one) => one.label); // => ["buddy", "cma"]
 * plan.request.bytes; // => 4194304
 * ```
 */
export function parseComparison(value: unknown, locate: Locate = fieldPath): ComparisonSpec {
  const { format: _format, ...spec } = check(COMPARISON, value, locate);
  return spec;
}

/**
 * The comparison in a file: one with `strategies`, or a plan of a run, whose strategy is compared with the others of
 * the CMA debate.
 */
export function comparisonIn({ value, locate }: Pick<Written, "value" | "locate">): ComparisonSpec {
  if (isObject(value) && Object.hasOwn(value, "strategies")) return parseComparison(value, locate);
  const { format: _format, strategy, seed, ...rest } = parsePlan(value, locate);
  const others = cmaDebate(rest.machine).filter(({ spec }) => spec.name !== strategy.name);
  return {
    ...rest,
    strategies: labelled([strategy, ...others]),
    seeds: COMPARISON_DEFAULTS.seeds,
    firstSeed: seed,
  };
}
