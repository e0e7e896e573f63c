/**
 * Compaction: it moves pages in use from the start of a zone to free frames at its end, until a free page of the
 * wanted order exists or the two scanners meet. It runs for a request (direct), in kcompactd, proactively, or on
 * command. Model of mm/compaction.c, 6.1.
 */

import { drainAllPages } from "../allocation/drain-cpus";
import { compactsUnasked } from "../decisions/daemons";
import type { AllocContext } from "../state/alloc-context";
import { GFP_KERNEL, gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../state/migratetype";
import { drainLruBatches } from "../state/owners";
import type { Zone } from "../state/zone";
import { CompactControl, MIGRATE_ASYNC, MIGRATE_SYNC, MIGRATE_SYNC_LIGHT } from "./compact-control";
import {
  COMPACT_COMPLETE,
  COMPACT_CONTINUE,
  COMPACT_DEFERRED,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_PRIO_ASYNC,
  COMPACT_PRIO_SYNC_FULL,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from "./compact-result";
import { compactionDeferReset, compactionDeferred, deferCompaction } from "./compaction-deferral";
import { type CaptureControl, compactZone } from "./compaction-run";
import { extfragForOrder, kcompactdSuitable } from "./compaction-suitable";

/** task_capc() and compaction_capture(): how frees behave while a direct compactor runs. */
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

/** Result of direct compaction. */
export interface DirectCompaction {
  /** The best COMPACT_ result of the zones tried. */
  result: number;
  /** Captured page and its zone, or −1. */
  captured: number;
}

/** What compaction needs to know about its request. */
export type CompactRequest = Pick<AllocContext, "gfp" | "order" | "allocFlags">;

/** compact_zone_order(): how a blocked request compacts one zone. `priority` is a COMPACT_PRIO_ number. */
export function directControl(
  m: Memory,
  zone: Zone,
  request: CompactRequest,
  priority: number,
): CompactControl {
  const { gfp, order, allocFlags } = request;
  const full = priority === COMPACT_PRIO_SYNC_FULL;
  return new CompactControl(m, zone, {
    order,
    gfp,
    mode: priority === COMPACT_PRIO_ASYNC ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
    direct: true,
    wholeZone: full,
    ignoreSkipHint: full,
    ignoreBlockSuitable: full,
    allocFlags,
    highestZoneidx: gfpZone(gfp),
  });
}

/** Updates a zone's deferral from the result of a direct run. */
export function noteDirectResult(zone: Zone, order: number, priority: number, status: number): void {
  if (status === COMPACT_SUCCESS) compactionDeferReset(zone, order, false);
  else if (
    priority !== COMPACT_PRIO_ASYNC &&
    (status === COMPACT_COMPLETE || status === COMPACT_PARTIAL_SKIPPED)
  )
    deferCompaction(zone, order);
}

/**
 * try_to_compact_pages(): compacts the zones in the request's list until one succeeds. `priority` is a COMPACT_PRIO_
 * number.
 */
export function tryToCompactPages(m: Memory, ac: AllocContext, priority: number): DirectCompaction {
  const { order, highest, zonelist } = ac;
  let best = COMPACT_SKIPPED;
  for (const zone of zonelist) {
    if (zone.idx > highest) continue;
    if (priority > COMPACT_PRIO_SYNC_FULL && compactionDeferred(m, zone, order)) {
      best = Math.max(best, COMPACT_DEFERRED);
      continue;
    }
    const capc: CaptureControl = { pfn: -1 };
    const cc = directControl(m, zone, ac, priority);
    const before = m.capture;
    m.capture = m.sw.compactionCapture ? captureFor(m, zone, order, capc) : null;
    let status = compactZone(m, cc, capc);
    m.capture = before;
    if (capc.pfn >= 0) status = COMPACT_SUCCESS;
    best = Math.max(best, status);
    noteDirectResult(zone, order, priority, status);
    if (status === COMPACT_SUCCESS) return { result: best, captured: capc.pfn };
  }
  return { result: best, captured: -1 };
}

/**
 * /proc/sys/vm/compact_memory: compacts every zone completely and synchronously, and ignores skip bits.
 * @example
 * ```ts
 * import { compactMemory, machine } from "pageblock";
 *
 * const kernel = machine("pc-x86-64").memory("1GiB").start();
 * compactMemory(kernel.memory);
 * kernel.validate();
 * ```
 */
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

/** Node by node, each from its lowest zone; or those of one node. */
function byIndex(m: Memory, nid?: number): Zone[] {
  return m.zones
    .filter((z) => nid === undefined || z.nid === nid)
    .sort((a, b) => a.nid - b.nid || a.idx - b.idx);
}

/**
 * kcompactd_do_work(): compacts zones of node `nid` up to `highestZoneidx` so that a page of `order` can be
 * allocated.
 */
export function kcompactdDoWork(
  m: Memory,
  order: number,
  highestZoneidx: number,
  nid: number = m.firstNode,
): void {
  m.counters.compact_daemon_wake++;
  for (const zone of byIndex(m, nid)) {
    if (zone.idx > highestZoneidx || compactionDeferred(m, zone, order)) continue;
    if (kcompactdSuitable(m, zone, order, zone.idx) !== COMPACT_CONTINUE) continue;
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

/**
 * fragmentation_score_node(): 0..100, the node's zones weighted by size.
 * @example
 * ```ts
 * import { fragmentationScore, machine } from "pageblock";
 *
 * fragmentationScore(machine("pc-x86-64").memory("1GiB").start().memory) < 10; // => true
 * ```
 */
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

/**
 * One check by kcompactd (every 500 ms): compacts the node proactively if its score is too high; returns whether it
 * ran.
 * @example
 * ```ts
 * import { machine, proactiveCompactNode } from "pageblock";
 *
 * // Right after boot there is nothing to compact.
 * proactiveCompactNode(machine("pc-x86-64").memory("1GiB").start().memory); // => false
 * ```
 */
export function proactiveCompactNode(
  m: Memory,
  proactiveness = m.compactionProactiveness,
  nid: number = m.firstNode,
): boolean {
  if (!m.sw.proactiveCompaction || proactiveness === 0) return false;
  const [score, threshold] = [fragmentationScore(m, nid), proactiveThreshold(proactiveness)];
  if (m.change?.kcompactdProactive !== undefined) {
    if (!compactsUnasked(m, { node: nid, score, threshold, proactiveness })) return false;
  } else if (score <= threshold) return false;
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
        proactiveness,
      }),
    );
  return true;
}
