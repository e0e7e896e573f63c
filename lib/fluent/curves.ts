/**
 * Curves of the hardware models for charts: `curves.tlb({ cpu: "haswell", pages: ["2 MiB", "1 GiB"], areas: […],
 * pattern: "uniform" })`. A curve carries its plan, so that a figure `from` it can be computed again.
 */
import { InputError, unknownName } from "../base/errors";
import { formatSize } from "../base/units";
import type { ByteCurve } from "../chart/byte-curves";
import type { LockableCacheName, LockedRegionCurve } from "../hardware/cache-ways";
import type { TlbCurve } from "../hardware/cpu-tlb";
import {
  type ADAPTER_CURVE_FIELDS,
  type AdapterCurvePlan,
  type LockedRegionPlan,
  parseAdapterCurve,
  parseLockedRegion,
  parseTlbCurve,
  runAdapterCurve,
  runLockedRegionCurve,
  runTlbCurve,
  type TLB_CURVE_FIELDS,
  type TlbCurvePlan,
} from "../hardware/curve-plans";
import type { AdapterCurve } from "../hardware/rdma-translation-cache";
import type { InOf, Without } from "../schema/field";

/** Columns of equal length, with the plan that computed them. */
export class PlannedCurve<P extends object, C extends object> {
  /** Everything needed to compute it again. */
  readonly plan: P;
  /** One row per page size and size of area or region; page size varies slowest. */
  readonly columns: C;

  /** Use {@link curves}. */
  constructor(plan: P, columns: C) {
    this.plan = plan;
    this.columns = columns;
    Object.freeze(this);
  }

  /**
   * A column as curves for `chart.byteCurves`: one per page size, over the size of area or region.
   * @param named name of a curve, given its page size as text; default `pages of 2 MiB`
   * @param scaled converts each value, such as operations into millions; default unchanged
   * @throws InputError for a column without numbers, or a curve without sizes
   */
  series(
    column: keyof C & string,
    named: (page: string) => string = (page) => `pages of ${page}`,
    scaled: (value: number) => number = (value) => value,
  ): ByteCurve[] {
    const all = this.columns as unknown as Record<string, unknown[]>;
    const over = all.areaBytes ?? all.regionBytes;
    const pages = all.pageBytes as number[] | undefined;
    if (over === undefined || pages === undefined)
      throw new InputError("curve: has no page sizes and areas to draw it over: use its columns");
    const values = all[column];
    if (values === undefined) throw unknownName("column", column, Object.keys(all));
    if (typeof values[0] !== "number") throw new InputError(`curve: column ${column} must hold numbers`);
    return [...new Set(pages)].map((page) => {
      const rows = pages.flatMap((of, i) => (of === page ? [i] : []));
      return {
        name: named(formatSize(page)),
        bytes: rows.map((i) => over[i] as number),
        values: rows.map((i) => scaled(values[i] as number)),
      };
    });
  }

  /** The columns, plain JSON. */
  toJSON(): C {
    return this.columns;
  }
}

export type PlannedTlbCurve = PlannedCurve<TlbCurvePlan, TlbCurve>;
export type PlannedAdapterCurve = PlannedCurve<AdapterCurvePlan, AdapterCurve>;
export type PlannedLockedRegionCurve = PlannedCurve<LockedRegionPlan, LockedRegionCurve>;

/** Options of a TLB curve: sizes as "2 MiB" or bytes. */
export type TlbCurveOptions = Without<InOf<typeof TLB_CURVE_FIELDS>, "kind">;
/** Options of an adapter curve. */
export type AdapterCurveOptions = Without<InOf<typeof ADAPTER_CURVE_FIELDS>, "kind">;

/**
 * Curves with their plans.
 * @throws InputError for unknown names, and for sizes outside the limits of the models
 * @example
 * ```ts
 * import { curves } from "pageblock";
 *
 * const curve = curves.tlb({
 *   cpu: "haswell",
 *   pages: ["4KiB", "2MiB"],
 *   areas: ["1MiB", "1GiB"],
 *   pattern: "uniform",
 *   accesses: 1000,
 * });
 * curve.series("walkRate").map((one) => one.name); // => ["pages of 4 KiB", "pages of 2 MiB"]
 * ```
 */
export const curves = Object.freeze({
  /** The TLBs of a core, by page size and area: misses and walks per access, modelled nanoseconds. */
  tlb(options: TlbCurveOptions): PlannedTlbCurve {
    const plan = parseTlbCurve(options);
    return new PlannedCurve(plan, runTlbCurve(plan));
  },

  /** An RDMA adapter, by page size and region: translation entries, hit rate, modelled throughput. */
  adapter(options: AdapterCurveOptions): PlannedAdapterCurve {
    const plan = parseAdapterCurve(options);
    return new PlannedCurve(plan, runAdapterCurve(plan));
  },

  /** The regions that pseudo-locking makes on a processor: one row per number of bits in the mask. */
  lockedRegion(cache: LockableCacheName): PlannedLockedRegionCurve {
    const plan = parseLockedRegion({ cache });
    return new PlannedCurve(plan, runLockedRegionCurve(plan));
  },
});
