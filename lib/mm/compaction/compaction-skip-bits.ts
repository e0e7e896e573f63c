/**
 * Forgets which blocks need no scan: clears the skip bit of blocks in which a sample finds a free or movable page.
 */

import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE, ON_PCP, ORDER_MASK } from "../state/page-state";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";
import { isMovableInUse } from "./compaction-migrate-scanner";
import { compoundOrder } from "./isolate-freepages-block";

/** reset_cached_positions(): the next run starts at the ends of the zone. */
export function resetCachedPositions(m: Memory, zone: Zone): void {
  const c = zone.compact;
  c.cachedMigratePfn[0] = c.cachedMigratePfn[1] = zone.startPfn;
  const last = zone.endPfn - 1;
  c.cachedFreePfn = last - (last % m.pageblockPages);
}

/** __reset_isolation_pfn(): whether the block of `pfn` may be a source (or a target) again; if so, clears its bit. */
function resetIsolationPfn(m: Memory, zone: Zone, pfn: number, source: boolean, target: boolean): boolean {
  const start = pfn - (pfn % m.pageblockPages);
  if (m.notInZone(zone, pfn) || compoundOrder(m, start) >= m.pageblockOrder) return false;
  const i = pfn >>> m.pageblockOrder;
  if (source && target && !(m.blocks[i]! & BLOCK_SKIP)) return true;
  if (!source && target && m.blockType(pfn) !== MIGRATE_MOVABLE) return false;
  const end = Math.min(start + m.pageblockPages, zone.endPfn) - 1;
  const step = 1 << PAGE_ALLOC_COSTLY_ORDER;
  const { state } = m;
  for (let p = Math.max(start, zone.startPfn); p <= end; p += step) {
    const s = state[p]!;
    if (s >= ALLOCATED) {
      // Frames inside a compound page do not count: skip to its last sample.
      const compound = s & ORDER_MASK;
      if (compound > PAGE_ALLOC_COSTLY_ORDER) p += (1 << compound) - step;
      else if (source && compound === 0 && s & IN_USE_MOVABLE) return sampled(m, i);
    } else if (s > 0 && s < ON_PCP) {
      if (target) return sampled(m, i);
      // Nor do frames inside a free page.
      if (s - 1 > PAGE_ALLOC_COSTLY_ORDER) p += (1 << (s - 1)) - step;
    } else if (source && isMovableInUse(m, p)) return sampled(m, i);
  }
  return false;
}

function sampled(m: Memory, block: number): true {
  m.blocks[block]! &= ~BLOCK_SKIP;
  return true;
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
