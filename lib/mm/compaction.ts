/**
 * Compaction: pages in use move from the start of a zone to free frames at its end, until a free page of the wanted
 * order exists or the two scanners meet. Direct, by kcompactd, proactive, and by command. Model of mm/compaction.c, 6.1.
 */

import {
  blockEndPfn,
  blockStartPfn,
  CompactControl,
  compactScannersMet,
  MIGRATE_ASYNC,
  MIGRATE_SYNC,
  MIGRATE_SYNC_LIGHT,
} from "./compact-control";
import { compactFinished } from "./compact-finished";
import {
  COMPACT_COMPLETE,
  COMPACT_CONTENDED,
  COMPACT_CONTINUE,
  COMPACT_DEFERRED,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_PRIO_ASYNC,
  COMPACT_PRIO_SYNC_FULL,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "./compact-result";
import {
  compactionDeferReset,
  compactionDeferred,
  compactionRestarting,
  deferCompaction,
} from "./compaction-deferral";
import { MIGRATE_NO_TARGET, MIGRATED_ALL, migrateSources } from "./compaction-migrate";
import { isolateMigratepages } from "./compaction-migrate-scanner";
import { resetIsolationSuitable } from "./compaction-skip-bits";
import { compactionSuitable, extfragForOrder } from "./compaction-suitable";
import { GFP_KERNEL, gfpZone } from "./gfp";
import type { Memory } from "./memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "./migratetype";
import { drainLruBatches } from "./owners";
import { freePages } from "./page-alloc";
import { drainAllPages, drainPagesZone } from "./pcp-free";
import type { Zone } from "./zone";

/** vm.compaction_proactiveness. */
export const DEFAULT_PROACTIVENESS = 20;

/** A page taken by a direct compactor while it was being freed. */
export interface CaptureControl {
  pfn: number;
}

/** compact_zone(): one run; the result is a COMPACT_ number. */
export function compactZone(
  m: Memory,
  cc: CompactControl,
  capc: CaptureControl | null = null,
  proactiveness = DEFAULT_PROACTIVENESS,
): number {
  const { zone } = cc;
  const suitable = compactionSuitable(m, zone, cc.order, cc.allocFlags, cc.highestZoneidx);
  if (suitable !== COMPACT_CONTINUE) return suitable;
  if (compactionRestarting(zone, cc.order)) resetIsolationSuitable(m, zone);
  placeScanners(m, cc);
  // lru_add_drain() reaches the batch of this CPU alone: which CPU holds a page is known where there is but one.
  if (zone.pcps.length === 1) drainLruBatches(m);
  const ret = runZone(m, cc, capc, proactiveness);
  releaseFreepages(m, cc);
  m.counters.compact_migrate_scanned += cc.totalMigrateScanned;
  m.counters.compact_free_scanned += cc.totalFreeScanned;
  return ret;
}

/** Where the scanners start: the ends of the zone, or where earlier runs left off. */
function placeScanners(m: Memory, cc: CompactControl): void {
  const { zone } = cc;
  const c = zone.compact;
  const last = blockStartPfn(zone.endPfn - 1, m.pageblockOrder);
  if (cc.wholeZone) {
    cc.migratePfn = zone.startPfn;
    cc.freePfn = last;
    return;
  }
  cc.migratePfn = c.cachedMigratePfn[cc.mode === MIGRATE_ASYNC ? 0 : 1];
  cc.freePfn = c.cachedFreePfn;
  if (cc.freePfn < zone.startPfn || cc.freePfn >= zone.endPfn) cc.freePfn = c.cachedFreePfn = last;
  if (cc.migratePfn < zone.startPfn || cc.migratePfn >= zone.endPfn)
    cc.migratePfn = c.cachedMigratePfn[0] = c.cachedMigratePfn[1] = zone.startPfn;
  if (cc.migratePfn <= c.initMigratePfn) cc.wholeZone = true;
}

/** The loop: sources, targets, move, until finished. */
function runZone(m: Memory, cc: CompactControl, capc: CaptureControl | null, proactiveness: number): number {
  const { zone } = cc;
  const cached = zone.compact.cachedMigratePfn;
  let updateCached = cc.mode === MIGRATE_ASYNC && cached[0] === cached[1];
  let lastMigrated = 0;
  for (;;) {
    const ret = compactFinished(m, cc, proactiveness);
    if (ret !== COMPACT_CONTINUE) return ret;
    const iterationStart = cc.migratePfn;
    cc.rescan =
      blockStartPfn(lastMigrated, m.pageblockOrder) === blockStartPfn(iterationStart, m.pageblockOrder);
    if (isolateMigratepages(m, cc)) {
      updateCached = false;
      lastMigrated = iterationStart;
      const moved = migrateSources(m, cc);
      cc.migratepages.length = 0;
      cc.nrMigratepages = 0;
      if (moved !== MIGRATED_ALL) {
        if (moved === MIGRATE_NO_TARGET && !compactScannersMet(m, cc)) return COMPACT_CONTENDED;
        if (cc.direct && cc.mode === MIGRATE_ASYNC) {
          cc.migratePfn = blockEndPfn(cc.migratePfn - 1, cc.order);
          lastMigrated = 0;
        }
      }
    } else if (updateCached) cached[1] = cached[0];
    if (cc.order > 0 && lastMigrated > 0 && lastMigrated < blockStartPfn(cc.migratePfn, cc.order)) {
      drainPagesZone(m, zone, zone.pcp);
      lastMigrated = 0;
    }
    if (capc !== null && capc.pfn >= 0) return COMPACT_SUCCESS;
  }
}

/** Gives targets back that were not used; the next run starts no lower than they lie. */
function releaseFreepages(m: Memory, cc: CompactControl): void {
  if (cc.nrFreepages === 0) return;
  let highest = 0;
  for (let i = cc.freepages.length - 1; i >= 0; i--) {
    const pfn = cc.freepages[i]!;
    if (pfn > highest) highest = pfn;
    freePages(m, pfn, 0);
  }
  cc.freepages.length = 0;
  cc.nrFreepages = 0;
  const block = blockStartPfn(highest, m.pageblockOrder);
  const c = cc.zone.compact;
  if (block > c.cachedFreePfn) c.cachedFreePfn = block;
}

/** task_capc() and compaction_capture(): what frees do while a direct compactor runs. */
export function captureFor(
  m: Memory,
  zone: Zone,
  wantedOrder: number,
  capc: CaptureControl,
): (zone: Zone, pfn: number, order: number, mt: number) => boolean {
  return (z, pfn, order, mt) => {
    if (capc.pfn >= 0 || z !== zone || order !== wantedOrder) return false;
    if (mt === MIGRATE_CMA || mt === MIGRATE_ISOLATE) return false;
    if (order < m.pageblockOrder && mt === MIGRATE_MOVABLE) return false;
    capc.pfn = pfn;
    return true;
  };
}

/** What direct compaction came to. */
export interface DirectCompaction {
  /** The best COMPACT_ result of the zones tried. */
  result: number;
  /** Captured page and its zone, or −1. */
  captured: number;
}

/** try_to_compact_pages(): zone by zone of the request's list until one succeeds. `priority` is a COMPACT_PRIO_ number. */
export function tryToCompactPages(
  m: Memory,
  gfp: number,
  order: number,
  allocFlags: number,
  priority: number,
  zonelist: readonly Zone[] = m.zonelist,
): DirectCompaction {
  const highest = gfpZone(gfp);
  let best = COMPACT_SKIPPED;
  for (const zone of zonelist) {
    if (zone.idx > highest) continue;
    if (priority > COMPACT_PRIO_SYNC_FULL && compactionDeferred(zone, order)) {
      best = Math.max(best, COMPACT_DEFERRED);
      continue;
    }
    const capc: CaptureControl = { pfn: -1 };
    const cc = new CompactControl(m, zone, {
      order,
      gfp,
      mode: priority === COMPACT_PRIO_ASYNC ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
      direct: true,
      wholeZone: priority === COMPACT_PRIO_SYNC_FULL,
      ignoreSkipHint: priority === COMPACT_PRIO_SYNC_FULL,
      ignoreBlockSuitable: priority === COMPACT_PRIO_SYNC_FULL,
      allocFlags,
      highestZoneidx: highest,
    });
    const before = m.capture;
    m.capture = m.sw.compactionCapture ? captureFor(m, zone, order, capc) : null;
    let status = compactZone(m, cc, capc);
    m.capture = before;
    if (capc.pfn >= 0) status = COMPACT_SUCCESS;
    best = Math.max(best, status);
    if (status === COMPACT_SUCCESS) {
      compactionDeferReset(zone, order, false);
      return { result: best, captured: capc.pfn };
    }
    if (
      priority !== COMPACT_PRIO_ASYNC &&
      (status === COMPACT_COMPLETE || status === COMPACT_PARTIAL_SKIPPED)
    )
      deferCompaction(zone, order);
  }
  return { result: best, captured: -1 };
}

/** /proc/sys/vm/compact_memory: every zone whole, synchronously, skip bits ignored. */
export function compactMemory(m: Memory): void {
  drainLruBatches(m);
  for (const zone of byIndex(m))
    compactZone(
      m,
      new CompactControl(m, zone, {
        order: -1,
        gfp: GFP_KERNEL,
        mode: MIGRATE_SYNC,
        wholeZone: true,
        ignoreSkipHint: true,
      }),
    );
}

/** Node by node, each from its lowest zone; or one node's. */
function byIndex(m: Memory, nid?: number): Zone[] {
  return m.zones
    .filter((z) => nid === undefined || z.nid === nid)
    .sort((a, b) => a.nid - b.nid || a.idx - b.idx);
}

/** kcompactd_do_work(): zones of node `nid` up to `highestZoneidx`, so that a page of `order` can be allocated. */
export function kcompactdDoWork(
  m: Memory,
  order: number,
  highestZoneidx: number,
  nid: number = m.firstNode,
): void {
  m.counters.compact_daemon_wake++;
  for (const zone of byIndex(m, nid)) {
    if (zone.idx > highestZoneidx || compactionDeferred(zone, order)) continue;
    if (compactionSuitable(m, zone, order, 0, zone.idx) !== COMPACT_CONTINUE) continue;
    const cc = new CompactControl(m, zone, {
      order,
      gfp: GFP_KERNEL,
      mode: MIGRATE_SYNC_LIGHT,
      highestZoneidx,
    });
    const status = compactZone(m, cc);
    if (status === COMPACT_SUCCESS) compactionDeferReset(zone, order, false);
    else if (status === COMPACT_PARTIAL_SKIPPED || status === COMPACT_COMPLETE) {
      drainAllPages(m, zone);
      deferCompaction(zone, order);
    }
    m.counters.compact_daemon_migrate_scanned += cc.totalMigrateScanned;
    m.counters.compact_daemon_free_scanned += cc.totalFreeScanned;
  }
}

/** fragmentation_score_node(): 0..100, the node's zones weighed by their size. */
export function fragmentationScore(m: Memory, nid: number = m.firstNode): number {
  const zones = byIndex(m, nid);
  const present = zones.reduce((n, z) => n + z.present, 0);
  let score = 0;
  for (const zone of zones)
    score += Math.floor((zone.present * extfragForOrder(zone, m.pageblockOrder)) / (present + 1));
  return score;
}

/** The score above which proactive compaction starts. */
export function proactiveThreshold(proactiveness: number): number {
  return Math.min(Math.max(100 - proactiveness, 5) + 10, 100);
}

/** One look of kcompactd (every 500 ms): proactive compaction of the node if its score is too high; whether it ran. */
export function proactiveCompactNode(
  m: Memory,
  proactiveness = DEFAULT_PROACTIVENESS,
  nid: number = m.firstNode,
): boolean {
  if (!m.sw.proactiveCompaction || proactiveness === 0) return false;
  if (fragmentationScore(m, nid) <= proactiveThreshold(proactiveness)) return false;
  for (const zone of byIndex(m, nid))
    compactZone(
      m,
      new CompactControl(m, zone, {
        order: -1,
        gfp: GFP_KERNEL,
        mode: MIGRATE_SYNC_LIGHT,
        wholeZone: true,
        ignoreSkipHint: true,
        proactive: true,
      }),
      null,
      proactiveness,
    );
  return true;
}
