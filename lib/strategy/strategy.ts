/** What every way to get contiguous memory has in common: how the machine is set up for it, and how a request is put. */
import type { Answer } from "../base/answer";
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";
import type { Cause } from "../mm/contiguous/contig-failure";
import type { MemoryRequest } from "./request";

export type { MemoryRequest } from "./request";

/** A strategy in a plan: its name and parameters. */
export interface StrategySpec {
  name: string;
  [parameter: string]: string | number | boolean;
}

/** A strategy of a comparison, with the label it has there. */
export interface LabelledStrategy {
  label: string;
  spec: StrategySpec;
}

/** What became of one request. */
export interface Attempt extends Answer {
  /** First frame and pages; more than one piece where the device or the CPU can do with pieces (IOMMU, adjacent huge pages). */
  pieces: { pfn: number; pages: number }[];
  busyRetries: number;
  /** Pages of clean file cache that were dropped for it, which no counter of the machine tells; default 0. */
  dropped?: number;
  /** The memory was set aside before: nothing had to be taken from the allocator; default false. */
  ready?: boolean;
  /** What was in the way of all the ranges that were tried; `details` keeps the first of them only. */
  causes?: Cause[];
}

/** One fact that was checked of a request or of its memory. */
export interface Constraint {
  /** longterm-pin, dma-mask, one-node, contiguity, alignment, cpu-mapping, memlock, privilege, fork, ksm, numa-migration… */
  name: string;
  /** Whether the request can live with what was found. */
  ok: boolean;
  text: string;
}

/** The strategy on one running machine. */
export interface PreparedStrategy {
  request(): Attempt;
  release(attempt: Attempt): void;
  /** Figures of its own at the end of a run, by metric name. */
  metrics(): Record<string, number>;
  /** What was checked of the memory last granted, or of the request where none was. */
  constraints(): Constraint[];
  /** What else somebody has to know, in words. */
  remarks(): string[];
}

/** One way to get contiguous memory; stateless. */
export interface Strategy {
  name: string;
  /** A few words for tables and charts. */
  title: string;
  /** What the article and later history say of it, in our own words; what is modelled. */
  summary: string;
  /** What an administrator or a builder must configure for it. */
  configure: string;
  /** Who decides that memory is taken, and when. */
  control: string;
  /** The first release that has it, or that no release has it. */
  since: string;
  /** Where that is from, a line each. */
  sources: readonly string[];
  /** Parameters it takes, with defaults. */
  defaults: Record<string, string | number | boolean>;
  /** What each parameter means, with its unit. */
  meanings: Record<string, string>;
  /** The machine as it boots under this strategy; throws InputError where the strategy cannot be had on it. */
  machine(base: BootRequest, spec: StrategySpec, request: MemoryRequest): BootRequest;
  /** prepare() takes memory or changes what the machine does; else it only looks, and machines may be shared. Default false. */
  takesAtBoot?: boolean;
  /** After boot, before anything else runs. */
  prepare(system: System, spec: StrategySpec, request: MemoryRequest): PreparedStrategy;
}
