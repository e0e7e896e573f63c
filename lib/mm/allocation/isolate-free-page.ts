/** Takes a free page off the lists for a scanner or a contiguous request. */
import { accountFreePages, delPageFromFreeList } from "../state/free-area";
import { ALLOC_CMA } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE, migratetypeIsMergeable } from "../state/migratetype";
import { ALLOCATED, IN_USE_MOVABLE } from "../state/page-state";
import { WMARK_MIN, type Zone } from "../state/zone";
import { moveScannedBlock, scanBlock } from "./move-freepages";
import { zoneWatermarkOk } from "./zone-watermark";

/**
 * __isolate_free_page(), after its watermark check: the page leaves its list. If it covers at least half of a block,
 * the block becomes MOVABLE. Its frames count as movable from now on, as compaction fills them with migrated pages.
 */
export function isolateFreePage(m: Memory, zone: Zone, pfn: number, order: number): void {
  const mt = m.blockType(pfn);
  delPageFromFreeList(m, zone, pfn, order);
  if (mt !== MIGRATE_ISOLATE) accountFreePages(zone, -(1 << order), mt);
  if (order >= m.pageblockOrder - 1) {
    for (let p = pfn; p < pfn + (1 << order); p += m.pageblockPages) {
      const old = m.blockType(p);
      if (!migratetypeIsMergeable(old)) continue;
      if (m.sw.freelistHygiene) {
        // move_freepages_block() since 6.10: the rest of the block's free pages move too, if only to the end of their lists.
        if (!scanBlock(m, zone, p)) continue;
        moveScannedBlock(m, zone, MIGRATE_MOVABLE, old);
        m.trace?.moveBlock?.(m.blockScan.startPfn, MIGRATE_MOVABLE, old);
      }
      if (old === MIGRATE_MOVABLE) continue;
      m.setBlockType(p, MIGRATE_MOVABLE);
      m.trace?.blockType?.(p, MIGRATE_MOVABLE);
    }
  }
  m.state.fill(ALLOCATED | IN_USE_MOVABLE, pfn, pfn + (1 << order));
}

/** __isolate_free_page(): refused if the zone would fall below its min watermark. */
export function isolateFreePageChecked(m: Memory, zone: Zone, pfn: number, order: number): boolean {
  if (m.blockType(pfn) !== MIGRATE_ISOLATE) {
    const mark = zone.wmark[WMARK_MIN]! + (1 << order);
    const free = zone.nrFreePages < 0 ? 0 : zone.nrFreePages;
    if (!zoneWatermarkOk(m, zone, 0, mark, 0, ALLOC_CMA, free)) return false;
  }
  isolateFreePage(m, zone, pfn, order);
  return true;
}
