/** The per-CPU lists of a booted machine, as /proc/zoneinfo shows them, without starting its allocator. */
import { kernelSwitches } from "../hardware/kernel-release";
import { mostOfCpu } from "../mm/boot/pageset-size";
import type { KernelSwitches } from "../mm/state/profile";
import { normalThreshold } from "../mm/state/vmstat";
import type { BootResult } from "./boot-result";

/** The lists that each CPU has of a zone. Counts of pages. */
export interface PerCpuLists {
  /** Pages that they may hold. */
  high: number;
  /** Pages moved to or from the buddy lists at once. */
  batch: number;
  /** The range in which `high` is tuned; both are `high` on releases before 6.7. */
  highMin: number;
  highMax: number;
  /** Pages that a CPU counts by itself before it adds them to the zone's counters. */
  statThreshold: number;
}

/** Of each zone, in the order of `result.zones`. A change of the kernel that sizes the lists is not asked. */
export function perCpuLists(result: BootResult, switches: Partial<KernelSwitches> = {}): PerCpuLists[] {
  const { zones, bootReserves = zones, cpus, pageSize, kernel } = result;
  const tuned = switches.pcpAutoTune ?? kernelSwitches(kernel).pcpAutoTune;
  return zones.map((z, i) => {
    const { batch, high, highMax } = z.pageset;
    const unwritten = tuned ? mostOfCpu(z.managedAtBoot, z.cpus, batch) : high;
    return {
      high: tuned ? bootReserves[i]!.pageset.high : high,
      batch,
      highMin: high,
      highMax: highMax ?? unwritten,
      statThreshold: normalThreshold(z.managedAtBoot * pageSize, cpus),
    };
  });
}
