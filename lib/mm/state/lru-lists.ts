import type { Zone } from "./zone";

/** One pass of reclaim over the lists, in pages. */
export interface ShrinkResult {
  scanned: number;
  reclaimed: number;
}

/** What the allocator needs from a node's LRU lists. */
export interface LruLists {
  /** A page in use was freed, isolated or pinned long-term: it leaves its list, if it is on one. */
  remove(pfn: number): void;
  /** A page was migrated. */
  move(fromPfn: number, toPfn: number): void;
  /** zone_reclaimable_pages(). */
  reclaimable(zone: Zone): number;
  /**
   * shrink_node(): scans (list length >> priority) pages of the zones and stops once `goal` pages are reclaimed.
   * `cleanOnly`: neither writes nor swaps, as in reclaim for a watermark boost.
   */
  shrink(zones: readonly Zone[], priority: number, goal: number, cleanOnly?: boolean): ShrinkResult;
}
