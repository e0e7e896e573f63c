/** Runs plans of curves of the hardware models. */

import { curveWeight } from "../experiment/plans-weight";
import {
  parseAdapterCurve,
  parseLockedRegion,
  parseTlbCurve,
  runAdapterCurve,
  runLockedRegionCurve,
  runTlbCurve,
} from "../hardware/curve-plans";
import type { PlanKind } from "./plan-kind";

/** `TlbCurvePlan` in, `TlbCurve` out. */
export const TLB_CURVE_PLAN: PlanKind = {
  name: "tlb-curve",
  matches: (plan) => Object.hasOwn(plan, "cpu") && Object.hasOwn(plan, "areaBytes"),
  run: (plan) => runTlbCurve(parseTlbCurve(plan)),
  weigh(plan) {
    const { pageBytes, areaBytes, warmup, accesses } = parseTlbCurve(plan);
    return curveWeight(pageBytes.length * areaBytes.length * (warmup + accesses));
  },
};

/** `AdapterCurvePlan` in, `AdapterCurve` out. */
export const ADAPTER_CURVE_PLAN: PlanKind = {
  name: "adapter-curve",
  matches: (plan) => Object.hasOwn(plan, "adapter") && Object.hasOwn(plan, "regionBytes"),
  run: (plan) => runAdapterCurve(parseAdapterCurve(plan)),
  weigh(plan) {
    const { pageBytes, regionBytes, warmup, operations } = parseAdapterCurve(plan);
    return curveWeight(pageBytes.length * regionBytes.length * (warmup + operations));
  },
};

/** `LockedRegionPlan` in, `LockedRegionCurve` out. */
export const LOCKED_REGION_PLAN: PlanKind = {
  name: "locked-region-curve",
  matches: (plan) => Object.hasOwn(plan, "cache"),
  run: (plan) => runLockedRegionCurve(parseLockedRegion(plan)),
};
