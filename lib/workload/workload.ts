/**
 * Workloads: what a machine does before and while it is asked for memory. A spec is plain JSON; running it on a system with
 * a seed gives the same operations everywhere.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";

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
  /** Does what is due, and sets `nextMs` later. */
  step(): void;
  /** Ends it: what it still holds is freed. */
  stop(): void;
}

/** One generator; stateless. */
export interface WorkloadKind {
  kind: string;
  title: string;
  /** What it models and what its figures rest on. */
  summary: string;
  /** Parameters with unit, default and meaning. */
  parameters: Record<string, { unit: string; default: string | number | boolean; meaning: string }>;
  /** Simulated milliseconds it lasts; Infinity when it goes on until it is stopped. */
  durationMs(spec: Record<string, string | number | boolean>): number;
  start(
    system: System,
    spec: Record<string, string | number | boolean>,
    random: Random,
    startMs: number,
  ): Actor;
}
