/**
 * CONFIG_DEFERRED_STRUCT_PAGE_INIT: the boot initialises only the beginning of a node's last zone, and the rest when all CPUs
 * are up (page_alloc_init_late()). Until then the zone manages fewer pages. That more are initialised early if these run out
 * is left out (deferred_grow_zone()).
 */
import { roundUp } from "../base/alignment";
import type { Architecture } from "../hardware/page-geometry";
import type { PageRange } from "./zones";

/** Architectures whose kernels are modelled with it: Debian's for x86-64 have it, and so the recorded ones. */
const DEFERS: ReadonlySet<Architecture> = new Set(["x86-64"]);

/**
 * defer_init(): the first frame that is left for later, at the start of a memory section behind as many frames as one
 * holds; Infinity if none is. `present`: the frames of the zone, ascending. `isLast`: no zone of the node ends behind it.
 */
export function firstDeferredPfn(
  architecture: Architecture,
  sectionPages: number,
  zone: { present: readonly PageRange[]; isLast: boolean },
): number {
  if (!DEFERS.has(architecture) || !zone.isLast) return Number.POSITIVE_INFINITY;
  let before = 0;
  for (const { startPfn, pages } of zone.present) {
    const pfn = roundUp(startPfn + Math.max(0, sectionPages - before), sectionPages);
    if (pfn < startPfn + pages) return pfn;
    before += pages;
  }
  return Number.POSITIVE_INFINITY;
}

/** The pages of the ranges that lie below `limit`. */
export function pagesBelow(ranges: readonly PageRange[], limit: number): number {
  return ranges.reduce((sum, r) => sum + Math.max(0, Math.min(r.pages, limit - r.startPfn)), 0);
}
