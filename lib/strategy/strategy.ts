/** What all ways to get contiguous memory share: how the machine is set up for one, and how a request is made. */
import type { Answer } from "../base/answer";
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";
import type { Cause } from "../mm/contiguous/contig-failure";
import type { Fields, OutOf } from "../schema/field";
import type { MemoryRequest } from "./request";

export type { MemoryRequest } from "./request";

/** A strategy in a plan: its name and the parameters that differ from their defaults. */
export interface StrategySpec {
  name: string;
  [parameter: string]: string | number | boolean;
}

/** A strategy of a comparison, with the label it has there. */
export interface LabelledStrategy {
  label: string;
  spec: StrategySpec;
}

/** The result of one request. */
export interface Attempt extends Answer {
  /** First frame and pages; several pieces if the device or the CPU accepts pieces (IOMMU, adjacent huge pages). */
  pieces: { pfn: number; pages: number }[];
  busyRetries: number;
  /** Pages of clean file cache dropped for it, which no counter of the machine includes; default 0. */
  dropped?: number;
  /** The memory was set aside before, so nothing had to be taken from the allocator; default false. */
  ready?: boolean;
  /** What was in the way of all the ranges that were tried; `details` keeps the first of them only. */
  causes?: Cause[];
}

/** One fact that was checked about a request or its memory. */
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
  /** Its own figures at the end of a run, by metric name. */
  metrics(): Record<string, number>;
  /** What was checked about the memory granted last, or about the request if nothing was granted. */
  constraints(): Constraint[];
  /** What else the reader has to know, in words. */
  remarks(): string[];
}

/** One way to get contiguous memory; stateless. */
export interface Strategy<N extends string = string, P extends Fields = Fields> {
  /** Its name in plans, in kebab-case. */
  readonly name: N;
  /** A few words for tables and charts. */
  readonly title: string;
  /** What the article and later history say about it, in our own words, and what is modelled. */
  readonly summary: string;
  /** What an administrator or a builder must configure for it. */
  readonly configure: string;
  /** Who decides that memory is taken, and when. */
  readonly control: string;
  /** The first release that has it, or that no release has it. */
  readonly since: string;
  /** Where that comes from, one line each. */
  readonly sources: readonly string[];
  /** Every parameter with its meaning, unit, limits and default. Types, checks, completion and tables are read from it. */
  readonly parameters: P;
  /** The machine as it boots under this strategy; throws InputError if the machine cannot have the strategy. */
  machine(base: BootRequest, parameters: OutOf<P>, request: MemoryRequest): BootRequest;
  /** prepare() takes memory or changes how the machine behaves. If false, the default, machines may be shared. */
  readonly takesAtBoot?: boolean;
  /** Runs after boot, before anything else. */
  prepare(system: System, parameters: OutOf<P>, request: MemoryRequest): PreparedStrategy;
}

/** States a strategy. To add one, write a file that calls this and name it in index.ts. */
export function defineStrategy<const N extends string, const P extends Fields>(
  strategy: Strategy<N, P>,
): Strategy<N, P> {
  return Object.freeze(strategy);
}
