import type { AllocContext } from "./alloc-context";
import type { Zone } from "./zone";

/** The help a blocked request can call on; a machine without reclaim and compaction has none. */
export interface SlowPathHelp {
  /** COMPACT_ result of the last directCompact(). */
  compactResult: number;
  /** Whether the machine has compaction. */
  canCompact: boolean;
  /** wake_all_kswapds(): for the nodes in the request's zone list. */
  wakeKswapd(order: number, gfp: number, highestZoneidx: number, zonelist: readonly Zone[]): void;
  /** try_to_compact_pages(): a captured frame or −1; sets `compactResult`. `priority` is a COMPACT_PRIO_ number. */
  directCompact(ac: AllocContext, priority: number): number;
  /**
   * End of __alloc_pages_direct_compact(): an allocation after compaction got a page from `zone`, or failed (null).
   */
  compacted(zone: Zone | null, order: number): void;
  /** __perform_reclaim(): the progress it reports, in pages. */
  directReclaim(order: number, gfp: number, zonelist: readonly Zone[]): number;
  /** zone_reclaimable_pages(). */
  reclaimablePages(zone: Zone): number;
}
