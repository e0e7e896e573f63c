import type { AllocContext } from "./alloc-context";
import type { Zone } from "./zone";

/** What a blocked request may ask of the machine; a machine without reclaim and compaction has none. */
export interface SlowPathHelp {
  /** COMPACT_ result of the last directCompact(). */
  compactResult: number;
  /** Whether there is compaction at all. */
  canCompact: boolean;
  /** wake_all_kswapds(): of the nodes in the request's zone list. */
  wakeKswapd(order: number, gfp: number, highestZoneidx: number, zonelist: readonly Zone[]): void;
  /** try_to_compact_pages(): a captured frame or −1; sets `compactResult`. `priority` is a COMPACT_PRIO_ number. */
  directCompact(ac: AllocContext, priority: number): number;
  /** __alloc_pages_direct_compact(), its end: an allocation after compaction got a page of `zone`, or failed (null). */
  compacted(zone: Zone | null, order: number): void;
  /** __perform_reclaim(): what it calls progress, in pages. */
  directReclaim(order: number, gfp: number, zonelist: readonly Zone[]): number;
  /** zone_reclaimable_pages(). */
  reclaimablePages(zone: Zone): number;
}
