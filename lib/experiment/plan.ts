/** What a run gives. Its plan is stated in lib/plan. */
import type { Constraint } from "../strategy/strategy";

export { type Plan, planHash } from "../plan/run";

/** The requests of a run as columns, one entry a request. Times are modelled. */
export interface RequestColumns {
  /** 1 granted, 0 not. */
  granted: number[];
  /** 0, or the kernel's negative error. */
  errno: number[];
  /** First frame, or −1. */
  pfn: number[];
  /** Modelled time to the answer, nanoseconds. */
  latencyNs: number[];
  /** Ranges that were tried and busy. */
  busyRetries: number[];
  /** Pages migrated, dropped or written for it. */
  migrated: number[];
  reclaimed: number[];
}

/** Why a request failed: in words, and as data. At most a few a run are kept. */
export interface FailureNote {
  request: number;
  text: string;
  /** ContigFailureReport or similar; plain JSON, cut to what a reader needs. */
  data: unknown;
}

/** What a run gave; plain JSON. */
export interface Outcome {
  /** SHA-256 of the plan. */
  plan: string;
  requests: RequestColumns;
  /** Figures of the run by name; `lib/metrics` lists names, units and meaning. A figure that does not apply is absent. */
  metrics: Record<string, number>;
  /** What somebody has to know or configure, in words. */
  remarks: string[];
  /** What was checked of the memory last granted: pins, masks, nodes, limits, fork. */
  constraints: Constraint[];
  failures: FailureNote[];
}
