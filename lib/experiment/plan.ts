/** The outcome of a run. lib/plan states its plan. */
import type { DecisionCounts } from "../change/counts";
import type { Constraint } from "../strategy/strategy";
import type { ProbeFigures } from "../workload/probe";
import type { RecordedRun } from "./recorded-run";

export { type Plan, planHash } from "../plan/run";

/** The requests of a run as columns, one entry per request. Times are modelled. */
export interface RequestColumns {
  /** 1 granted, 0 not. */
  granted: number[];
  /** 0, or the kernel's negative error. */
  errno: number[];
  /** First page frame, or −1. */
  pfn: number[];
  /** Modelled latency in nanoseconds. */
  latencyNs: number[];
  /** Ranges that were tried and found busy. */
  busyRetries: number[];
  /** Pages migrated, dropped or written for it. */
  migrated: number[];
  reclaimed: number[];
}

/** Why a request failed: in words, and as data. A run keeps only a few. */
export interface FailureNote {
  request: number;
  text: string;
  /** ContigFailureReport or similar; plain JSON, cut to the essentials. */
  data: unknown;
}

/** The outcome of a run; plain JSON. */
export interface Outcome {
  /** SHA-256 of the plan. */
  plan: string;
  requests: RequestColumns;
  /**
   * Metrics of the run by name; `lib/metrics` lists names, units and meaning. A metric that does not apply is absent.
   */
  metrics: Record<string, number>;
  /** What workloads measured of their own requests; absent if none did. */
  probes?: ProbeFigures[];
  /** What a user has to know or configure, in words. */
  remarks: string[];
  /** Checks of the memory last granted: pins, masks, nodes, limits, fork. */
  constraints: Constraint[];
  failures: FailureNote[];
  /** Tables and series, if the plan has a `record`. */
  recorded?: RecordedRun;
  /** Only for a kernel with a change: how often it was asked, and answered otherwise than the stock rule, from boot on. */
  decisions?: DecisionCounts;
}
