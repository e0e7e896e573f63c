/**
 * Follows recorded compaction. The recording gives the free pages that its scanner takes (I), the frees of migrated
 * pages (F), the positions of the scanners (E), and the moments of complete drains (a `D` that no free explains). The
 * model predicts which merged page a direct compactor captures, and the order in which the fast searches leave the
 * free lists, unless the recording tells it (L).
 */

import { drainCpu } from "../mm/allocation/drain-cpus";
import { CompactControl, MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT } from "../mm/compaction/compact-control";
import { COMPACT_CONTINUE, COMPACT_NO_SUITABLE_PAGE } from "../mm/compaction/compact-result";
import { captureFor } from "../mm/compaction/compaction";
import { fastFindMigrateblock, fastFindTarget } from "../mm/compaction/compaction-fast-search";
import type { CaptureControl } from "../mm/compaction/compaction-run";
import type { Memory } from "../mm/state/memory";
import { isPcpState } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";
import type { GivenAnswers } from "./given-answers";
import { hearDrains } from "./hear-drains";
import { REC } from "./trace-reader";

/** A compacting task: its request and its run over one zone. */
interface Run {
  /** −1: whole zones, by command or proactively. */
  order: number;
  gfp: number;
  direct: boolean;
  /** COMPACT_PRIO_SYNC_FULL: skip bits are ignored. */
  full: boolean;
  cc: CompactControl | null;
  capc: CaptureControl;
  /** isolate_freepages() is under way: between its first isolation and the next migrated page. */
  scanning: boolean;
  /** An isolation of sources was seen since the last completion check. */
  isolated: boolean;
}

/** The CPU whose lists hold a page; the acting one's own lists are looked at first, and are the answer if none does. */
function cpuOf(zone: Zone, pfn: number, acting: number): number {
  const holds = (cpu: number) => zone.pcps[cpu]!.lists.some((list) => list.toArray().includes(pfn));
  if (zone.pcps.length === 1 || holds(acting)) return acting;
  const other = zone.pcps.findIndex((_, cpu) => holds(cpu));
  return other < 0 ? acting : other;
}

export class CompactionFollower {
  private readonly runs = new Map<number, Run>();
  /** By the CPU that drains: pages drained in the model that the recording has not shown yet. */
  private readonly ahead: number[] = [];
  private current = -1;
  /** By CPU: the task of its last record. */
  private readonly lastOf: number[] = [];

  /**
   * `recorder`: its edition; from 1 on each drain of whole lists has a line, from 2 on each free list that a fast search
   * rotates has an `L`.
   */
  constructor(
    private readonly m: Memory,
    private readonly given: GivenAnswers,
    private readonly recorder = 0,
  ) {
    hearDrains(m, () => {
      this.ahead[m.cpu] = (this.ahead[m.cpu] ?? 0) + 1;
    });
  }

  /** Called before every record except `D` is applied to the model; `pid` has no meaning for I, P and K. */
  before(kind: number, pid: number, f: Float64Array): void {
    if (kind === REC.ISOLATE) {
      this.target(f[0]!);
      return;
    }
    if (kind === REC.PUTBACK || kind === REC.S || kind === REC.SKIP || kind === REC.ROTATE) return;
    this.ahead[this.m.cpu] = 0;
    if (kind === REC.F) {
      const run = this.runs.get(pid);
      if (run !== undefined) run.scanning = false;
    }
    this.lastOf[this.m.cpu] = pid;
    if (pid === this.current) return;
    this.current = pid;
    this.arm();
  }

  /** Another CPU acts: pages that are drained next are those of its task. */
  cpuActs(): void {
    this.current = this.lastOf[this.m.cpu] ?? -1;
    this.arm();
  }

  /** Sets the machine's capture to that of the running task. */
  private arm(): void {
    const run = this.runs.get(this.current);
    this.m.capture =
      run?.direct && run.cc !== null && run.capc.pfn < 0
        ? captureFor(this.m, run.cc.zone, run.order, run.capc)
        : null;
  }

  /** A `D`: explained by a drain in the model, or the sign of a complete drain. */
  drained(pfn: number): void {
    const { m, ahead } = this;
    if (this.recorder >= 1) return;
    if (!ahead[m.cpu]) {
      const zone = m.zoneOf(pfn);
      if (zone === undefined || !isPcpState(m.state[pfn]!)) return;
      this.given.drains++;
      drainCpu(m, zone, cpuOf(zone, pfn, m.cpu));
    }
    if (ahead[m.cpu]! > 0) ahead[m.cpu]!--;
  }

  /**
   * A request of `pid` returns, so its compaction is over. Returns −2 if it did not compact, −1 if it searches the
   * free lists again, otherwise the page captured for it.
   */
  requestReturns(pid: number, order: number): number {
    const run = this.runs.get(pid);
    if (run === undefined || !run.direct || run.order !== order) return -2;
    this.runs.delete(pid);
    this.arm();
    return run.capc.pfn;
  }

