/**
 * Makes room for requests that wait: kswapd, direct reclaim and compaction, as called by the slow path. Each can be
 * switched off. kswapd has no thread here: it works when it is woken, or a number of requests later. Model of
 * mm/vmscan.c, 6.1.
 */

import { asKswapd } from "../allocation/drain-cpus";
import { wmarkPages, zoneWatermarkOk } from "../allocation/zone-watermark";
import { COMPACT_CONTINUE, COMPACT_SKIPPED, COMPACT_SUCCESS } from "../compaction/compact-result";
import { kcompactdDoWork, tryToCompactPages } from "../compaction/compaction";
import { compactionDeferReset } from "../compaction/compaction-deferral";
import { resetIsolationSuitable } from "../compaction/compaction-skip-bits";
import { compactionSuitable, highMetInBlocks, kcompactdSuitable } from "../compaction/compaction-suitable";
import { kcompactdOrder, kswapdOrder, type NodeTask, zoneDone } from "../decisions/daemons";
import type { AllocContext } from "../state/alloc-context";
import type { KcompactdGiven, ZoneDoneGiven } from "../state/decisions";
import { gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import { PAGE_ALLOC_COSTLY_ORDER } from "../state/per-cpu-pages";
import type { SlowPathHelp } from "../state/slow-path-help";
import { normalThreshold, nrFreeSafe, nrFreeSnapshot, setStatThresholds } from "../state/vmstat";
import { WMARK_HIGH, type Zone } from "../state/zone";

const SWAP_CLUSTER_MAX = 32;
const DEF_PRIORITY = 12;
const MAX_RECLAIM_RETRIES = 16;

/** The mechanisms available. */
export interface Mechanisms {
  reclaim: boolean;
  compaction: boolean;
  /** Requests, counted by tick(), between waking kswapd and its work; default 0: it works at once. */
  kswapdLag?: number;
  /** Bytes; default 4096. The usual thresholds of counters depend on it. */
  pageSize?: number;
}

export class RoomMaker implements SlowPathHelp {
  compactResult = COMPACT_SKIPPED;
  readonly canCompact: boolean;
  /** By node: consecutive kswapd runs that reclaimed nothing; 16 make the node hopeless. */
  private readonly kswapdFailures: number[] = [];
  private inKswapd = false;
  /**
   * By node: the task of a kswapd that was woken but has not started: pgdat->kswapd_order and kswapd_highest_zoneidx.
   */
  private readonly woken = new Map<number, { order: number; highest: number; left: number }>();
  private readonly normalThreshold: (zone: Zone) => number;

  constructor(
    private readonly m: Memory,
    private readonly mechanisms: Mechanisms,
  ) {
    this.canCompact = mechanisms.compaction;
    const pageSize = mechanisms.pageSize ?? 4096;
    this.normalThreshold = (z) => normalThreshold(z.managed * pageSize, z.pcps.length);
  }

  directCompact(ac: AllocContext, priority: number): number {
    const { result, captured } = tryToCompactPages(this.m, ac, priority);
    this.compactResult = result;
    if (result !== COMPACT_SKIPPED) this.m.counters.compact_stall++;
    return captured;
  }

  compacted(zone: Zone | null, order: number): void {
    if (zone === null) {
      this.m.counters.compact_fail++;
      return;
    }
    zone.compact.blockskipFlush = false;
    compactionDeferReset(zone, order, true);
    this.m.counters.compact_success++;
  }

  /** If nothing is reclaimable, recent releases and their back-ports count the free pages instead. */
  reclaimablePages(zone: Zone): number {
    const pages = this.mechanisms.reclaim ? (this.m.lru?.reclaimable(zone) ?? 0) : 0;
    return pages === 0 && this.m.sw.reclaimableCountsFree ? nrFreeSnapshot(zone) : pages;
  }

  /** try_to_free_pages(): for a costly order, it counts as progress if compaction is ready to run. */
  directReclaim(order: number, gfp: number, zonelist: readonly Zone[] = this.m.zonelist): number {
    if (!this.mechanisms.reclaim) return 0;
    const { m } = this;
    const highest = gfpZone(gfp);
    m.counters.allocstall++;
    let reclaimed = 0;
    let ready = false;
    for (let priority = DEF_PRIORITY; priority >= 0; priority--) {
      const zones: Zone[] = [];
      for (const zone of zonelist) {
        if (zone.idx > highest) continue;
        if (order > PAGE_ALLOC_COSTLY_ORDER && this.compactionReady(zone, order, highest)) ready = true;
        else zones.push(zone);
      }
      if (zones.length > 0 && m.lru !== null) {
        const pass = m.lru.shrink(zones, priority, SWAP_CLUSTER_MAX);
        m.counters.pgscan_direct += pass.scanned;
        m.counters.pgsteal_direct += pass.reclaimed;
        reclaimed += pass.reclaimed;
      }
      if (reclaimed >= SWAP_CLUSTER_MAX || ready) break;
    }
    return reclaimed > 0 ? reclaimed : ready ? 1 : 0;
  }

  /** compaction_ready(). */
  private compactionReady(zone: Zone, order: number, highest: number): boolean {
    const { m } = this;
    if (!this.canCompact) return false;
    const suitable = compactionSuitable(m, zone, order, 0, highest);
    if (suitable === COMPACT_SUCCESS) return true;
    if (suitable === COMPACT_SKIPPED) return false;
    const mark = wmarkPages(zone, WMARK_HIGH) + 2 * (1 << order);
    return zoneWatermarkOk(m, zone, 0, mark, highest, 0, Math.max(zone.nrFreePages, 0));
  }

  private zonesOf(nid: number): Zone[] {
    return this.m.zones.filter((z) => z.nid === nid);
  }

  /**
   * pgdat_balanced(): true if one zone is above its high watermark and has a page of the order. In defrag_mode (6.15+) an order
   * above 0 wants the watermark met in whole page blocks.
   */
  private balanced({ nid, order, highest }: NodeTask, when: ZoneDoneGiven["when"], reclaimed = 0): boolean {
    const { m } = this;
    for (const z of m.zones) {
      if (z.nid !== nid || z.idx > highest) continue;
      const markMet = this.highMet(z, order, highest);
      if (
        m.change?.kswapdBalanced === undefined ? markMet : zoneDone(m, z, { order, when, reclaimed, markMet })
      )
        return true;
    }
    return false;
  }

  private highMet(zone: Zone, order: number, highest: number): boolean {
    const { m } = this;
    if (m.sw.defragMode && order > 0) return highMetInBlocks(m, zone, order, highest);
    const free = m.smp ? nrFreeSafe(zone) : Math.max(zone.nrFreePages, 0);
    return zoneWatermarkOk(m, zone, order, wmarkPages(zone, WMARK_HIGH), highest, 0, free);
  }

  private hopeless(nid: number): boolean {
    return (this.kswapdFailures[nid] ?? 0) >= MAX_RECLAIM_RETRIES;
  }

  /** wake_all_kswapds(): one kswapd per node. */
  wakeKswapd(
    order: number,
    _gfp: number,
    highest: number,
    zonelist: readonly Zone[] = this.m.zonelist,
  ): void {
    if (!this.mechanisms.reclaim) return;
    const lag = this.mechanisms.kswapdLag ?? 0;
    let last = -1;
    for (const { nid } of zonelist) {
      if (nid !== last && lag === 0) this.wakeNode(nid, order, highest);
      else if (nid !== last) this.wakeLater(nid, order, highest, lag);
      last = nid;
    }
  }

  /** A kswapd that is already awake takes on the larger task, but starts no sooner. */
  private wakeLater(nid: number, order: number, highest: number, lag: number): void {
    if (this.inKswapd) return;
    const before = this.woken.get(nid);
    if (before === undefined) this.woken.set(nid, { order, highest, left: lag });
    else {
      before.order = Math.max(before.order, order);
      before.highest = Math.max(before.highest, highest);
    }
  }

  /** Some kswapd was woken and has not begun. */
  get due(): boolean {
    return this.woken.size > 0;
  }

  /** A request passes; a kswapd whose time has come works. */
  tick(): void {
    for (const [nid, due] of this.woken) {
      if (--due.left > 0) continue;
      this.woken.delete(nid);
      this.wakeNode(nid, due.order, due.highest);
    }
  }

  /** wakeup_kswapd(). */
  private wakeNode(nid: number, order: number, highest: number): void {
    if (this.inKswapd) return;
    const worksFor = this.orderToWork({ nid, order, highest });
    if (worksFor < 0) return;
    this.inKswapd = true;
    const { m } = this;
    if (m.smp) setStatThresholds(m.zones, nid, null);
    const task = { nid, order: worksFor, highest };
    asKswapd(m, nid, () => {
      const gaveUp = this.balancePgdat(task) < worksFor;
      this.sleepKswapd(task, gaveUp);
    });
    this.inKswapd = false;
  }

  /** The order that a woken kswapd works for; −1: there is no need, or no hope. */
  private orderToWork(task: NodeTask): number {
    const { m } = this;
    const { nid, highest } = task;
    const changed = m.change?.kswapdWake !== undefined;
    if (this.hopeless(nid) && !changed) return -1;
    const boosted = m.zones.some((z) => z.nid === nid && z.idx <= highest && z.watermarkBoost > 0);
    const balanced = this.balanced(task, "wake");
    if (changed) return kswapdOrder(m, task, { balanced, boosted, failures: this.kswapdFailures[nid] ?? 0 });
    return balanced && !boosted ? -1 : task.order;
  }

  /**
   * balance_pgdat(): returns the order it still aimed at in the end. If the watermarks hold even with the boost, it
   * reclaims as many pages as the boost, without writing or swapping and no harder than priority 10. Otherwise it
   * reclaims as usual.
   */
  private balancePgdat({ nid, order, highest }: NodeTask): number {
    const { m } = this;
    const zones = this.zonesOf(nid).filter((z) => z.idx <= highest);
    const boosts = zones.map((z) => z.watermarkBoost);
    let boostLeft = boosts.reduce((n, b) => n + b, 0);
    m.counters.pageoutrun++;
    for (const z of zones) z.reclaimActive = true;
    let target = order;
    let reclaimed = 0;
    let done = false;
    for (let priority = DEF_PRIORITY; priority >= 1; ) {
      done = this.balanced({ nid, order: target, highest }, "work", reclaimed);
      if (!done && boostLeft > 0) {
        boostLeft = 0;
        priority = DEF_PRIORITY;
      }
      if (boostLeft === 0 && done) break;
      done = false;
      const goal = zones.reduce((n, z) => n + Math.max(wmarkPages(z, WMARK_HIGH), SWAP_CLUSTER_MAX), 0);
      const pass = m.lru?.shrink(zones, priority, goal, boostLeft > 0) ?? { scanned: 0, reclaimed: 0 };
      m.counters.pgscan_kswapd += pass.scanned;
      m.counters.pgsteal_kswapd += pass.reclaimed;
      reclaimed += pass.reclaimed;
      if (target > 0 && reclaimed >= 2 * (1 << target)) target = 0;
      const harder = pass.scanned < goal && !(boostLeft > 0 && priority === DEF_PRIORITY - 2);
      boostLeft -= Math.min(boostLeft, pass.reclaimed);
      if (boostLeft > 0 && pass.reclaimed === 0) break;
      if (harder || pass.reclaimed === 0) priority--;
    }
    if (reclaimed > 0) this.kswapdFailures[nid] = 0;
    else if (!done) this.kswapdFailures[nid] = (this.kswapdFailures[nid] ?? 0) + 1;
    zones.forEach((z, i) => {
      z.reclaimActive = false;
      z.watermarkBoost -= Math.min(z.watermarkBoost, boosts[i]!);
    });
    if (boosts.some((b) => b > 0)) this.wakeKcompactd({ nid, order: m.pageblockOrder, highest }, "boost");
    return target;
  }

  /**
   * kswapd_try_to_sleep(): clears compaction's skip bits. The requested order was read and cleared before, so it
   * checks order 0. kcompactd takes over only if enough was reclaimed to drop the order.
   */
  private sleepKswapd(task: NodeTask, gaveUpOrder: boolean): void {
    const { m } = this;
    const { nid } = task;
    if (!this.hopeless(nid) && !this.balanced({ ...task, order: 0 }, "sleep")) return;
    if (m.smp) setStatThresholds(m.zones, nid, this.normalThreshold);
    for (const zone of this.zonesOf(nid)) if (zone.compact.blockskipFlush) resetIsolationSuitable(m, zone);
    this.wakeKcompactd(gaveUpOrder ? task : { ...task, order: 0 }, "sleep");
  }

  /** wakeup_kcompactd(). */
  private wakeKcompactd(task: NodeTask, by: KcompactdGiven["by"]): void {
    const { m } = this;
    const { nid, order, highest } = task;
    const changed = m.change?.kcompactdWake !== undefined;
    if (!this.canCompact || (order === 0 && !changed)) return;
    const fits = (z: Zone) => kcompactdSuitable(m, z, order, highest) === COMPACT_CONTINUE;
    const suitable = order > 0 && this.zonesOf(nid).some((z) => z.idx <= highest && fits(z));
    if (!changed) {
      if (suitable) kcompactdDoWork(m, order, highest, nid);
      return;
    }
    const worksFor = kcompactdOrder(m, task, { by, suitable });
    if (worksFor > 0) kcompactdDoWork(m, worksFor, highest, nid);
  }
}
