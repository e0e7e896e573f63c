/**
 * compact_zone(): one compaction run over one zone, all at once or step by step. Other tasks may run between steps,
 * as they do at every cond_resched() in the kernel.
 */

import { freePages } from "../allocation/page-alloc";
import { drainPagesZone } from "../allocation/pcp-free";
import type { Memory } from "../state/memory";
import { drainLruBatches } from "../state/owners";
import {
  blockEndPfn,
  blockStartPfn,
  type CompactControl,
  compactScannersMet,
  MIGRATE_ASYNC,
} from "./compact-control";
import { compactFinished } from "./compact-finished";
import { COMPACT_CONTENDED, COMPACT_CONTINUE, COMPACT_SUCCESS } from "./compact-result";
import { compactionRestarting } from "./compaction-deferral";
import { MIGRATE_NO_TARGET, MIGRATED_ALL, migrateSources } from "./compaction-migrate";
import { isolateMigratepages } from "./compaction-migrate-scanner";
import { resetIsolationSuitable } from "./compaction-skip-bits";
import { compactionSuitable, kcompactdSuitable } from "./compaction-suitable";

/** A page that a direct compactor captured while it was being freed. */
export interface CaptureControl {
  pfn: number;
}

/** A run that can be stepped: it is not done while step() returns COMPACT_CONTINUE. */
export class CompactionRun {
  private updateCached = false;
  private lastMigrated = 0;
  /** The COMPACT_ result once the run is over; COMPACT_CONTINUE before. */
  result = COMPACT_CONTINUE;

  /** Positions the scanners; an unsuitable zone ends the run at once. */
  constructor(
    private readonly m: Memory,
    private readonly cc: CompactControl,
    private readonly capc: CaptureControl | null = null,
  ) {
    const { zone } = cc;
    this.result = cc.direct
      ? compactionSuitable(m, zone, cc.order, cc.allocFlags, cc.highestZoneidx)
      : kcompactdSuitable(m, zone, cc.order, cc.highestZoneidx);
    if (this.result !== COMPACT_CONTINUE) return;
    if (compactionRestarting(zone, cc.order)) resetIsolationSuitable(m, zone);
    this.placeScanners();
    const cached = zone.compact.cachedMigratePfn;
    this.updateCached = cc.mode === MIGRATE_ASYNC && cached[0] === cached[1];
    // lru_add_drain() drains only this CPU's batch. The CPU that holds a page is known only if there is a single CPU.
    if (zone.pcps.length === 1) drainLruBatches(m);
  }

  /** Positions the scanners at the ends of the zone, or where earlier runs stopped. */
  private placeScanners(): void {
    const { m, cc } = this;
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

  /** One iteration: sources, targets, move; returns the result so far. */
  step(): number {
    if (this.result !== COMPACT_CONTINUE) return this.result;
    this.result = this.turn();
    if (this.result !== COMPACT_CONTINUE) this.end();
    return this.result;
  }

  private turn(): number {
    const { m, cc, capc } = this;
    const { zone } = cc;
    const cached = zone.compact.cachedMigratePfn;
    const ret = compactFinished(m, cc);
    if (ret !== COMPACT_CONTINUE) return ret;
    const iterationStart = cc.migratePfn;
    cc.rescan =
      blockStartPfn(this.lastMigrated, m.pageblockOrder) === blockStartPfn(iterationStart, m.pageblockOrder);
    if (isolateMigratepages(m, cc)) {
      this.updateCached = false;
      this.lastMigrated = iterationStart;
      const moved = migrateSources(m, cc);
      cc.migratepages.length = 0;
      cc.nrMigratepages = 0;
      if (moved !== MIGRATED_ALL) {
        if (moved === MIGRATE_NO_TARGET && !compactScannersMet(m, cc)) return COMPACT_CONTENDED;
        if (cc.direct && cc.mode === MIGRATE_ASYNC) {
          cc.migratePfn = blockEndPfn(cc.migratePfn - 1, cc.order);
          this.lastMigrated = 0;
        }
      }
    } else if (this.updateCached) cached[1] = cached[0];
    if (cc.order > 0 && this.lastMigrated > 0 && this.lastMigrated < blockStartPfn(cc.migratePfn, cc.order)) {
      drainPagesZone(m, zone, zone.pcp);
      this.lastMigrated = 0;
    }
    return capc !== null && capc.pfn >= 0 ? COMPACT_SUCCESS : COMPACT_CONTINUE;
  }

  /** Returns unused targets; the next run starts no lower than they are. */
  private end(): void {
    const { m, cc } = this;
    m.counters.compact_migrate_scanned += cc.totalMigrateScanned;
    m.counters.compact_free_scanned += cc.totalFreeScanned;
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
}

/** compact_zone(): one run to its end; the result is a COMPACT_ number. */
export function compactZone(m: Memory, cc: CompactControl, capc: CaptureControl | null = null): number {
  const run = new CompactionRun(m, cc, capc);
  while (run.step() === COMPACT_CONTINUE);
  return run.result;
}
