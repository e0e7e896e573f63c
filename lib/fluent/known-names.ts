/** Names and parameters of workloads and strategies, for completion in a cell. Made by test/support/fluent-names.ts; do not edit. */
// biome-ignore-all format: made by a program

/** Parameters of every workload, by its kind. */
export interface WorkloadParameters {
  /** kernel build. Compilers run side by side, fault in anonymous memory, read sources into the page cache and write objects. FACTS 9: bursts of movable order-0 pages, page tables and 16 KiB kernel stacks unmovable; sizes are modelling choices. */
  kernelBuild: {
    /** how long it lasts; "endless": until stopped; time; default "20 minutes" */
    duration?: string;
    /** compilers at a time; compilers; default 8 */
    jobs?: number;
    /** mean time of one compilation; ms; default 2000 */
    compileMs?: number;
    /** mean anonymous memory of a compiler; size; default "40MiB" */
    rss?: string;
    /** sources and headers read for a compilation; size; default "2MiB" */
    sources?: string;
    /** objects written by a compilation; size; default "256KiB" */
    objects?: string;
  };
}

/** Parameters of every strategy, by its name in camel case. */
export interface StrategyParameters {
  /** no CMA (buddy allocator only). alloc_pages() with as large an order as the request needs, trying hard (__GFP_RETRY_MAYFAIL). Nothing is reserved, nothing is promised: the answer hangs on what is free, and ends at the largest buddy order. To configure: nothing. */
  buddy: Record<never, never>;
  /** CMA area. An area reserved at boot whose page blocks ordinary movable memory may use until a driver asks; then its contents are moved out of the way. Needs page blocks, reclaim and compaction's migration to work. To configure: cma= on the kernel command line, or a reserved-memory node; CONFIG_CMA. */
  cma: {
    /** default "auto" */
    area?: string;
    /** default "native" */
    pageSize?: string;
  };
}
