/** The records of the module's ring, as lib/recorder/module/recorder.h numbers them. */

/** Kinds of records (`enum record_kind`). */
export const RING = {
  SNAPSHOT_MARK: 1,
  TIME: 2,
  ALLOC: 3,
  FREE: 4,
  FREE_BATCHED: 5,
  COMMIT: 6,
  BUDDY: 7,
  ZONE_TAKE: 8,
  DRAINED: 9,
  EXTFRAG: 10,
  BLOCK_FLAGS: 11,
  MOVE_BLOCK: 12,
  ISOLATE: 13,
  ISOLATED: 14,
  PUTBACK: 15,
  BULK_ENTER: 16,
  BULK_PAGE: 17,
  BULK_EXIT: 18,
  TRYLOCK: 19,
  SEARCH: 20,
  SLOWPATH: 21,
  DRAIN_ZONE: 22,
  FOLD: 23,
  REFRESH: 24,
  RECLAIM_ACTIVE: 25,
  WATCH: 26,
  SPLIT: 27,
  EVENT: 28,
  BLOB: 29,
  COMPACTION_FREE: 30,
  DECAY: 31,
  RANGE: 32,
  RANGE_END: 33,
  SOURCE: 34,
  UNMAPPED: 35,
  MOVED: 36,
  ROTATE: 37,
} as const;

/** The last kind there is. */
export const RING_KINDS = 37;

/** Values that the module watches (`enum watched`). */
export const WATCHED = { BOOST: 0, HIGHATOMIC: 1, THRESHOLD: 2, FLAGS: 3 } as const;

/** ZONE_RECLAIM_ACTIVE of the zone's flags. */
export const FLAG_RECLAIM_ACTIVE = 2;

/** Number of an event (`enum event`) → its name in a trace, and the names of its arguments. */
export const EVENTS: Readonly<Record<number, readonly [name: string, ...fields: string[]]>> = {
  1: ["balance_pgdat", "order", "highest_zoneidx"],
  2: ["balance_pgdat_end", "order"],
  3: ["unreserve_highatomic", "force"],
  4: ["unreserve_highatomic_end", "ret"],
  5: ["mm_compaction_begin", "zone_start", "migrate_pfn", "free_pfn", "zone_end", "sync"],
  6: ["mm_compaction_end", "zone_start", "migrate_pfn", "free_pfn", "zone_end", "sync", "status"],
  7: ["mm_compaction_finished", "nid", "idx", "order", "ret"],
  8: ["mm_compaction_suitable", "nid", "idx", "order", "ret"],
  9: ["mm_compaction_isolate_migratepages", "start_pfn", "end_pfn", "nr_scanned", "nr_taken"],
  10: ["mm_compaction_isolate_freepages", "start_pfn", "end_pfn", "nr_scanned", "nr_taken"],
  11: ["mm_compaction_migratepages", "nr_migrated", "nr_failed"],
  12: ["mm_compaction_try_to_compact_pages", "order", "gfp_mask", "prio"],
  13: ["mm_compaction_deferred", "nid", "idx", "order", "considered", "defer_shift", "order_failed"],
  14: ["mm_compaction_defer_compaction", "nid", "idx", "order", "considered", "defer_shift", "order_failed"],
  15: ["mm_compaction_defer_reset", "nid", "idx", "order", "considered", "defer_shift", "order_failed"],
  16: ["mm_compaction_kcompactd_sleep", "nid"],
  17: ["mm_compaction_kcompactd_wake", "nid", "order", "highest_zoneidx"],
  18: ["mm_compaction_wakeup_kcompactd", "nid", "order", "highest_zoneidx"],
  19: ["mm_vmscan_kswapd_sleep", "nid"],
  20: ["mm_vmscan_kswapd_wake", "nid", "order", "zid"],
  21: ["mm_vmscan_wakeup_kswapd", "nid", "order", "zid", "gfp_flags"],
  22: ["mm_vmscan_direct_reclaim_begin", "order", "gfp_flags"],
  23: ["mm_vmscan_direct_reclaim_end", "nr_reclaimed"],
  24: ["drain_all_pages", "zone"],
  27: ["cma_alloc_start", "count", "align"],
  28: ["cma_alloc_finish", "ok", "pfn", "count"],
  29: ["cma_alloc_busy_retry", "pfn", "count"],
  30: ["cma_release", "pfn", "count"],
  31: ["test_pages_isolated", "start", "end", "fin"],
};
