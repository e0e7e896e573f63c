/**
 * A plan says everything about one run and nothing else: equal plans give equal outcomes on every machine. Plain JSON;
 * the SHA-256 of its canonical text is its name.
 */
import { sha256Of } from "../base/canonical-json";
import type { CostName } from "../hardware/costs";
import type { BootRequest } from "../machine/boot-request";
import type { SystemOptions } from "../machine/system-options";
import type { Constraint, StrategySpec } from "../strategy/strategy";
import type { WorkloadSpec } from "../workload/workload";

/** What is asked for, and how often. */
export interface RequestSpec {
  /** Bytes, contiguous in physical memory. */
  bytes: number;
  /** How many requests are put, one after the other; default 1. */
  times?: number;
  /** Physical alignment in bytes, a power of two; default one page. */
  alignBytes?: number;
  /** Simulated milliseconds between requests, in which the endless part of the workload goes on; default 1000. */
  gapMs?: number;
  /** Requests whose memory is still held at a time; the oldest is released first; default 1. */
  held?: number;
  /** Who asks; default `driver`. */
  who?: "driver" | "user" | "boot";
  /** The memory is pinned for long (FOLL_LONGTERM), as RDMA does; default false. */
  longtermPin?: boolean;
  /** Addresses the device reaches, in bits; default 64. */
  dmaBits?: number;
  /** Size of the pages the CPU should map the memory with, in bytes; default: the base page. */
  cpuMapBytes?: number;
}

/** One run. */
export interface Plan {
  format: 1;
  machine: BootRequest;
  /** Mechanisms and swap; default: all on, no swap. */
  system?: SystemOptions;
  /** What happened before and happens while the requests are put; default: nothing, a machine fresh from boot. */
  workload?: WorkloadSpec;
  strategy: StrategySpec;
  request: RequestSpec;
  seed: number;
  /** Nanoseconds that replace figures of the cost table. */
  costs?: Partial<Record<CostName, number>>;
}

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

/** The name of a plan. */
export function planHash(plan: Plan): string {
  return sha256Of(plan);
}
