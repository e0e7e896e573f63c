/**
 * The zones from which the kernel takes memory for a device. It starts in the zone that contains the device's mask, checks whether
 * the memory is below the mask, and continues in the next lower zone if not. Kernel 6.1, kernel/dma/direct.c: dma_direct_supported()
 * (masks refused at once), dma_direct_optimal_gfp_mask(), __dma_direct_alloc_pages(), dma_coherent_ok().
 */
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { __GFP_DMA, __GFP_DMA32, GFP_KERNEL, ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE } from "../mm/state/gfp";

/** Ends of the zones that supply drivers, in bytes. */
function endsOf({ memory: m, pageSize }: System) {
  const endOf = (idx: number) =>
    m.zones.reduce((end, z) => (z.idx === idx ? Math.max(end, z.endPfn * pageSize) : end), 0);
  const all = m.zones.reduce((e, z) => (z.idx === ZONE_MOVABLE ? e : Math.max(e, z.endPfn * pageSize)), 0);
  return { dma: endOf(ZONE_DMA), dma32: endOf(ZONE_DMA32), all };
}

/**
 * Flags of requests for a driver's memory, in the order in which they are tried; none if dma_set_mask() refuses the mask. A mask
 * below 32 bits must reach the end of the lowest zone for devices, or of all memory.
 */
export function deviceGfps(system: System, dmaBits: number): number[] {
  const reach = 2 ** dmaBits;
  const { dma, dma32, all } = endsOf(system);
  if (all <= reach) return [GFP_KERNEL];
  const lowest = dma > 0 ? dma : dma32 > 0 ? dma32 : all;
  if (dmaBits < 32 && reach < lowest) return [];
  const inDma = dma > 0 ? [GFP_KERNEL | __GFP_DMA] : [];
  const inDma32 = dma32 > 0 ? [GFP_KERNEL | __GFP_DMA32, ...inDma] : inDma;
  if (dma > 0 && reach <= dma) return inDma;
  if (dmaBits <= 32 && inDma32.length > 0) return inDma32;
  return [GFP_KERNEL, ...inDma32];
}

/** A range of frames, or −1. */
export interface Taken {
  pfn: number;
  pages: number;
}

/**
 * Takes memory for a device zone by zone: `take` returns a range for the given flags or null, `give` releases a range above the
 * mask. Returns the range, or null; `above`: ranges that were found above the mask.
 */
export function takeForDevice<T extends Taken>(
  system: System,
  dmaBits: number,
  take: (gfp: number) => T | null,
  give: (taken: T) => void,
): { got: T | null; above: Taken[] } {
  const endPfn = 2 ** dmaBits / system.pageSize;
  const above: Taken[] = [];
  for (const gfp of deviceGfps(system, dmaBits)) {
    const taken = take(gfp);
    // The flags of a zone allow those below it too, so a failure here means a failure there.
    if (taken === null) break;
    if (taken.pfn + taken.pages <= endPfn) return { got: taken, above };
    above.push({ pfn: taken.pfn, pages: taken.pages });
    give(taken);
  }
  return { got: null, above };
}

/** Why a device got nothing although some zone had memory above its mask. `why`: the answer of the last zone tried. */
export function aboveMask(
  { pageSize }: System,
  dmaBits: number,
  above: readonly Taken[],
  why: string,
): string {
  const found = above.map(({ pfn, pages }) => formatSize((pfn + pages) * pageSize));
  if (found.length === 0) return why;
  const begin = `what a zone gave ends at ${found.join(", then ")}, beyond the ${dmaBits} address bits (${formatSize(2 ** dmaBits)}) of the device, and went back`;
  return why === "" ? begin : `${begin}; ${why}`;
}
