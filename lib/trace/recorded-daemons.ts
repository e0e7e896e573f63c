/**
 * The actions of a recorded kernel's daemons, at the moments that the recording gives: counters, per-CPU lists,
 * kswapd.
 */
import { drainCpu } from "../mm/allocation/drain-cpus";
import { decayPcpHigh } from "../mm/allocation/pcp-free";
import type { Memory } from "../mm/state/memory";
import { foldDiffs, normalThreshold, setStatThresholds } from "../mm/state/vmstat";
import type { RecordCheck } from "./record-check";

export class RecordedDaemons {
  /** The recording shows reclaim at work. */
  reclaimed = false;
  /** The recording shows when kswapd changes thresholds, flags and boosts: not where it announces its turns. */
  private told = false;

  constructor(
    private readonly m: Memory,
    private readonly check: RecordCheck,
    private readonly pageSize: number,
  ) {}

  fold(idx: number, item: number, line: number): void {
    const zone = this.check.zone(idx, line);
    const { pcp } = zone;
    if (item === 0) {
      zone.nrFreePages += pcp.diffNrFree;
      pcp.diffNrFree = 0;
    } else {
      zone.nrFreeCma += pcp.diffNrFreeCma;
      pcp.diffNrFreeCma = 0;
    }
  }

  /** drain_pages_zone(): the lists of any CPU, drained by the acting one. */
  drainZone(idx: number, cpu: number, line: number): void {
    this.check.cpu(cpu, line);
    drainCpu(this.m, this.check.zone(idx, line), cpu);
  }

  /** kswapd has changed a zone's thresholds: it announces its sleep before, and may lose its CPU in between. */
  private threshold(idx: number, value: number, line: number): void {
    const zone = this.check.zone(idx, line);
    if (!(value > 0)) this.check.fail(line, `stat_threshold: the value must be 1 or more`);
    this.told = true;
    for (const pcp of zone.pcps) pcp.statThreshold = value;
  }

  /** A boost that has become lower is kswapd's work; one that has risen is that of a request. */
  private boost(idx: number, value: number, line: number): void {
    const zone = this.check.zone(idx, line);
    if (this.told) zone.watermarkBoost = Math.min(zone.watermarkBoost, value);
  }

  /** The daemon's turn once per second: folds per-CPU differences, then decays the lists. */
  private decay(idx: number, line: number): void {
    const zone = this.check.zone(idx, line);
    foldDiffs(zone, zone.pcp);
    decayPcpHigh(this.m, zone, zone.pcp);
  }

  /** Refresh of counters, decay and drain of per-CPU lists, kswapd. */
  event(name: string, text: string, line: number): void {
    const zoneOf = () => Number(/zone=(\d+)/.exec(text)?.[1] ?? -1);
    if (name.startsWith("mm_vmscan_")) {
      this.reclaim(name, Number(/nid=(\d{1,9})/.exec(text)?.[1] ?? 0));
      return;
    }
    switch (name) {
      case "decay_pcp_high":
        this.decay(zoneOf(), line);
        break;
      case "refresh_cpu_vm_stats":
        if (/pagesets=0/.test(text)) for (const zone of this.m.zones) foldDiffs(zone, zone.pcp);
        break;
      case "drain_pages_zone":
        this.drainZone(zoneOf(), Number(/cpu=(\d{1,9})/.exec(text)?.[1] ?? this.m.cpu), line);
        break;
      case "stat_threshold":
        this.threshold(zoneOf(), Number(/value=(\d{1,3})/.exec(text)?.[1] ?? Number.NaN), line);
        break;
      case "watermark_boost":
        this.boost(zoneOf(), Number(/value=(\d{1,15})/.exec(text)?.[1] ?? 0), line);
        break;
      case "balance_pgdat":
      case "balance_pgdat_end":
        if (!this.told) for (const zone of this.m.zones) zone.reclaimActive = name === "balance_pgdat";
        break;
    }
  }

  /** Frees drain sooner between kswapd's wake and sleep; its first pass removes the boost of the watermarks. */
  private reclaim(name: string, nid: number): void {
    const wakes = name === "mm_vmscan_kswapd_wake";
    if (!wakes && name !== "mm_vmscan_kswapd_sleep") {
      this.reclaimed = true;
      return;
    }
    if (this.told) return;
    const { zones } = this.m;
    for (const zone of zones) {
      zone.reclaimActive = wakes;
      zone.watermarkBoost = 0;
    }
    setStatThresholds(
      zones,
      nid,
      wakes ? null : (z) => normalThreshold(z.managed * this.pageSize, z.pcps.length),
    );
  }
}
