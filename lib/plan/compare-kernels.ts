/**
 * Variants of one machine against one another as a plan: the fields of a run, with variants in place of one machine, and
 * many seeds. The same workloads and requests with the same seeds for every variant.
 */
import { InputError } from "../base/errors";
import { RELEASE } from "../change/decide";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { MOVED_SETTINGS, type SystemOptions } from "../machine/system-options";
import { check } from "../schema/check";
import {
  type Fields,
  type InOf,
  list,
  literal,
  type ObjectField,
  type OutOf,
  object,
  optional,
  text,
  truth,
} from "../schema/field";
import { FieldError, fieldPath, type Locate } from "../schema/place";
import type { Written } from "../schema/plan-file";
import { COMPARISON_FIELDS } from "./comparison";
import { checkMetric } from "./known-metrics";
import { FORMAT, PLAN_FORMAT, type Plan, parsePlan, SHARED_FIELDS } from "./run";
import { STRATEGY } from "./strategy";
import { VARIANTS, type Variant } from "./variant";

const DEFAULT_STRATEGY = { name: "buddy" } as const;

/** The fields of a run, with variants and seeds in place of one machine and one seed. */
export const KERNELS_FIELDS = {
  ...SHARED_FIELDS,
  strategy: optional({ ...STRATEGY, facts: { ...STRATEGY.facts, default: DEFAULT_STRATEGY.name } }),
  variants: VARIANTS,
  metrics: optional(
    list("metrics that are compared", text("a metric", { longest: 60 }), {
      least: 1,
      most: 64,
      default: "fifteen that reviewers ask for",
    }),
  ),
  ablate: optional(
    truth("flip each difference of two variants alone, from the first and back from the second", {
      default: false,
    }),
  ),
  seeds: COMPARISON_FIELDS.seeds,
  firstSeed: COMPARISON_FIELDS.firstSeed,
} satisfies Fields;

const FILE_FIELDS = {
  format: FORMAT,
  kind: optional(literal("compare-kernels")),
  ...KERNELS_FIELDS,
} satisfies Fields;

/** Checks part of a plan; an error names its place. */
function at(path: readonly (string | number)[], what: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new FieldError(path, `${what}${error.message}`);
  }
}

export interface KernelsField extends ObjectField<typeof FILE_FIELDS> {}

/** Every variant is checked as the run that it makes: a sysctl that its release does not have is refused here. */
export const COMPARE_KERNELS: KernelsField = object(
  "variants of one machine side by side, under the same seeds: releases, switches, sysctls, page blocks",
  FILE_FIELDS,
  {
    moved: MOVED_SETTINGS,
    refine: (plan) => {
      if (plan.ablate === true && plan.variants.length !== 2)
        throw new FieldError(["ablate"], `needs exactly two variants: got ${plan.variants.length}`);
      plan.metrics?.forEach((metric, i) => {
        at(["metrics", i], "", () => checkMetric(metric, plan.workload));
      });
      const variants = plan.variants.map((variant, i) => honest(plan, variant, i));
      variants.forEach((variant, i) => {
        at(["variants", i], `${variant.label}: `, () =>
          parsePlan(variantPlan(plan, variant, plan.firstSeed)),
        );
      });
      return { ...plan, variants };
    },
  },
);

/** A variant whose label does not pass for a released kernel that it is not: a change is added to it, another release refused. */
function honest(plan: KernelsSpec, variant: Variant, at: number): Variant {
  const { label } = variant;
  if (!RELEASE.test(label)) return variant;
  const { change, kernel } = variantParts(plan, variant).machine;
  if (change !== undefined) return { ...variant, label: `${label}, change ${change.name}` };
  const own = kernel ?? resolveBoot(variantParts(plan, variant).machine).release;
  if (own === label || own.startsWith(`${label}.`)) return variant;
  throw new FieldError(
    ["variants", at],
    `label must not be that of another release than its kernel, ${own}: got ${JSON.stringify(label)}`,
  );
}

export interface KernelsSpec extends OutOf<typeof KERNELS_FIELDS> {}
export type KernelsIn = InOf<typeof FILE_FIELDS>;

/** Machine and system of a variant: fields replace those of the plan, switches one by one. */
export function variantParts(
  { machine, system }: Pick<KernelsSpec, "machine" | "system">,
  variant: Omit<Variant, "label">,
): { machine: BootRequest; system?: SystemOptions } {
  const switches = { ...machine.switches, ...variant.machine?.switches };
  const settings = { ...system, ...variant.system };
  return {
    machine: {
      ...machine,
      ...variant.machine,
      ...(Object.keys(switches).length > 0 && { switches }),
    },
    ...((system ?? variant.system) !== undefined && { system: settings }),
  };
}

/** The run of a variant with a seed. Everything is recorded unless the plan says what. */
export function variantPlan(spec: KernelsSpec, variant: Omit<Variant, "label">, seed: number): Plan {
  return runOfParts(spec, variantParts(spec, variant), seed);
}

/** The same for a machine that no variant names. */
export function runOfParts(
  { workload, request, costs, record = {}, strategy = DEFAULT_STRATEGY }: KernelsSpec,
  parts: ReturnType<typeof variantParts>,
  seed: number,
): Plan {
  return {
    format: PLAN_FORMAT,
    ...parts,
    ...(workload !== undefined && { workload }),
    strategy,
    request,
    seed: seed >>> 0,
    ...(costs !== undefined && { costs }),
    record,
  };
}

/**
 * Checks a comparison of variants.
 * @example
 * ```ts
 * import { parseKernels } from "pageblock";
 *
 * const plan = parseKernels({
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   variants: ["6.1", { kernel: "6.15", defragMode: true }],
 *   request: { size: "2MiB" },
 *   seeds: 8,
 * });
 * plan.variants.map((one) => one.label); // => ["6.1", "6.15, defragMode on"]
 * ```
 */
export function parseKernels(value: unknown, locate: Locate = fieldPath): KernelsSpec {
  const { format: _format, kind: _kind, ...spec } = check(COMPARE_KERNELS, value, locate);
  return spec;
}

/** The comparison in a file. */
export function kernelsIn({ value, locate }: Pick<Written, "value" | "locate">): KernelsSpec {
  return parseKernels(value, locate);
}
