/** From a machine booted on paper to a running allocator. */
import { findBoard } from "../hardware/boards";
import { CmaArea } from "../mm/contiguous/cma-area";
import { PageAllocator } from "../mm/page-allocator";
import type { KernelSwitches } from "../mm/state/profile";
import type { BootResult } from "./boot";
import { stateHasCma } from "./boot-state";
import { ZONE_INDEX } from "./zones";

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
  const board = findBoard(result.board);
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
    cma:
      result.state !== undefined
        ? stateHasCma(result.state)
        : board.build.cma || cma.reservedBytes > 0 || result.cmaActive.length > 0,
    thp: result.thp,
    mobilityDisabled: !result.mobilityGrouping,
    dma32: result.architecture !== "ppc64",
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

/** The usable areas of a started machine, the default one first (named "cma0"), without those of hugetlb. */
export function startedCmaAreas(result: BootResult): CmaArea[] {
  const { pageSize } = result;
  const place = (r: { base: number; bytes: number }) => ({
    basePfn: r.base / pageSize,
    count: r.bytes / pageSize,
  });
  const { base, reservedBytes } = result.cma;
  const isActive = result.cmaActive.some((r) => r.base === base);
  return [
    ...(base !== null && isActive ? [new CmaArea("cma0", [place({ base, bytes: reservedBytes })])] : []),
    ...result.cmaAreas
      .filter((a) => a.activated)
      .map((a) => new CmaArea(a.name, a.ranges.map(place), a.orderPerBit)),
  ];
}