  /** Targets are about to be taken at `pfn`: the fast search comes first and rotates the lists. */
  private target(pfn: number): void {
    if (this.recorder >= 2) return;
    const run = this.runOf(pfn);
    if (run === undefined || run.cc === null || run.scanning) return;
    run.scanning = true;
    fastFindTarget(this.m, run.cc, () => true);
  }

  /** The run that works on the zone of `pfn`; the current task's run takes precedence. */
  private runOf(pfn: number): Run | undefined {
    const mine = this.runs.get(this.current);
    const zone = this.m.zoneOf(pfn);
    if (mine !== undefined && mine.cc !== null && mine.cc.zone === zone) return mine;
    for (const run of this.runs.values()) if (run.cc !== null && run.cc.zone === zone) return run;
    return undefined;
  }

  event(name: string, pid: number, text: string): void {
    const field = (key: string) => Number(new RegExp(` ${key}=(-?\\d+)`).exec(text)?.[1] ?? Number.NaN);
    const run = this.runs.get(pid);
    const cc = run?.cc ?? null;
    switch (name) {
      case "mm_compaction_try_to_compact_pages":
        this.ask(pid, field("order"), field("gfp_mask"), true, field("prio") === 0);
        break;
      case "mm_compaction_kcompactd_wake":
        this.ask(pid, field("order"), 0, false, false);
        break;
      case "mm_compaction_begin":
        this.begin(pid, field("zone_start"), field("migrate_pfn"), field("free_pfn"), field("sync"));
        break;
      case "mm_compaction_finished":
        if (run !== undefined && cc !== null) this.finished(run, cc, field("ret"));
        break;
      case "mm_compaction_isolate_migratepages":
        if (run === undefined || cc === null) break;
        cc.migratePfn = field("end_pfn");
        cc.nrMigratepages = field("nr_taken");
        run.isolated = true;
        run.scanning = false;
        break;
      case "mm_compaction_isolate_freepages":
        if (run === undefined || cc === null) break;
        this.target(field("start_pfn"));
        this.scannedTargets(cc, field("start_pfn"), field("end_pfn"));
        break;
      case "mm_compaction_migratepages":
        if (cc?.direct && cc.mode === MIGRATE_ASYNC && field("nr_failed") > 0)
          cc.migratePfn = Math.ceil(cc.migratePfn / 2 ** cc.order) * 2 ** cc.order;
        break;
      case "mm_compaction_end":
        if (run === undefined) break;
        run.cc = null;
        if (!run.direct && run.order < 0) this.runs.delete(pid);
        break;
      default:
        return;
    }
    this.arm();
  }

  private ask(pid: number, order: number, gfp: number, direct: boolean, full: boolean): void {
    this.runs.set(pid, {
      order,
      gfp,
      direct,
      full,
      cc: null,
      capc: { pfn: -1 },
      scanning: false,
      isolated: false,
    });
  }

  private begin(pid: number, zoneStart: number, migratePfn: number, freePfn: number, sync: number): void {
    const zone = this.m.zoneOf(zoneStart);
    if (zone === undefined) return;
    if (!this.runs.has(pid)) this.ask(pid, -1, 0, false, true);
    const run = this.runs.get(pid)!;
    const cc = new CompactControl(this.m, zone, {
      order: run.order,
      gfp: run.gfp,
      mode: sync === 0 ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
      direct: run.direct,
      ignoreSkipHint: run.full,
    });
    cc.migratePfn = migratePfn;
    cc.freePfn = freePfn;
    zone.compact.cachedFreePfn = freePfn;
    run.cc = cc;
    run.scanning = false;
    run.isolated = true;
  }

  /** The run continues: it searches for its next sources, with a fast search first. */
  private finished(run: Run, cc: CompactControl, ret: number): void {
    if (!run.isolated) cc.migratePfn = cc.freePfn;
    run.isolated = false;
    run.scanning = false;
    if (this.recorder >= 2) return;
    if (ret === COMPACT_CONTINUE || ret === COMPACT_NO_SUITABLE_PAGE) fastFindMigrateblock(this.m, cc);
  }

  /** The free scanner has scanned [start, stopped) of a block. */
  private scannedTargets(cc: CompactControl, start: number, stopped: number): void {
    const block = start - (start % this.m.pageblockPages);
    const end = Math.min(block + this.m.pageblockPages, cc.zone.endPfn);
    cc.freePfn = stopped < end ? stopped : block - this.m.pageblockPages;
    if (stopped === end && block < cc.zone.compact.cachedFreePfn) cc.zone.compact.cachedFreePfn = block;
  }
}
