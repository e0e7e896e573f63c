/**
 * Records a run: fallbacks as mm_page_alloc_extfrag tells them, page blocks by what they hold, free lists, compaction, huge
 * pages, large requests by order, reclaim, and CPU time by the model's counts. Counts are from boot on. Memory is bounded:
 * tables by what orders and types there are, series by their number of points.
 */
import { elapsedNs } from "../hardware/costs";
import type { RecordedSystem, SystemWatcher } from "../machine/recorded-system";
import { blockUse } from "../mm/reports/block-use";
import { largestFreeRange } from "../mm/reports/largest-free";
import type { ExtfragEvent } from "../mm/state/trace-points";
import { RECORD_DEFAULTS, RECORDED, type Recorded, type RecordOptions } from "../plan/record";
import { LatencyHistogram } from "../workload/latency-histogram";
import { BoundedSeries } from "./bounded-series";
import { FallbackTable } from "./fallback-table";
import { unusableIndex } from "./meter";
import type { RecordedRun } from "./recorded-run";
import { meanOverTime } from "./time-mean";

/** Functions that read one value each. */
type Readings = Record<string, () => number>;

export class Recorder implements SystemWatcher {
  private readonly groups: ReadonlySet<Recorded>;
  private readonly table: FallbackTable;
  private readonly granted: LatencyHistogram;
  private readonly fellBack: LatencyHistogram;
  /** By order: requests made and granted. */
  private readonly asked: number[];
  private readonly got: number[];
  private readonly read: Readings;
  private readonly points: number;
  private readonly series: BoundedSeries;
  private asking: BoundedSeries | null;
  private forNothing: number;

  /** Starts to record `system`, of which `expectedMs` of simulated time are planned. */
  constructor(
    private readonly system: RecordedSystem,
    { metrics = [...RECORDED], points = RECORD_DEFAULTS.points }: RecordOptions,
    expectedMs: number,
  ) {
    this.groups = new Set(metrics);
    this.table = new FallbackTable(system.memory.pageblockOrder);
    this.granted = new LatencyHistogram();
    this.fellBack = new LatencyHistogram();
    this.asked = [];
    this.got = [];
    this.forNothing = 0;
    this.read = this.readings();
    this.points = points;
    this.series = this.seriesOf(expectedMs, 0);
    this.asking = null;
    system.watch(this);
    const extfrag = (event: ExtfragEvent) => this.table.add(event);
    if (this.groups.has("fallbacks")) system.allocator.observe({ sparse: true, extfrag });
    this.tick(system.nowMs);
  }

  tick(nowMs: number): void {
    const wanting = this.all().filter((one) => one.wants(nowMs));
    if (wanting.length === 0) return;
    const values = this.values();
    for (const one of wanting) one.add(nowMs, values);
  }

  /** The requests begin, for which `expectedMs` are planned: from now on there is a series with bins for them alone. */
  startRequests(expectedMs: number): void {
    const { nowMs } = this.system;
    this.asking = this.seriesOf(expectedMs, nowMs);
    this.asking.add(nowMs, this.values());
  }

  private seriesOf(expectedMs: number, fromMs: number): BoundedSeries {
    const widthMs = Math.max(1, Math.ceil(expectedMs / this.points));
    return new BoundedSeries(Object.keys(this.read), this.points, widthMs, fromMs);
  }

  private all(): BoundedSeries[] {
    return this.asking === null ? [this.series] : [this.series, this.asking];
  }

  private values(): number[] {
    return Object.values(this.read).map((value) => value());
  }

  large({ order, granted, reclaimed }: Parameters<SystemWatcher["large"]>[0]): void {
    this.asked[order] = (this.asked[order] ?? 0) + 1;
    if (granted) this.got[order] = (this.got[order] ?? 0) + 1;
    else this.forNothing += reclaimed;
  }

  hugeFault({ granted, ns }: Parameters<SystemWatcher["hugeFault"]>[0]): void {
    (granted ? this.granted : this.fellBack).add(ns);
  }

  /** Pages reclaimed during a request of the run that was refused. */
  refused(reclaimed: number): void {
    this.forNothing += reclaimed;
  }

