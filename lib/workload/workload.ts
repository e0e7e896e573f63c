/**
 * Workloads: what a machine does before and while it is asked for memory. A spec is plain JSON; running it on a system with
 * a seed gives the same operations everywhere.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import type { OwnerKind } from "../mm/state/owners";
import type { RecordedEvents } from "../trace/recorded-events";
import type { Parameter, ResolvedValues } from "./parameters";

/** A workload in a plan: one generator with its parameters, or a composition. */
export type WorkloadSpec = LeafWorkload | SequenceWorkload | TogetherWorkload;

/** A generator and its parameters. */
export interface LeafWorkload {
  kind: string;
  [parameter: string]: string | number | boolean;
}

/** One after the other. Finite parts run before the requests; an endless last part goes on while they are put. */
export interface SequenceWorkload {
  sequence: WorkloadSpec[];
}

/** Side by side, interleaved by simulated time. */
export interface TogetherWorkload {
  together: WorkloadSpec[];
}

export function isSequence(spec: WorkloadSpec): spec is SequenceWorkload {
  return Array.isArray((spec as SequenceWorkload).sequence);
}

export function isTogether(spec: WorkloadSpec): spec is TogetherWorkload {
  return Array.isArray((spec as TogetherWorkload).together);
}

/** One running workload. */
export interface Actor {
  /** Simulated time of its next step, milliseconds since boot; Infinity when it is done. */
  readonly nextMs: number;
  /** It has nothing more to do, before its time is over. */
  readonly done?: boolean;
  /** Does what is due, and sets `nextMs` later. */
  step(): void;
  /** Ends it: what it holds is freed, but for what its kind leaves behind. */
  stop(): void;
}

/** What a workload needs beside the machine: files that were read for it. */
export interface WorkloadInputs {
  /** Recorded traces by the SHA-256 of their text. */
  recordings: ReadonlyMap<string, RecordedEvents>;
}

/** One generator; stateless. */
export interface WorkloadKind {
  kind: string;
  title: string;
  /** What it models, in a sentence or two. */
  summary: string;
  /** Parameters with unit, default, limits and meaning. */
  parameters: Record<string, Parameter>;
  /** Kinds of pages that stay in memory when it ends: caches that nobody empties, processes that go on. */
  leaves: readonly OwnerKind[];
  /** Simulated milliseconds it lasts; Infinity when it goes on until it is stopped. */
  durationMs(parameters: ResolvedValues): number;
  /** Pages it asks for in a simulated second, once it has started up. */
  pagesPerSecond(parameters: ResolvedValues, system: System): number;
  start(
    system: System,
    parameters: ResolvedValues,
    random: Random,
    startMs: number,
    inputs: WorkloadInputs,
  ): Actor;
}
