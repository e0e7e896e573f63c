/** The part of a boot result that `pageblock boot --json` prints. */
import type { KernelSwitches } from "../mm/state/profile";
import type { BootedArea, BootedCma, BootResult } from "./boot";
import { type PerCpuLists, perCpuLists } from "./per-cpu-lists";

/** One zone: page counts and the first page frame. */
export interface BootJsonZone {
  name: string;
  startPfn: number;
  spanned: number;
  present: number;
  managed: number;
  watermarks: { min: number; low: number; high: number };
  /** The lists that each CPU has of it. */
  perCpu: PerCpuLists;
}

/** The default CMA area. `ok` and `reason` state the outcome. */
export type BootJsonCma = Omit<BootedCma, "errno" | "details">;

/** Sizes in bytes, orders in powers of two base pages, counts in pages. */
export interface BootJson {
  /** Processors; each has lists of every zone. */
  cpus: number;
  pageSize: number;
  pageblockOrder: number;
  pageblockBytes: number;
  largestBuddyOrder: number;
  hugePageSizes: number[];
  mobilityGrouping: boolean;
  minFreeKbytes: number;
  zones: BootJsonZone[];
  cma: BootJsonCma;
  /** Every CMA area that was asked for, by the kernel's name, also those that it could not reserve. */
  areas: BootedArea[];
  /** What a driver may stumble over, in words. */
  warnings: string[];
  /** The kernel's own messages about reserved memory, CMA and huge pages. */
  messages: string[];
  /** Only for a release between modelled ones: what is inferred and what is not modelled. */
  kernelNotes?: string[];
  /** Only for a machine with a change of the kernel: which. */
  change?: { name: string; sha256: string };
}

/** Selects the documented keys, in the documented order. `switches`: those of the kernel that are flipped. */
export function bootJson(result: BootResult, switches: Partial<KernelSwitches> = {}): BootJson {
  const lists = perCpuLists(result, switches);
  return {
    cpus: result.cpus,
    pageSize: result.pageSize,
    pageblockOrder: result.pageblockOrder,
    pageblockBytes: result.pageblockBytes,
    largestBuddyOrder: result.largestBuddyOrder,
    hugePageSizes: [...result.hugePageSizes],
    mobilityGrouping: result.mobilityGrouping,
    minFreeKbytes: result.minFreeKbytes,
    zones: result.zones.map(({ name, startPfn, spanned, present, managed, watermarks }, i) => ({
      name,
      startPfn,
      spanned,
      present,
      managed,
      watermarks: { ...watermarks },
      perCpu: lists[i]!,
    })),
    cma: cmaOf(result.cma),
    areas: result.areas.map((area) => ({ ...area })),
    warnings: [...result.warnings],
    messages: [...result.messages],
    ...(result.kernelNotes && { kernelNotes: [...result.kernelNotes] }),
    ...(result.change && { change: { name: result.change.name, sha256: result.change.sha256 } }),
  };
}

function cmaOf({ requestedBytes, reservedBytes, base, alignmentBytes, ok, reason }: BootedCma): BootJsonCma {
  return { requestedBytes, reservedBytes, base, alignmentBytes, ok, reason };
}
