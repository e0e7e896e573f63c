/**
 * Curves of the hardware models as plans: plain JSON with all defaults filled in, so that anyone who has the plan
 * gets the same columns again. Plans name parts from the tables here; pass a core or an adapter of your own to
 * tlbCurve() or adapterCurve() directly.
 */
import { InputError } from "../base/errors";
import { check } from "../schema/check";
import {
  type Fields,
  filled,
  list,
  literal,
  name,
  type OutOf,
  object,
  optional,
  size,
  whole,
} from "../schema/field";
import { MAX_AREA_BYTES, PATTERN } from "./access-pattern";
import { LOCKABLE_CACHE_NAMES, type LockedRegionCurve, lockedRegionCurve } from "./cache-ways";
import { type TlbCurve, tlbCurve } from "./cpu-tlb";
import { CPU_TLB_NAMES } from "./cpu-tlb-data";
import { RDMA_ADAPTER_NAMES } from "./rdma-adapter-data";
import { type AdapterCurve, adapterCurve } from "./rdma-translation-cache";

/** Limits of a curve: `steps` are the accesses or operations of all points together, including warm-up. */
export const CURVE_LIMITS = { sizes: 256, pages: 16, steps: 400_000_000 } as const;

const sizes = <const W extends string>(doc: string, word: W, most: number, count: number) =>
  list(doc, size("a size", { least: 1, most }), { least: 1, most: count, word });
const steps = (doc: string, unit: string, least: number, given: number | string) =>
  filled(whole(doc, unit, { least, most: CURVE_LIMITS.steps, default: given }));
const seed = filled(whole("what chance is drawn from", "", { most: 2 ** 32 - 1, default: 1 }));

const TLB_DEFAULTS = { accesses: 60_000 } as const;
const ADAPTER_DEFAULTS = { operations: 100_000, operationBytes: 64 } as const;

/** By default, warm-up is as long as the counted part. */
const warmup = (unit: string) =>
  optional(
    whole(`${unit} before the first that counts`, unit, {
      most: CURVE_LIMITS.steps,
      default: "as many as are counted",
    }),
  );

/** tlbCurve() with its options. */
export const TLB_CURVE_FIELDS = {
  kind: filled(literal("tlb-curve")),
  cpu: name("the processor", CPU_TLB_NAMES),
  pageBytes: sizes("sizes of pages", "pages", 2 ** 31, CURVE_LIMITS.pages),
  areaBytes: sizes("sizes of the area", "areas", MAX_AREA_BYTES, CURVE_LIMITS.sizes),
  pattern: PATTERN,
  warmup: warmup("accesses"),
  accesses: steps("accesses that are counted", "accesses", 1, TLB_DEFAULTS.accesses),
  seed,
} satisfies Fields;

export const TLB_CURVE = object(
  "misses and walks of a core's TLBs over the size of the area",
  TLB_CURVE_FIELDS,
  {
    refine: (plan) => ({ ...plan, warmup: plan.warmup ?? plan.accesses }),
  },
);

/** tlbCurve() with its options. Sizes in bytes. */
export interface TlbCurvePlan extends Required<OutOf<typeof TLB_CURVE_FIELDS>> {}

/** adapterCurve() with its options. */
export const ADAPTER_CURVE_FIELDS = {
  kind: filled(literal("adapter-curve")),
  adapter: name("the RDMA adapter", RDMA_ADAPTER_NAMES),
  pageBytes: sizes("sizes of pages", "pages", 2 ** 31, CURVE_LIMITS.pages),
  regionBytes: sizes("sizes of the region", "regions", MAX_AREA_BYTES, CURVE_LIMITS.sizes),
  pattern: PATTERN,
  // An operation touches every line of the table that it crosses.
  operationBytes: filled(
    size("what one operation moves", {
      least: 1,
      most: 2 ** 20,
      word: "operation",
      default: ADAPTER_DEFAULTS.operationBytes,
    }),
  ),
  warmup: warmup("operations"),
  operations: steps("operations that are counted", "operations", 1, ADAPTER_DEFAULTS.operations),
  seed,
} satisfies Fields;

export const ADAPTER_CURVE = object(
  "hit rate and throughput of an RDMA adapter over the size of the region",
  ADAPTER_CURVE_FIELDS,
  {
    refine: (plan) => ({ ...plan, warmup: plan.warmup ?? plan.operations }),
  },
);

/** adapterCurve() with its options. Sizes in bytes. */
export interface AdapterCurvePlan extends Required<OutOf<typeof ADAPTER_CURVE_FIELDS>> {}

/** lockedRegionCurve() of a named part, on x86-64. */
export const LOCKED_REGION_FIELDS = {
  kind: filled(literal("locked-region-curve")),
  cache: name("the part", LOCKABLE_CACHE_NAMES),
} satisfies Fields;

export const LOCKED_REGION = object(
  "the regions that pseudo-locking makes on a processor",
  LOCKED_REGION_FIELDS,
);

export interface LockedRegionPlan extends OutOf<typeof LOCKED_REGION_FIELDS> {}

/** Checks the plan. Throws InputError that names what is wrong with it. */
export const parseTlbCurve = (plan: unknown): TlbCurvePlan => check(TLB_CURVE, plan) as TlbCurvePlan; // refine fills warmup in
export const parseAdapterCurve = (plan: unknown): AdapterCurvePlan =>
  check(ADAPTER_CURVE, plan) as AdapterCurvePlan;
export const parseLockedRegion = (plan: unknown): LockedRegionPlan => check(LOCKED_REGION, plan);

/** Throws InputError for a plan that would run for too long, and if tlbCurve() does. */
export function runTlbCurve(plan: TlbCurvePlan): TlbCurve {
  const { cpu, pageBytes, areaBytes, pattern, warmup, accesses, seed } = plan;
  checkWork("tlb-curve", pageBytes.length * areaBytes.length, warmup + accesses);
  return tlbCurve(cpu, pageBytes, areaBytes, pattern, { warmup, accesses, seed });
}

/** Throws InputError for a plan that would run for too long, and if adapterCurve() does. */
export function runAdapterCurve(plan: AdapterCurvePlan): AdapterCurve {
  const { adapter, pageBytes, regionBytes, pattern, operationBytes, warmup, operations, seed } = plan;
  checkWork("adapter-curve", pageBytes.length * regionBytes.length, warmup + operations);
  return adapterCurve(adapter, pageBytes, regionBytes, pattern, { operationBytes, warmup, operations, seed });
}

export function runLockedRegionCurve({ cache }: LockedRegionPlan): LockedRegionCurve {
  return lockedRegionCurve(cache);
}

function checkWork(kind: string, points: number, stepsEach: number): void {
  if (points * stepsEach > CURVE_LIMITS.steps)
    throw new InputError(
      `${kind}: all points together must take at most ${CURVE_LIMITS.steps} steps: got ${points} points of ${stepsEach}`,
    );
}
