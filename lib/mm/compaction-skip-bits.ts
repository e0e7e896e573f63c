/** Forgetting which blocks need no scan: the skip bits are cleared where a sample shows a free or a movable page. */
import { isMovableInUse } from "./compaction-migrate-scanner";
import { buddyOrder, compoundOrder } from "./isolate-freepages-block";
import { BLOCK_SKIP, type Memory } from "./memory";
import { MIGRATE_MOVABLE } from "./migratetype";
import { PAGE_ALLOC_COSTLY_ORDER } from "./per-cpu-pages";
import type { Zone } from "./zone";

/** reset_cached_positions(): the next run starts at the ends of the zone. */
export function resetCachedPositions(m: Memory, zone: Zone): void {
  const c = zone.compact;
  c.cachedMigratePfn[0] = c.cachedMigratePfn[1] = zone.startPfn;
  const last = zone.endPfn - 1;
  c.cachedFreePfn = last - (last % m.pageblockPages);
}

/** __reset_isolation_pfn(): whether the block of `pfn` may be a source (or a target) again; clears its bit. */
function resetIsolationPfn(m: Memory, zone: Zone, pfn: number, source: boolean, target: boolean): boolean {
  const start = pfn - (pfn % m.pageblockPages);
  if (m.notInZone(zone, pfn) || compoundOrder(m, start) >= m.pageblockOrder) return false;
  const i = pfn >>> m.pageblockOrder;
  if (source && target && !(m.blocks[i]! & BLOCK_SKIP)) return true;
  if (!source && target && m.blockType(pfn) !== MIGRATE_MOVABLE) return false;
  const end = Math.min(start + m.pageblockPages, zone.endPfn) - 1;
  const step = 1 << PAGE_ALLOC_COSTLY_ORDER;
  for (let p = Math.max(start, zone.startPfn); p <= end; p += step) {
    // Nothing inside a compound page counts: on to its last sample.
    const compound = compoundOrder(m, p);
    if (compound > PAGE_ALLOC_COSTLY_ORDER) {
      p += 2 ** compound - step;
      continue;
    }
    if ((source && isMovableInUse(m, p)) || (target && buddyOrder(m, p) >= 0)) {
      m.blocks[i]! &= ~BLOCK_SKIP;
      return true;
    }
  }
  return false;
}

/** __reset_isolation_suitable(): from both ends of the zone to its middle. */
export function resetIsolationSuitable(m: Memory, zone: Zone): void {
  const c = zone.compact;
  if (!c.blockskipFlush) return;
  c.blockskipFlush = false;
  let migrate = zone.startPfn;
  let free = zone.endPfn - 1;
  let firstSource = free;
  let lastTarget = migrate;
  let sourceSet = false;
  let freeSet = false;
  for (; migrate < free; migrate += m.pageblockPages, free -= m.pageblockPages) {
    if (resetIsolationPfn(m, zone, migrate, true, sourceSet) && migrate < firstSource) {
      sourceSet = true;
      firstSource = migrate;
      c.initMigratePfn = migrate;
      c.cachedMigratePfn[0] = c.cachedMigratePfn[1] = migrate;
    }
    if (resetIsolationPfn(m, zone, free, freeSet, true) && free > lastTarget) {
      freeSet = true;
      lastTarget = free;
      c.initFreePfn = free;
      c.cachedFreePfn = free;
    }
  }
  if (firstSource >= lastTarget) {
    c.cachedMigratePfn[0] = c.cachedMigratePfn[1] = migrate;
    c.cachedFreePfn = free;
  }
}
