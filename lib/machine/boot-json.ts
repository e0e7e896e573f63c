/** The part of a boot result that `pageblock boot --json` prints. */
import type { BootedCma, BootResult } from "./boot";

/** One zone: page counts and the first page frame. */
export interface BootJsonZone {
  name: string;
  startPfn: number;
  spanned: number;
  present: number;
  managed: number;
  watermarks: { min: number; low: number; high: number };
}

/** The default CMA area. `ok` and `reason` state the outcome. */
export type BootJsonCma = Omit<BootedCma, "errno" | "details">;

/** Sizes in bytes, orders in powers of two base pages, counts in pages. */
export interface BootJson {
  pageSize: number;
  pageblockOrder: number;
  pageblockBytes: number;
  largestBuddyOrder: number;
  hugePageSizes: number[];
  mobilityGrouping: boolean;
  minFreeKbytes: number;
  zones: BootJsonZone[];
  cma: BootJsonCma;
  /** Only for a release between modelled ones: what is inferred and what is not modelled. */
  kernelNotes?: string[];
}

/** Selects the documented keys, in the documented order. */
export function bootJson(result: BootResult): BootJson {
  return {
    pageSize: result.pageSize,
    pageblockOrder: result.pageblockOrder,
    pageblockBytes: result.pageblockBytes,
    largestBuddyOrder: result.largestBuddyOrder,
    hugePageSizes: [...result.hugePageSizes],
    mobilityGrouping: result.mobilityGrouping,
    minFreeKbytes: result.minFreeKbytes,
    zones: result.zones.map(({ name, startPfn, spanned, present, managed, watermarks }) => ({
      name,
      startPfn,
      spanned,
      present,
      managed,
      watermarks: { ...watermarks },
    })),
    cma: cmaOf(result.cma),
    ...(result.kernelNotes && { kernelNotes: [...result.kernelNotes] }),
  };
}

function cmaOf({ requestedBytes, reservedBytes, base, alignmentBytes, ok, reason }: BootedCma): BootJsonCma {
  return { requestedBytes, reservedBytes, base, alignmentBytes, ok, reason };
}
