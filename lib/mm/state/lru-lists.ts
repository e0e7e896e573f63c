import type { Zone } from "./zone";

/** One pass of reclaim over the lists, in pages. */
export interface ShrinkResult {
  scanned: number;
  reclaimed: number;
}

/** What the allocator needs of a node's LRU lists. */
export interface LruLists {
  /** A page in use is freed, isolated or pinned for good: it leaves its list, if it is on one. */
  remove(pfn: number): void;
  /** A page was migrated. */
  move(fromPfn: number, toPfn: number): void;
  /** zone_reclaimable_pages(). */
  reclaimable(zone: Zone): number;
  /**
   * shrink_node(): looks at list length >> priority pages of the zones and stops after `goal` reclaimed. `cleanOnly`: neither
   * writes nor swaps, as reclaim for a watermark boost.
   */
  shrink(zones: readonly Zone[], priority: number, goal: number, cleanOnly?: boolean): ShrinkResult;
}
