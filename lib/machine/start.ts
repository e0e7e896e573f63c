/** From a machine booted on paper to a running allocator. */
import { log2 } from "../base/elementary";
import { installChange } from "../change/install";
import { setReserves } from "../mm/boot/boot-memory";
import { CmaArea } from "../mm/contiguous/cma-area";
import { setPcpSizes } from "../mm/decisions/per-cpu";
import { PageAllocator } from "../mm/page-allocator";
import type { Memory } from "../mm/state/memory";
import type { KernelSwitches } from "../mm/state/profile";
import type { BootResult } from "./boot";
import { stateHasCma } from "./boot-state";
import { earlyReserves } from "./zone-reserves";
import { ZONE_INDEX } from "./zones";

/** Architectures with a ZONE_DMA32. */
const WITH_DMA32: ReadonlySet<string> = new Set(["arm64", "x86-64", "riscv64"]);

/** HPAGE_PMD_ORDER, or the page block order if no buddy page is as large (4.17 with huge pages off there). */
function thpOrder({ pageSize, largestBuddyOrder, pageblockOrder }: BootResult): number {
  const pmd = log2(pageSize / 8);
  return pmd <= largestBuddyOrder ? Math.max(pmd, pageblockOrder) : pageblockOrder;
}

/** The reserve of a zone by highest zone number, as the kernel indexes it; zones that are not there have the next lower one's. */
function reserveByIndex({ zones }: BootResult, at: number, lowmemReserve: readonly number[]): number[] {
  const node = zones.filter((z) => z.nid === zones[at]!.nid);
  let last = 0;
  return Array.from({ length: 5 }, (_, idx) => {
    const found = node.findIndex((z) => ZONE_INDEX[z.name] === idx);
    if (found >= 0) last = lowmemReserve[found] ?? 0;
    return last;
  });
}

/** Starts the allocator and writes the sysctls of the machine. Later allocations by the booting kernel are not included. */
export function startAllocator(result: BootResult, switches: Partial<KernelSwitches> = {}): PageAllocator {
  const allocator = startKernel(result, switches);
  if (result.change !== undefined) installChange(allocator.memory, result.change);
  writeSysctls(allocator.memory, result);
  return allocator;
}

/**
 * Writes the machine's sysctls but those of huge pages: setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
 * zone_set_pageset_high_and_batch(). Pages on per-CPU lists stay there until the next free finds the list too long.
 */
export function writeSysctls(m: Memory, result: BootResult): void {
  const { sysctls = {}, bootReserves } = result;
  m.watermarkBoostFactor = sysctls.watermarkBoostFactor ?? m.watermarkBoostFactor;
  m.extfragThreshold = sysctls.extfragThreshold ?? m.extfragThreshold;
  m.compactionProactiveness = sysctls.compactionProactiveness ?? m.compactionProactiveness;
  m.sw.defragMode = sysctls.defragMode ?? m.sw.defragMode;
  if (bootReserves === undefined) return;
  result.zones.forEach((z, i) => {
    const zone = m.zones[i]!;
    setReserves(zone, {
      watermarks: z.watermarks,
      lowmemReserve: reserveByIndex(result, i, z.lowmemReserve),
    });
    const { batch, high, highMax } = z.pageset;
    if (highMax === undefined) return;
    for (const pcp of zone.pcps) {
      pcp.batch = batch;
      pcp.highMin = high;
      pcp.highMax = highMax;
      if (!m.autoTune) pcp.high = high;
    }
  });
  setPcpSizes(m);
}

/** Starts the allocator in the state after memblock_free_all() and the activation of the CMA area, before any sysctl is written. */
export function startKernel(result: BootResult, switches: Partial<KernelSwitches> = {}): PageAllocator {
  const { pageSize, cma } = result;
  const frames = (base: number, bytes: number) => ({ startPfn: base / pageSize, pages: bytes / pageSize });
  const { bootReserves = result.zones } = result;
  const early = earlyReserves(result.zones, result.kernel, pageSize).watermarks;
  return PageAllocator.boot({
    release: result.kernel,
    switches,
    pageSize,
    maxOrder: result.largestBuddyOrder,
    pageblockOrder: result.pageblockOrder,
    ...(result.thp && { thpOrder: thpOrder(result) }),
    cma:
      result.state !== undefined
        ? stateHasCma(result.state)
        : result.cmaBuilt || cma.reservedBytes > 0 || result.cmaActive.length > 0,
    thp: result.thp,
    mobilityDisabled: !result.mobilityGrouping,
    dma32: WITH_DMA32.has(result.architecture),
    cpus: result.cpus,
    zones: result.zones.map((z, i) => ({
      idx: ZONE_INDEX[z.name]!,
      name: z.name,
      nid: z.nid,
      startPfn: z.startPfn,
      spanned: z.spanned,
      present: z.present,
      managed: z.managedAtBoot,
      onlinePages: z.onlinePages,
      cpus: z.cpus,
      watermarks: bootReserves[i]!.watermarks,
      earlyWatermarks: early[i]!,
      lowmemReserve: reserveByIndex(result, i, bootReserves[i]!.lowmemReserve),
      pageset: bootReserves[i]!.pageset,
      freeRanges: z.freeRanges,
      ...(z.pieces && { pieces: z.pieces }),
    })),
    earlierCma: result.cmaActive.map((r) => frames(r.base, r.bytes)),
    uselessCma: result.cmaUseless.map((r) => frames(r.base, r.bytes)),
    ram: result.memory.map((r) => ({
      startPfn: Math.floor(r.start / pageSize),
      pages: Math.floor(r.bytes / pageSize),
    })),
  });
}

/**
 * The usable areas of a started machine, the default one first, without those of hugetlb. They have the kernel's
 * names: `reserved` for the area of the command line or the configuration, `linux,cma` for that of the device tree.
 */
export function startedCmaAreas(result: BootResult): CmaArea[] {
  const { pageSize } = result;
  const place = (r: { base: number; bytes: number }) => ({
    basePfn: r.base / pageSize,
    count: r.bytes / pageSize,
  });
  const { base, reservedBytes } = result.cma;
  const isActive = result.cmaActive.some((r) => r.base === base);
  return [
    ...(base !== null && isActive
      ? [new CmaArea(result.cmaName ?? "reserved", [place({ base, bytes: reservedBytes })])]
      : []),
    ...result.cmaAreas
      .filter((a) => a.activated)
      .map((a) => new CmaArea(a.name, a.ranges.map(place), a.orderPerBit)),
  ];
}

/** The kernel's name of the area that begins at a frame; undefined where none does. */
export function areaNames({ areas, pageSize }: BootResult): (pfn: number) => string | undefined {
  const names = new Map(areas.flatMap((a) => a.ranges.map((r) => [r.base / pageSize, a.name] as const)));
  return (pfn) => names.get(pfn);
}
