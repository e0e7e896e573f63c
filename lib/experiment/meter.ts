/**
 * Measures requests on a running system in counted events and modelled time, and the state of the machine at the end.
 */
import { elapsedNs } from "../hardware/costs";
import type { System } from "../machine/system";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { Memory } from "../mm/state/memory";
import type { Attempt } from "../strategy/strategy";
import type { RequestColumns } from "./plan";

export class Meter {
  readonly columns: RequestColumns;
  private readonly started: { allocstall: number; compactStall: number; failures: number };

  constructor(private readonly system: System) {
    this.columns = {
      granted: [],
      errno: [],
      pfn: [],
      latencyNs: [],
      busyRetries: [],
      migrated: [],
      reclaimed: [],
    };
    const c = system.memory.counters;
    this.started = {
      allocstall: c.allocstall,
      compactStall: c.compact_stall,
      failures: system.counters.failures,
    };
  }

  /** Makes one request and records its costs. */
  measure(request: () => Attempt): Attempt {
    const { system, columns } = this;
    const before = system.events();
    const reclaimed = taken(system);
    const moved = system.memory.counters.pgmigrate_success;
    const attempt = request();
    const pages = attempt.ready ? 0 : attempt.pieces.reduce((n, p) => n + p.pages, 0);
    columns.granted.push(attempt.ok ? 1 : 0);
    columns.errno.push(attempt.errno);
    columns.pfn.push(attempt.pieces[0]?.pfn ?? -1);
    columns.latencyNs.push(
      Math.round(
        system.elapsedNs(before) +
          elapsedNs({ contigFreePage: pages, reclaimDrop: attempt.dropped ?? 0 }, system.costs),
      ),
    );
    columns.busyRetries.push(attempt.busyRetries);
    columns.migrated.push(system.memory.counters.pgmigrate_success - moved);
    columns.reclaimed.push(taken(system) - reclaimed);
    return attempt;
  }

  /** Stalls and failures of ordinary requests since the first measured one. */
  sinceStart(): { allocstall: number; compactStall: number; failures: number } {
    const c = this.system.memory.counters;
    return {
      allocstall: c.allocstall - this.started.allocstall,
      compactStall: c.compact_stall - this.started.compactStall,
      failures: this.system.counters.failures - this.started.failures,
    };
  }
}

function taken({ counters }: System): number {
  return counters.dropped + counters.written + counters.swapped;
}

/** Share of the free memory in pieces smaller than a page block, in the largest zone. */
export function unusableIndex({ zones, pageblockOrder }: Memory): number {
  const largest = zones.reduce((a, b) => (b.managed > a.managed ? b : a));
  return unusableFreeIndex(largest.nrFree, pageblockOrder) / 1000;
}

/** Metrics of a run by name: see lib/metrics. */
export function endMetrics(system: System, meter: Meter): Record<string, number> {
  const { memory: m, pageSize } = system;
  const order = m.pageblockOrder;
  let hugeFree = 0;
  let free = 0;
  for (const z of m.zones)
    for (let o = 0; o < z.nrFree.length; o++) {
      const pages = z.nrFree[o]! * (1 << o);
      free += pages;
      if (o >= order) hugeFree += pages;
    }
  const { allocstall, compactStall, failures } = meter.sinceStart();
  return {
    managedBytes: system.managedPages * pageSize,
    freeBytes: free * pageSize,
    pageblocksFree: hugeFree / (1 << order),
    pageblockBytes: pageSize * (1 << order),
    unusableIndex: unusableIndex(m),
    reclaimStalls: allocstall,
    compactionStalls: compactStall,
    othersFailed: failures,
    refaults: system.counters.refaults,
    thpAllocated: system.counters.thpAllocated,
    thpFellBack: system.counters.thpFellBack,
    uptimeMs: system.nowMs,
  };
}
