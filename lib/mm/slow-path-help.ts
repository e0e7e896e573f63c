/** What a blocked request may ask of the machine; a machine without reclaim and compaction answers none. */
export interface SlowPathHelp {
  /** wake_all_kswapds(). */
  wakeKswapd(order: number, gfp: number, highestZoneidx: number): void;
  /** __alloc_pages_direct_compact(): a captured frame, −1 for "compacted, look again", −2 for "did nothing". */
  directCompact(order: number, gfp: number, allocFlags: number, priority: number): number;
  /** __perform_reclaim(): pages freed. */
  directReclaim(order: number, gfp: number): number;
}
