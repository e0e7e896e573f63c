/** From a machine booted on paper to a running allocator. */
import { CmaArea } from "../mm/contiguous/cma-area";
import { PageAllocator } from "../mm/page-allocator";
import { ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL } from "../mm/state/gfp";
import type { KernelSwitches } from "../mm/state/profile";
import type { BootResult } from "./boot";

const ZONE_INDEX: Readonly<Record<string, number>> = {
  DMA: ZONE_DMA,
  DMA32: ZONE_DMA32,
  Normal: ZONE_NORMAL,
  // High memory takes movable requests only; the kernel also puts other GFP_HIGHUSER pages there.
  HighMem: ZONE_MOVABLE,
  Movable: ZONE_MOVABLE,
};

/** Architectures with a ZONE_DMA32. */
const WITH_DMA32: ReadonlySet<string> = new Set(["arm64", "x86-64", "riscv64"]);

/** HPAGE_PMD_ORDER, or the page block order if no buddy page is as large (4.17 with huge pages off there). */
function thpOrder({ pageSize, largestBuddyOrder, pageblockOrder }: BootResult): number {
  const pmd = Math.log2(pageSize / 8);
  return pmd <= largestBuddyOrder ? Math.max(pmd, pageblockOrder) : pageblockOrder;
}

/**
 * Starts the allocator in the state after memblock_free_all() and the activation of the CMA area. Later allocations
 * by the booting kernel are not included. `lowmemReserve` is indexed by zone number, as in the kernel.
 */
export function startAllocator(result: BootResult, switches: Partial<KernelSwitches> = {}): PageAllocator {
  const { pageSize, cma } = result;
  const frames = (base: number, bytes: number) => ({ startPfn: base / pageSize, pages: bytes / pageSize });
  const reserveOf = (zone: number) => {
    const reserve = [0, 0, 0, 0, 0];
    const node = result.zones.filter((z) => z.nid === result.zones[zone]!.nid);
    let last = 0;
    for (let idx = 0; idx < reserve.length; idx++) {
      const at = node.findIndex((z) => ZONE_INDEX[z.name] === idx);
      if (at >= 0) last = result.zones[zone]!.lowmemReserve[at] ?? 0;
      reserve[idx] = last;
    }
    return reserve;
  };
  return PageAllocator.boot({
    release: result.kernel,
    switches,
    pageSize,
    maxOrder: result.largestBuddyOrder,
    pageblockOrder: result.pageblockOrder,
    ...(result.thp && { thpOrder: thpOrder(result) }),
    cma: result.cmaBuilt || cma.reservedBytes > 0 || result.cmaActive.length > 0,
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
      watermarks: z.watermarks,
      lowmemReserve: reserveOf(i),
      pageset: z.pageset,
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
