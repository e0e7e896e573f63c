/**
 * struct compact_control: one compaction run over one zone. Values are frame numbers unless stated otherwise. Model
 * of mm/compaction.c and mm/internal.h, 6.1.
 */

import { gfpMigratetype as gfpMigratetypeOf } from "../allocation/alloc-flags";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

/** enum migrate_mode: what a run may wait for. */
export const MIGRATE_ASYNC = 0;
export const MIGRATE_SYNC_LIGHT = 1;
export const MIGRATE_SYNC = 2;

/** COMPACT_CLUSTER_MAX: pages isolated before they are migrated. */
export const COMPACT_CLUSTER_MAX = 32;

export interface CompactOptions {
  /** −1: compact the whole zone. */
  order: number;
  gfp: number;
  mode: number;
  direct?: boolean;
  wholeZone?: boolean;
  ignoreSkipHint?: boolean;
  ignoreBlockSuitable?: boolean;
  proactive?: boolean;
  /** Of a proactive run; default vm.compaction_proactiveness. */
  proactiveness?: number;
  allocFlags?: number;
  highestZoneidx?: number;
}

export class CompactControl {
  readonly zone: Zone;
  readonly order: number;
  readonly gfp: number;
  readonly migratetype: number;
  readonly mode: number;
  readonly direct: boolean;
  wholeZone: boolean;
  readonly ignoreSkipHint: boolean;
  readonly ignoreBlockSuitable: boolean;
  readonly proactive: boolean;
  readonly proactiveness: number;
  readonly allocFlags: number;
  readonly highestZoneidx: number;
  /** Positions of the two scanners. */
  migratePfn: number;
  freePfn: number;
  /** Lowest source the fast search found; 0: none yet; Infinity: used up. */
  fastStartPfn: number;
  searchOrder: number;
  fastSearchFail: number;
  rescan: boolean;
  contended: boolean;
  /** Isolated targets as single frames; the last is used next. */
  readonly freepages: number[];
  nrFreepages: number;
  /** Isolated sources; the last is migrated next. */
  readonly migratepages: number[];
  nrMigratepages: number;
  totalMigrateScanned: number;
  totalFreeScanned: number;

  constructor(m: Memory, zone: Zone, o: CompactOptions) {
    this.zone = zone;
    this.order = o.order;
    this.gfp = o.gfp;
    this.migratetype = gfpMigratetypeOf(m, o.gfp);
    this.mode = o.mode;
    this.direct = o.direct ?? false;
    this.wholeZone = o.wholeZone ?? false;
    this.ignoreSkipHint = o.ignoreSkipHint ?? false;
    this.ignoreBlockSuitable = o.ignoreBlockSuitable ?? false;
    this.proactive = o.proactive ?? false;
    this.proactiveness = o.proactiveness ?? m.compactionProactiveness;
    this.allocFlags = o.allocFlags ?? 0;
    this.highestZoneidx = o.highestZoneidx ?? 0;
    this.migratePfn = zone.startPfn;
    this.freePfn = zone.endPfn;
    this.fastStartPfn = 0;
    this.searchOrder = o.order;
    this.fastSearchFail = 0;
    this.rescan = false;
    this.contended = false;
    this.freepages = [];
    this.nrFreepages = 0;
    this.migratepages = [];
    this.nrMigratepages = 0;
    this.totalMigrateScanned = 0;
    this.totalFreeScanned = 0;
  }
}

/** Start of the aligned run of 2^order frames around `pfn`. */
export function blockStartPfn(pfn: number, order: number): number {
  return pfn - (pfn % (1 << order));
}

/** Its end, as the kernel rounds: a `pfn` on the boundary belongs to the run that begins there. */
export function blockEndPfn(pfn: number, order: number): number {
  return blockStartPfn(pfn, order) + (1 << order);
}

/** compact_scanners_met(). */
export function compactScannersMet(m: Memory, cc: CompactControl): boolean {
  return cc.freePfn >>> m.pageblockOrder <= cc.migratePfn >>> m.pageblockOrder;
}