  /** Stops recording. The values at the end by name, and what was recorded. */
  finish(): { metrics: Record<string, number>; recorded: RecordedRun } {
    const { system, groups } = this;
    system.watch(null);
    if (groups.has("fallbacks")) system.allocator.observe(null);
    const values = this.values();
    const all = this.all().map((one) => {
      one.end(system.nowMs, values);
      return one.columns();
    });
    const metrics = Object.fromEntries(Object.keys(this.read).map((name, i) => [name, values[i]!]));
    const hugeFaults = { granted: this.granted.quantiles(), fellBack: this.fellBack.quantiles() };
    return {
      metrics: {
        othersAsked: this.othersAsked(),
        othersFreed: system.counters.frees,
        ...metrics,
        ...(groups.has("freeLists") && {
          largestFreeBytes: largestFreeRange(system.memory) * system.pageSize,
        }),
        ...(groups.has("blocks") && {
          mixedBlocksEnd: metrics.mixedBlocks!,
          unmovableBlocksEnd: metrics.unmovableBlocks!,
          mixedBlocksMean: meanOverTime(all, "mixedBlocks"),
          unmovableBlocksMean: meanOverTime(all, "unmovableBlocks"),
        }),
        ...(groups.has("fallbacks") && this.table.metrics()),
        ...(groups.has("hugePages") && hugeMetrics(this.system, hugeFaults)),
      },
      recorded: {
        ...(groups.has("fallbacks") && { fallbacks: this.table.columns() }),
        ...(groups.has("orders") && { orders: this.orders() }),
        ...(groups.has("hugePages") && { hugeFaults }),
        series: all[0]!,
        ...(all[1] !== undefined && { requestSeries: all[1] }),
      },
    };
  }

  /** Pages, folios and huge pages that the workload asked for. */
  private othersAsked(): number {
    const { allocations, thpAllocated, thpFellBack } = this.system.counters;
    return allocations + thpAllocated + thpFellBack;
  }

  private orders(): NonNullable<RecordedRun["orders"]> {
    const order = [...this.asked.keys()].filter((o) => this.asked[o] !== undefined);
    return { order, asked: order.map((o) => this.asked[o]!), granted: order.map((o) => this.got[o] ?? 0) };
  }

  private readings(): Readings {
    const { system, table } = this;
    const { memory: m, counters, costs } = system;
    const c = m.counters;
    let blocks = { mixed: 0, unmovable: 0 };
    const nrFree = (order: number) => m.zones.reduce((n, z) => n + (z.nrFree[order] ?? 0), 0);
    const byOrder = Array.from({ length: m.maxOrder + 1 }, (_, order) => [
      `freeOrder${order}`,
      () => nrFree(order),
    ]);
    const all: Record<Recorded, Readings> = {
      fallbacks: {
        fallbacks: () => table.total,
        fallbacksClaimed: () => table.claimed,
        fallbacksStolen: () => table.total - table.claimed,
      },
      blocks: {
        // One walk gives both: the first reading makes it.
        mixedBlocks: () => {
          blocks = blockUse(m);
          return blocks.mixed;
        },
        unmovableBlocks: () => blocks.unmovable,
      },
      freeLists: {
        freeBytes: () => system.freePages * system.pageSize,
        unusableIndex: () => unusableIndex(m),
        ...Object.fromEntries(byOrder),
      },
      compaction: {
        compactScanned: () => c.compact_migrate_scanned + c.compact_free_scanned,
        compactMigrated: () => c.pgmigrate_success,
        compactMoveFailed: () => c.pgmigrate_fail,
        compactStalls: () => c.compact_stall,
        compactSucceeded: () => c.compact_success,
        compactFailed: () => c.compact_fail,
      },
      hugePages: {
        thpAllocated: () => counters.thpAllocated,
        thpFellBack: () => counters.thpFellBack,
      },
      orders: {
        largeAsked: () => this.asked.reduce((n, one) => n + (one ?? 0), 0),
        largeGranted: () => this.got.reduce((n, one) => n + (one ?? 0), 0),
      },
      reclaim: {
        reclaimScanned: () => c.pgscan_kswapd + c.pgscan_direct,
        reclaimedPages: () => system.reclaimedPages,
        reclaimedForNothing: () => this.forNothing,
      },
      cost: {
        cpuCompactionNs: () => elapsedNs(picked(system, COMPACTION), costs),
        cpuReclaimNs: () => elapsedNs(picked(system, RECLAIM), costs),
      },
    };
    return Object.assign({}, ...RECORDED.filter((one) => this.groups.has(one)).map((one) => all[one]));
  }
}

/** Events that cost CPU time; what a device does meanwhile (writing, reading back) is not among them. */
const COMPACTION = ["migratePage", "migrateFailed", "scanFrame"] as const;
const RECLAIM = ["reclaimScan", "reclaimDrop"] as const;

function picked(system: RecordedSystem, names: readonly ("scanFrame" | string)[]) {
  return Object.fromEntries(Object.entries(system.events()).filter(([name]) => names.includes(name)));
}

function hugeMetrics(
  { counters }: RecordedSystem,
  { granted }: NonNullable<RecordedRun["hugeFaults"]>,
): Record<string, number> {
  const asked = counters.thpAllocated + counters.thpFellBack;
  return {
    ...(asked > 0 && { thpShare: counters.thpAllocated / asked }),
    ...(granted !== null && { thpP50Ns: granted.p50Ns, thpP95Ns: granted.p95Ns, thpP99Ns: granted.p99Ns }),
  };
}
