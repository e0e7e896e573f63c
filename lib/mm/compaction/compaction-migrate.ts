/** Moves isolated sources to isolated targets, one page at a time: migrate_pages() with compaction_alloc(). */

import { freePages } from "../allocation/page-alloc";
import type { Memory } from "../state/memory";
import { anyHolds, moveOwner } from "../state/owners";
import { ALLOCATED } from "../state/page-state";
import type { CompactControl } from "./compact-control";
import { isolateFreepages } from "./compaction-free-scanner";
import { barsMigration } from "./compaction-holds";

/** Result of migrating a list. */
export const MIGRATED_ALL = 0;
export const MIGRATED_SOME = 1;
export const MIGRATE_NO_TARGET = 2;

/** compaction_alloc(): the next target, or −1. */
function compactionAlloc(m: Memory, cc: CompactControl): number {
  if (cc.freepages.length === 0) {
    isolateFreepages(m, cc);
    if (cc.freepages.length === 0) return -1;
  }
  cc.nrFreepages--;
  return cc.freepages.pop()!;
}

/** Moves a frame's contents to `to`, which is in use from now on; the caller frees `from`. */
export function moveFrame(m: Memory, from: number, to: number): void {
  m.state[to] = ALLOCATED;
  moveOwner(m, from, to);
  m.lru?.move(from, to);
  m.tracker?.(from, to);
  m.trace?.migrated?.(from, to);
}

/** Migrates `cc.migratepages`, the last isolated first. Pages that fail to move stay in place. */
export function migrateSources(m: Memory, cc: CompactControl): number {
  const list = cc.migratepages;
  const held = anyHolds(m);
  if (!m.migration) {
    m.counters.pgmigrate_fail += list.length;
    return MIGRATED_SOME;
  }
  let failed = 0;
  for (let i = list.length - 1; i >= 0; i--) {
    const from = list[i]!;
    const to = compactionAlloc(m, cc);
    if (to < 0) {
      m.counters.pgmigrate_fail += failed + 1;
      return MIGRATE_NO_TARGET;
    }
    if ((m.mayMigrate !== null && !m.mayMigrate(from)) || (held && barsMigration(m, from, cc.mode))) {
      cc.freepages.push(to);
      cc.nrFreepages++;
      failed++;
      continue;
    }
    moveFrame(m, from, to);
    m.counters.pgmigrate_success++;
    freePages(m, from, 0);
  }
  m.counters.pgmigrate_fail += failed;
  return failed > 0 ? MIGRATED_SOME : MIGRATED_ALL;
}
