/**
 * The actions of a recorded kernel's daemons, at the moments that the recording gives: counters, per-CPU lists,
 * kswapd.
 */
import { decayPcpHigh, drainPagesZone } from "../mm/allocation/pcp-free";
import type { Memory } from "../mm/state/memory";
import { foldDiffs } from "../mm/state/vmstat";
import type { RecordCheck } from "./record-check";

export class RecordedDaemons {
  /** The recording shows reclaim at work. */
  reclaimed = false;

  constructor(
    private readonly m: Memory,
    private readonly check: RecordCheck,
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

  drainZone(idx: number, line: number): void {
    const zone = this.check.zone(idx, line);
    drainPagesZone(this.m, zone, zone.pcp);
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
      this.reclaim(name);
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
        this.drainZone(zoneOf(), line);
        break;
      case "balance_pgdat":
      case "balance_pgdat_end":
        for (const zone of this.m.zones) zone.reclaimActive = name === "balance_pgdat";
        break;
    }
  }

  /** Frees drain sooner between kswapd's wake and sleep; its first pass removes the boost of the watermarks. */
  private reclaim(name: string): void {
    if (name === "mm_vmscan_kswapd_wake" || name === "mm_vmscan_kswapd_sleep")
      for (const zone of this.m.zones) {
        zone.reclaimActive = name === "mm_vmscan_kswapd_wake";
        zone.watermarkBoost = 0;
      }
    else this.reclaimed = true;
  }
}
