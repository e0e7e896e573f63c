/**
 * The free scanner of compaction: it goes from the end of the zone downwards, block by block, and isolates free pages
 * as targets.
 */

import { takesTarget } from "../decisions/compaction";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../state/migratetype";
import { BLOCK_SKIP } from "../state/page-state";
import {
  blockEndPfn,
  blockStartPfn,
  COMPACT_CLUSTER_MAX,
  type CompactControl,
  MIGRATE_ASYNC,
} from "./compact-control";
import { fastIsolateFreepages } from "./compaction-fast-search";
import { buddyOrder, isolateFreepagesBlock } from "./isolate-freepages-block";

/** suitable_migration_target(): no large free page, and a movable or CMA block unless that condition is waived. */
function suitableTarget(m: Memory, cc: CompactControl, block: number): boolean {
  if (m.change?.compactionTarget !== undefined)
    return takesTarget(m, cc, block, { wholeBlock: buddyOrder(m, block) >= m.pageblockOrder, fast: false });
  if (!cc.ignoreBlockSuitable) {
    const mt = m.blockType(block);
    if (mt !== MIGRATE_MOVABLE && mt !== MIGRATE_CMA) return false;
  }
  return buddyOrder(m, block) < m.pageblockOrder;
}

/** The last block without the skip bit from `block` down to `low`, or the one below `low`. */
function lastWithoutSkip(m: Memory, block: number, low: number): number {
  const { blocks, pageblockOrder } = m;
  const least = low >>> pageblockOrder;
  let i = block >>> pageblockOrder;
  while (i >= least && (blocks[i]! & BLOCK_SKIP) !== 0) i--;
  return i * m.pageblockPages;
}

/** isolate_freepages(): fills `cc.freepages`, by the fast search or by scanning down to the migrate scanner. */
export function isolateFreepages(m: Memory, cc: CompactControl): void {
  fastIsolateFreepages(m, cc);
  if (cc.nrFreepages > 0) return;
  const { zone } = cc;
  const blockPages = m.pageblockPages;
  let from = cc.freePfn;
  let block = blockStartPfn(from, m.pageblockOrder);
  let end = Math.min(block + blockPages, zone.endPfn);
  const low = blockEndPfn(cc.migratePfn, m.pageblockOrder);
  let stride = cc.mode === MIGRATE_ASYNC ? COMPACT_CLUSTER_MAX : 1;
  for (; block >= low; end = block, block -= blockPages, from = block) {
    // What is in the block's byte is asked first: a zone's bytes fit in the cache, its pages do not.
    const wanted = cc.ignoreSkipHint ? block : lastWithoutSkip(m, block, low);
    if (wanted < block) {
      end = wanted + blockPages;
      from = block = wanted;
      if (block < low) break;
    }
    if (m.notInZone(zone, block) || !suitableTarget(m, cc, block)) continue;
    const before = cc.nrFreepages;
    from = isolateFreepagesBlock(m, cc, from, end, stride);
    if (from === end) {
      m.blocks[block >>> m.pageblockOrder]! |= BLOCK_SKIP;
      if (block < zone.compact.cachedFreePfn) zone.compact.cachedFreePfn = block;
    }
    if (cc.nrFreepages >= cc.nrMigratepages) {
      if (from >= end) from = block - blockPages;
      break;
    }
    if (from < end) break;
    stride = cc.nrFreepages > before ? 1 : Math.min(COMPACT_CLUSTER_MAX, stride * 2);
  }
  cc.freePfn = from;
}
