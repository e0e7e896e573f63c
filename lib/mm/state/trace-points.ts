/**
 * mm_page_alloc_extfrag: the request, the free page of another type that was found, and whether its block changed
 * type.
 */
export interface ExtfragEvent {
  pfn: number;
  order: number;
  mt: number;
  fallbackOrder: number;
  fallbackMt: number;
  changedOwnership: boolean;
}

/** The events an observer receives: the kernel's trace points of the page allocator, in the kernel's order. */
export interface TracePoints {
  /**
   * The observer wants only what happens rarely (fallbacks), so pages still go in runs. Without it each page is taken
   * alone as long as somebody observes.
   */
  readonly sparse?: true;
  /** mm_page_alloc: a request to the PageAllocator was answered; −1 if it failed. */
  pageAlloc?(pfn: number, order: number, mt: number, gfp: number): void;
  /** mm_page_free: pages are about to be returned to the PageAllocator. */
  pageFree?(pfn: number, order: number): void;
  /** mm_page_alloc_zone_locked: a page left the buddy lists under the zone lock. */
  zoneLocked?(pfn: number, order: number, mt: number): void;
  /** mm_page_pcpu_drain: a page returned from a per-CPU list to the buddy lists (called after merging). */
  pcpuDrain?(pfn: number, order: number, mt: number): void;
  /** mm_page_alloc_extfrag: a request fell back to another type (called after the steal). */
  extfrag?(fallback: ExtfragEvent): void;
  /** The type of a page block was set. */
  blockType?(pfn: number, mt: number): void;
  /** All free pages of a block were moved to the lists of a type. */
  moveBlock?(pfn: number, newMt: number, oldMt: number): void;
  /**
   * One decision of the half rule: the counters compared; 0: rule not met, 3: CMA page taken, 1: met but no page
   * found.
   */
  halfRule?(zone: number, nrFreeCma: number, nrFree: number, out: number): void;
  /** A zone's lists of one CPU are drained completely. */
  drainZone?(zone: number, count: number, cpu: number): void;
  /** mm_compaction_isolate_migratepages, mm_compaction_isolate_freepages: part of a block was scanned. */
  isolateMigratepages?(startPfn: number, endPfn: number, scanned: number, taken: number): void;
  isolateFreepages?(startPfn: number, endPfn: number, scanned: number): void;
  /** A page of 2^order frames moved to other frames. */
  migrated?(fromPfn: number, toPfn: number, order: number): void;
  /** A scanner or a contiguous request takes a free page off its list; called before the page leaves. */
  isolateFree?(pfn: number, order: number): void;
  /** An isolated free page is about to be put back. */
  putBack?(pfn: number, order: number, mt: number): void;
  /** A free page that crosses a range boundary is about to be split. */
  splitFree?(pfn: number, order: number, offset: number): void;
}
