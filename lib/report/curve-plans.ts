/** Plans of curves of the hardware models (hardware/curve-plans.ts), checked as plans from strangers are. */
import { z } from "zod";
import { fields, oneOf, PLAN_LIMITS, size, whole } from "../experiment/schema-fields";
import { parseWith } from "../experiment/schema-read";
import { DEFAULT_PATTERNS, MAX_AREA_BYTES, type PatternName } from "../hardware/access-pattern";
import { LOCKABLE_CACHE_NAMES } from "../hardware/cache-ways";
import { CPU_TLB_NAMES } from "../hardware/cpu-tlb-data";
import {
  type AdapterCurvePlan,
  CURVE_LIMITS,
  type LockedRegionPlan,
  runAdapterCurve,
  runLockedRegionCurve,
  runTlbCurve,
  type TlbCurvePlan,
} from "../hardware/curve-plans";
import { RDMA_ADAPTER_NAMES } from "../hardware/rdma-adapter-data";
import type { PlanKind } from "./plan-kind";

const sizes = (what: string, most: number, count: number) =>
  z
    .array(size(what, 1, most), { error: `${what}: must be a list of sizes` })
    .min(1, `${what}: at least one`)
    .max(count, `${what}: at most ${count}`);
const steps = (what: string, least: number) => whole(what, least, CURVE_LIMITS.steps);
const seed = whole("seed", 0, PLAN_LIMITS.seed);

/** Limits of the parameters are checked by toPattern(); here it is only that there are no others. */
const pattern = z.union(
  [
    z.enum(Object.keys(DEFAULT_PATTERNS) as [PatternName, ...PatternName[]]),
    z.strictObject({ kind: z.enum(["uniform", "chase"]) }),
    z.strictObject({ kind: z.literal("zipf"), exponent: z.number(), blockBytes: z.number() }),
    z.strictObject({
      kind: z.literal("hot"),
      share: z.number(),
      blocks: z.number(),
      blockBytes: z.number(),
    }),
    z.strictObject({ kind: z.literal("scan"), strideBytes: z.number(), streams: whole("streams", 1, 65536) }),
  ],
  {
    error: `pattern: must be ${Object.keys(DEFAULT_PATTERNS).join(", ")}, or one of these with its parameters`,
  },
);

const tlbSchema = fields("plan", {
  kind: z.literal("tlb-curve"),
  cpu: oneOf("cpu", CPU_TLB_NAMES),
  pageBytes: sizes("pageBytes", 2 ** 31, CURVE_LIMITS.pages),
  areaBytes: sizes("areaBytes", MAX_AREA_BYTES, CURVE_LIMITS.sizes),
  pattern,
  warmup: steps("warmup", 0),
  accesses: steps("accesses", 1),
  seed,
});

const adapterSchema = fields("plan", {
  kind: z.literal("adapter-curve"),
  adapter: oneOf("adapter", RDMA_ADAPTER_NAMES),
  pageBytes: sizes("pageBytes", 2 ** 31, CURVE_LIMITS.pages),
  regionBytes: sizes("regionBytes", MAX_AREA_BYTES, CURVE_LIMITS.sizes),
  pattern,
  // An operation touches every line of the table that it crosses.
  operationBytes: size("operationBytes", 1, 2 ** 20),
  warmup: steps("warmup", 0),
  operations: steps("operations", 1),
  seed,
});

const lockedSchema = fields("plan", {
  kind: z.literal("locked-region-curve"),
  cache: oneOf("cache", LOCKABLE_CACHE_NAMES),
});

/** The plan, checked. Throws InputError naming what is wrong with it. */
export const parseTlbCurve = (plan: object) =>
  parseWith(tlbSchema, { kind: "tlb-curve", ...plan }) as TlbCurvePlan;
export const parseAdapterCurve = (plan: object) =>
  parseWith(adapterSchema, { kind: "adapter-curve", ...plan }) as AdapterCurvePlan;
export const parseLockedRegion = (plan: object) =>
  parseWith(lockedSchema, { kind: "locked-region-curve", ...plan }) as LockedRegionPlan;

/** `TlbCurvePlan` in, `TlbCurve` out. */
export const TLB_CURVE_PLAN: PlanKind = {
  name: "tlb-curve",
  matches: (plan) => Object.hasOwn(plan, "cpu") && Object.hasOwn(plan, "areaBytes"),
  run: (plan) => runTlbCurve(parseTlbCurve(plan)),
};

/** `AdapterCurvePlan` in, `AdapterCurve` out. */
export const ADAPTER_CURVE_PLAN: PlanKind = {
  name: "adapter-curve",
  matches: (plan) => Object.hasOwn(plan, "adapter") && Object.hasOwn(plan, "regionBytes"),
  run: (plan) => runAdapterCurve(parseAdapterCurve(plan)),
};

/** `LockedRegionPlan` in, `LockedRegionCurve` out. */
export const LOCKED_REGION_PLAN: PlanKind = {
  name: "locked-region-curve",
  matches: (plan) => Object.hasOwn(plan, "cache"),
  run: (plan) => runLockedRegionCurve(parseLockedRegion(plan)),
};
