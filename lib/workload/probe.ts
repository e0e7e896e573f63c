/** What a workload measures of its own requests: how many were granted, and how long they took. */
import { type EventCounts, elapsedNs } from "../hardware/costs";
import type { System } from "../machine/system";
import { LatencyHistogram, type LatencyQuantilesNs } from "./latency-histogram";

/** The figures of one probe; plain JSON. Times are modelled. */
export interface ProbeFigures {
  /** The kind of workload, in camelCase; with a number if several parts are of that kind. */
  workload: string;
  /** What was asked for, in camelCase: `order3`, `threads4`. */
  name: string;
  asked: number;
  granted: number;
  /** Null if there was none. */
  grantedNs: LatencyQuantilesNs | null;
  refusedNs: LatencyQuantilesNs | null;
}

export class Probe {
  private readonly grantedNs: LatencyHistogram;
  private readonly refusedNs: LatencyHistogram;

  constructor(readonly name: string) {
    this.grantedNs = new LatencyHistogram();
    this.refusedNs = new LatencyHistogram();
  }

  /**
   * Makes one request. Its time is the room made meanwhile, by whomever, and what `own()` says of it afterwards: taking and clearing
   * pages. Returns its time in nanoseconds.
   */
  measure(system: System, request: () => boolean, own: (granted: boolean) => EventCounts): number {
    const before = system.events();
    const granted = request();
    const ns = Math.round(system.elapsedNs(before) + elapsedNs(own(granted), system.costs));
    (granted ? this.grantedNs : this.refusedNs).add(ns);
    return ns;
  }

  figures(workload: string): ProbeFigures {
    const { name, grantedNs, refusedNs } = this;
    return {
      workload,
      name,
      asked: grantedNs.samples + refusedNs.samples,
      granted: grantedNs.samples,
      grantedNs: grantedNs.quantiles(),
      refusedNs: refusedNs.quantiles(),
    };
  }
}

/** The figures as metrics of a run: `pressureOrder3Asked`, `…Granted`, `…Share`, `…P50Ns`, `…P99Ns`, `…RefusedP99Ns`. */
export function probeMetrics(probes: readonly ProbeFigures[]): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const { workload, name, asked, granted, grantedNs, refusedNs } of probes) {
    const stem = `${workload}${name[0]!.toUpperCase()}${name.slice(1)}`;
    metrics[`${stem}Asked`] = asked;
    metrics[`${stem}Granted`] = granted;
    if (asked > 0) metrics[`${stem}Share`] = granted / asked;
    if (grantedNs !== null) {
      metrics[`${stem}P50Ns`] = grantedNs.p50Ns;
      metrics[`${stem}P95Ns`] = grantedNs.p95Ns;
      metrics[`${stem}P99Ns`] = grantedNs.p99Ns;
      metrics[`${stem}MaxNs`] = grantedNs.maxNs;
    }
    if (refusedNs !== null) {
      metrics[`${stem}RefusedP50Ns`] = refusedNs.p50Ns;
      metrics[`${stem}RefusedP99Ns`] = refusedNs.p99Ns;
    }
  }
  return metrics;
}
