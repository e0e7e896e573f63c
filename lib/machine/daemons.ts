/** The simulated clock and the daemons that it drives beside a workload: folding of counters, kcompactd. */
import { InputError } from "../base/errors";
import { asCpu, refreshCpuVmStats } from "../mm/allocation/drain-cpus";
import { decayPcpHigh } from "../mm/allocation/pcp-free";
import { fragmentationScore, proactiveCompactNode } from "../mm/compaction/compaction";
import type { Memory } from "../mm/state/memory";
import { foldDiffs } from "../mm/state/vmstat";
import type { RunningParts } from "./running-parts";
import type { ResolvedSystemOptions } from "./system-options";

/** kcompactd checks every half second, and every 32 s after a run without progress: COMPACT_MAX_DEFER_SHIFT. */
const KCOMPACTD_MS = 500;
const KCOMPACTD_DEFERRED_MS = KCOMPACTD_MS * 64;
/** vmstat workers: once a second. */
const VMSTAT_MS = 1000;

export class Daemons {
  private readonly memory: Memory;
  private readonly options: ResolvedSystemOptions;
  /** Simulated milliseconds since boot. */
  nowMs: number;
  private lastVmstatMs: number;
  private nextKcompactdMs: number;

  constructor(parts: RunningParts) {
    this.memory = parts.memory;
    this.options = parts.options;
    this.nowMs = 0;
    this.lastVmstatMs = 0;
    this.nextKcompactdMs = KCOMPACTD_MS;
  }

  /** Advances the clock; every daemon runs as often as the step requires. */
  advanceTo(ms: number): void {
    if (ms < this.nowMs)
      throw new InputError(`advance: time goes forward: got ${ms} ms after ${this.nowMs} ms`);
    this.nowMs = ms;
    if (ms - this.lastVmstatMs >= VMSTAT_MS) this.foldCounters(ms);
    if (ms >= this.nextKcompactdMs && this.options.compaction) this.lookForCompaction(ms);
  }

  /** vmstat_update(): per-CPU differences join the zones' counters, and since 6.7 the size of the per-CPU lists decays. */
  private foldCounters(ms: number): void {
    const m = this.memory;
    this.lastVmstatMs = ms;
    if (m.smp) {
      const cpus = m.zones[0]!.pcps.length;
      for (let cpu = 0; cpu < cpus; cpu++) asCpu(m, cpu, () => refreshCpuVmStats(m));
      return;
    }
    for (const zone of m.zones)
      for (const pcp of zone.pcps) {
        foldDiffs(zone, pcp);
        if (m.autoTune) decayPcpHigh(m, zone, pcp);
      }
  }

  /** kcompactd(): proactive compaction; it waits longer if the last run did not help. */
  private lookForCompaction(ms: number): void {
    const m = this.memory;
    const before = fragmentationScore(m);
    const ran = proactiveCompactNode(m);
    const helped = !ran || fragmentationScore(m) < before;
    this.nextKcompactdMs = ms + (helped ? KCOMPACTD_MS : KCOMPACTD_DEFERRED_MS);
  }
}
