/**
 * Workloads: the activity of a machine before and while memory is requested. A spec is plain JSON; run on a system with a seed,
 * it gives the same operations everywhere.
 */
import type { Random } from "../base/random";
import type { CostTable } from "../hardware/costs";
import type { System } from "../machine/system";
import type { OwnerKind } from "../mm/state/owners";
import type { Fields, OutOf } from "../schema/field";
import type { RecordedEvents } from "../trace/recorded-events";
import type { Probe } from "./probe";

/** A workload in a plan: one generator with its parameters, or a composition. */
export type WorkloadSpec = LeafWorkload | SequenceWorkload | TogetherWorkload;

/** A generator and its parameters. */
export interface LeafWorkload {
  kind: string;
  [parameter: string]: string | number | boolean;
}

/** One after the other. Finite parts run before the requests; an endless last part continues while requests are made. */
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

/** The generators of a workload in the order in which it states them; none for no workload. */
export function leavesOf(spec: WorkloadSpec | undefined): LeafWorkload[] {
  if (spec === undefined) return [];
  if (isSequence(spec)) return spec.sequence.flatMap(leavesOf);
  return isTogether(spec) ? spec.together.flatMap(leavesOf) : [spec];
}

/** One running workload. */
export interface Actor {
  /** Simulated time of its next step, milliseconds since boot; Infinity when it is done. */
  readonly nextMs: number;
  /** It has finished before its time is over. */
  readonly done?: boolean;
  /** What it measures of its own requests. */
  readonly probes?: readonly Probe[];
  /** Does the work that is due, and sets `nextMs` to a later time. */
  step(): void;
  /** Ends it and frees what it holds, except for what its kind leaves behind. */
  stop(): void;
}

/** What a workload needs besides the machine: files that were read for it. */
export interface WorkloadInputs {
  /** Recorded traces by the SHA-256 of their text. */
  recordings: ReadonlyMap<string, RecordedEvents>;
}

/** What of a machine sets the pace of a workload: a running one has it, and one on paper too. */
export interface RatedMachine {
  readonly pageSize: number;
  readonly managedPages: number;
  readonly freePages: number;
  readonly costs: CostTable;
  readonly memory: { readonly thpOrder: number };
}

/** One generator; stateless. */
export interface WorkloadKind<K extends string = string, P extends Fields = Fields> {
  /** Its name in plans, in kebab-case. */
  readonly kind: K;
  readonly title: string;
  /** What it models, in two or three sentences. */
  readonly summary: string;
  /** Every parameter with its meaning, unit, limits and default. Types, checks, completion and tables are read from it. */
  readonly parameters: P;
  /** Kinds of pages that stay in memory when it ends: caches that nothing empties, processes that continue. */
  readonly leaves: readonly OwnerKind[];
  /** Simulated milliseconds it lasts; Infinity if it continues until it is stopped. */
  durationMs(parameters: OutOf<P>): number;
  /** Pages that it requests per simulated second after its start-up. */
  pagesPerSecond(parameters: OutOf<P>, machine: RatedMachine): number;
  /** Throws InputError if `inputs` are not all that it needs. Asked before the machine ages. */
  checkInputs?(parameters: OutOf<P>, inputs: WorkloadInputs): void;
  start(system: System, parameters: OutOf<P>, random: Random, startMs: number, inputs: WorkloadInputs): Actor;
}

/** States a workload. To add one, write a file that calls this and name it in index.ts. */
export function defineWorkload<const K extends string, const P extends Fields>(
  workload: WorkloadKind<K, P>,
): WorkloadKind<K, P> {
  return Object.freeze(workload);
}
