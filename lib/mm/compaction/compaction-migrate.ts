/**
 * Moves isolated sources to isolated targets, one page at a time: migrate_pages() with compaction_alloc(). A large folio
 * (6.9+) needs an aligned run of isolated free frames; without one it is split, and its parts move by themselves.
 */

import { freePages } from "../allocation/page-alloc";
import type { Memory } from "../state/memory";
import { anyHolds, moveOwner } from "../state/owners";
import { ALLOCATED } from "../state/page-state";
import type { CompactControl } from "./compact-control";
import { isolateFreepages } from "./compaction-free-scanner";
import { barsMigration } from "./compaction-holds";
import { compoundOrder } from "./isolate-freepages-block";

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

/**
 * compaction_alloc() of a large folio: the first frame of its target, or −1. The model looks for an aligned run among
 * the single frames that it keeps; 6.9+ keeps isolated free pages by order, and splits the smallest that is large enough.
 */
function compactionAllocLarge(m: Memory, cc: CompactControl, order: number): number {
  const found = takeAlignedRun(cc, order);
  if (found >= 0) return found;
  isolateFreepages(m, cc);
  return takeAlignedRun(cc, order);
}

function takeAlignedRun(cc: CompactControl, order: number): number {
  const { freepages } = cc;
  const n = 1 << order;
  for (let i = freepages.length - n; i >= 0; i--) {
    const head = freepages[i]!;
    if ((head & (n - 1)) !== 0) continue;
    let k = 1;
    while (k < n && freepages[i + k] === head + k) k++;
    if (k < n) continue;
    freepages.splice(i, n);
    cc.nrFreepages -= n;
    return head;
  }
  return -1;
}

/** Moves the contents of 2^order frames to `to`, which are in use from now on; the caller frees those at `from`. */
export function moveFrame(m: Memory, from: number, to: number, order = 0): void {
  if (order > 0) m.state.fill(0, to + 1, to + (1 << order));
  m.state[to] = ALLOCATED | order;
  moveOwner(m, from, to);
  m.lru?.move(from, to);
  m.tracker?.(from, to);
  m.trace?.migrated?.(from, to, order);
}

/** try_split_folio(): the folio becomes single pages, each where it was. */
function splitInUse(m: Memory, pfn: number, order: number): void {
  m.splitter?.(pfn, order);
  m.splitAllocated(pfn, 0);
}

/** Migrates `cc.migratepages`, the last isolated first. Pages that fail to move stay in place. */
export function migrateSources(m: Memory, cc: CompactControl): number {
  // Parts of folios that are split come behind the rest of the list.
  const list = cc.migratepages.slice().reverse();
  const held = anyHolds(m);
  if (!m.migration) {
    m.counters.pgmigrate_fail += list.length;
    return MIGRATED_SOME;
  }
  let failed = 0;
  for (let i = 0; i < list.length; i++) {
    const from = list[i]!;
    const order = compoundOrder(m, from);
    const to = order > 0 ? compactionAllocLarge(m, cc, order) : compactionAlloc(m, cc);
    if (to < 0) {
      if (order > 0) {
        splitInUse(m, from, order);
        for (let part = from; part < from + (1 << order); part++) list.push(part);
        continue;
      }
      m.counters.pgmigrate_fail += failed + 1;
      return MIGRATE_NO_TARGET;
    }
    if ((m.mayMigrate !== null && !m.mayMigrate(from)) || (held && barsMigration(m, from, cc.mode))) {
      for (let frame = to; frame < to + (1 << order); frame++) cc.freepages.push(frame);
      cc.nrFreepages += 1 << order;
      failed += 1 << order;
      continue;
    }
    moveFrame(m, from, to, order);
    m.counters.pgmigrate_success += 1 << order;
    freePages(m, from, order);
  }
  m.counters.pgmigrate_fail += failed;
  return failed > 0 ? MIGRATED_SOME : MIGRATED_ALL;
}
