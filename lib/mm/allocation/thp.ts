/**
 * Transparent huge pages: how hard a page fault tries in each defrag mode, and khugepaged, which later merges the
 * single pages of an area into one huge page. Model of mm/huge_memory.c and alloc_pages_vma(), 6.1. The caller
 * decides khugepaged's timing (pages to scan, sleep).
 */
import { InputError, unknownName } from "../../base/errors";
import {
  __GFP_COMP,
  __GFP_DIRECT_RECLAIM,
  __GFP_KSWAPD_RECLAIM,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_NOWARN,
  __GFP_RECLAIM,
  __GFP_THISNODE,
  GFP_HIGHUSER_MOVABLE,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { allocPages, freePages } from "./page-alloc";

/** Does not wait at all. */
export const GFP_TRANSHUGE_LIGHT =
  (GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM;
/** May reclaim and compact. */
export const GFP_TRANSHUGE = GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM;

/** /sys/kernel/mm/transparent_hugepage/defrag. */
export const THP_DEFRAG_MODES = ["always", "defer", "defer+madvise", "madvise", "never"] as const;
export type ThpDefrag = (typeof THP_DEFRAG_MODES)[number];

/**
 * vma_thp_gfp_mask(): the request flags of a huge page fault; `madvised`: the area requested huge pages.
 * @example
 * ```ts
 * import { thpGfp } from "pageblock";
 *
 * // With `defer`, a fault never waits, whether or not its area requested huge pages.
 * thpGfp("defer", true) === thpGfp("defer", false); // => true
 * ```
 */
export function thpGfp(mode: ThpDefrag, madvised: boolean): number {
  switch (mode) {
    case "always":
      return GFP_TRANSHUGE | (madvised ? 0 : __GFP_NORETRY);
    case "defer":
      return GFP_TRANSHUGE_LIGHT | __GFP_KSWAPD_RECLAIM;
    case "defer+madvise":
      return GFP_TRANSHUGE_LIGHT | (madvised ? __GFP_DIRECT_RECLAIM : __GFP_KSWAPD_RECLAIM);
    case "madvise":
      return GFP_TRANSHUGE_LIGHT | (madvised ? __GFP_DIRECT_RECLAIM : 0);
    case "never":
      return GFP_TRANSHUGE_LIGHT;
    default:
      throw unknownName("THP defrag mode", String(mode), [...THP_DEFRAG_MODES]);
  }
}

/**
 * alloc_pages_vma() of a huge page: first the local node without retries; then, if the fault may wait, any node and
 * with more effort. Returns the first frame, or −1: the fault then takes single pages.
 * @example
 * ```ts
 * import { allocThp, machine } from "pageblock";
 *
 * const { memory } = machine("pc-x86-64").memory("1GiB").start();
 * allocThp(memory, "madvise", true) % 512; // => 0
 * ```
 */
export function allocThp(m: Memory, mode: ThpDefrag, madvised: boolean): number {
  const gfp = thpGfp(mode, madvised);
  const near = allocPages(m, gfp | __GFP_THISNODE | __GFP_NORETRY, m.thpOrder);
  if (near >= 0 || (gfp & __GFP_DIRECT_RECLAIM) === 0) return near;
  return allocPages(m, gfp, m.thpOrder);
}

/**
 * collapse_huge_page(): replaces the single pages of one area with a huge page and frees them. `frames`: the pages
 * present, at most as many as a huge page holds. `defrag`: khugepaged may wait. Returns the first frame, or −1:
 * nothing has changed.
 * @example
 * ```ts
 * import { collapseHugePage, machine } from "pageblock";
 *
 * const kernel = machine("pc-x86-64").memory("1GiB").start();
 * const frames = [...kernel.allocPagesBulk(64, "GFP_HIGHUSER_MOVABLE")];
 * collapseHugePage(kernel.memory, frames) % 512; // => 0
 * ```
 */
export function collapseHugePage(m: Memory, frames: readonly number[], defrag = true): number {
  if (frames.length > m.pageblockPages)
    throw new InputError(`collapse: a huge page holds ${m.pageblockPages} frames: got ${frames.length}`);
  const gfp = (defrag ? GFP_TRANSHUGE : GFP_TRANSHUGE_LIGHT) | __GFP_THISNODE;
  const pfn = allocPages(m, gfp, m.thpOrder);
  if (pfn < 0) return -1;
  for (const frame of frames) freePages(m, frame, 0);
  return pfn;
}
