/** Taking a free page off the lists for a scanner or a contiguous request. */
import { accountFreePages, delPageFromFreeList } from "./free-area";
import { ALLOCATED, type Memory, MOVABLE_PAGE } from "./memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE, migratetypeIsMergeable } from "./migratetype";
import type { Zone } from "./zone";

/**
 * __isolate_free_page(), after its watermark check: the page leaves its list; blocks of which at least half is taken
 * become MOVABLE. Its frames count as movable from now on, as compaction fills them with migrated pages.
 */
export function isolateFreePage(m: Memory, zone: Zone, pfn: number, order: number): void {
  const mt = m.blockType(pfn);
  delPageFromFreeList(m, zone, pfn, order);
  if (mt !== MIGRATE_ISOLATE) accountFreePages(zone, -(2 ** order), mt);
  if (order >= m.pageblockOrder - 1) {
    for (let p = pfn; p < pfn + 2 ** order; p += m.pageblockPages) {
      if (!migratetypeIsMergeable(m.blockType(p)) || m.blockType(p) === MIGRATE_MOVABLE) continue;
      m.setBlockType(p, MIGRATE_MOVABLE);
      m.trace?.blockType?.(p, MIGRATE_MOVABLE);
    }
  }
  m.state.fill(ALLOCATED, pfn, pfn + 2 ** order);
  m.info.fill(MOVABLE_PAGE, pfn, pfn + 2 ** order);
}
