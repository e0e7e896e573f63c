/**
 * Curves of the hardware models as plans: plain JSON with everything filled in, so that whoever has the plan gets the same columns again. The
 * parts are named ones of the tables here; a core or an adapter of one's own goes to tlbCurve() and adapterCurve() directly.
 */
import { InputError } from "../base/errors";
import type { AccessPattern, PatternName } from "./access-pattern";
import { type LockableCacheName, type LockedRegionCurve, lockedRegionCurve } from "./cache-ways";
import { type TlbCurve, tlbCurve } from "./cpu-tlb";
import type { CpuTlbName } from "./cpu-tlb-data";
import type { RdmaAdapterName } from "./rdma-adapter-data";
import { type AdapterCurve, adapterCurve } from "./rdma-translation-cache";

/** tlbCurve() with its options. Sizes in bytes. */
export interface TlbCurvePlan {
  kind: "tlb-curve";
  cpu: CpuTlbName;
  pageBytes: number[];
  areaBytes: number[];
  pattern: PatternName | AccessPattern;
  warmup: number;
  accesses: number;
  seed: number;
}

/** adapterCurve() with its options. Sizes in bytes. */
export interface AdapterCurvePlan {
  kind: "adapter-curve";
  adapter: RdmaAdapterName;
  pageBytes: number[];
  regionBytes: number[];
  pattern: PatternName | AccessPattern;
  operationBytes: number;
  warmup: number;
  operations: number;
  seed: number;
}

/** lockedRegionCurve() of a named part, on x86-64. */
export interface LockedRegionPlan {
  kind: "locked-region-curve";
  cache: LockableCacheName;
}

/** What a curve may take: `steps` are accesses or operations of all points together, warm-up included. */
export const CURVE_LIMITS = { sizes: 256, pages: 16, steps: 400_000_000 } as const;

/** Throws InputError for a plan that would run for too long, and where tlbCurve() does. */
export function runTlbCurve(plan: TlbCurvePlan): TlbCurve {
  const { cpu, pageBytes, areaBytes, pattern, warmup, accesses, seed } = plan;
  checkWork("tlb-curve", pageBytes.length * areaBytes.length, warmup + accesses);
  return tlbCurve(cpu, pageBytes, areaBytes, pattern, { warmup, accesses, seed });
}

/** Throws InputError for a plan that would run for too long, and where adapterCurve() does. */
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
