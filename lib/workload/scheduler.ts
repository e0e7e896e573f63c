/**
 * Running workloads on a system: compositions become actors, and the actor whose time has come steps next. Equal specs, seeds
 * and systems give the same operations.
 */
import { InputError, unknownName } from "../base/errors";
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { WORKLOADS } from "./kinds";
import { type ResolvedValues, resolveAll } from "./parameters";
import {
  type Actor,
  isSequence,
  isTogether,
  type LeafWorkload,
  type WorkloadInputs,
  type WorkloadKind,
  type WorkloadSpec,
} from "./workload";

/** The generator of a leaf. Throws InputError naming the known ones. */
export function workloadKind(kind: string): WorkloadKind {
  const found = WORKLOADS.get(kind);
  if (found === undefined) throw unknownName("workload", kind, [...WORKLOADS.keys()]);
  return found;
}

/** A leaf with every parameter filled in, in bytes and milliseconds; throws InputError for an unknown or ill-typed one. */
export function resolveParameters(spec: LeafWorkload): ResolvedValues {
  const { parameters, kind } = workloadKind(spec.kind);
  return resolveAll(kind, parameters, spec);
}

/** Milliseconds a workload lasts; Infinity when a part of it goes on until it is stopped. */
export function durationMs(spec: WorkloadSpec): number {
  if (isSequence(spec)) return spec.sequence.reduce((ms, part) => ms + durationMs(part), 0);
  if (isTogether(spec)) return spec.together.reduce((ms, part) => Math.max(ms, durationMs(part)), 0);
  return workloadKind(spec.kind).durationMs(resolveParameters(spec));
}

/** The finite parts of a workload, which run before the requests, and the endless one that goes on meanwhile, if any. */
export function partsOf(spec: WorkloadSpec | undefined): {
  before: WorkloadSpec[];
  during: WorkloadSpec | null;
} {
  if (spec === undefined) return { before: [], during: null };
  const flat = flatten(spec);
  const endless = flat.findIndex((part) => durationMs(part) === Number.POSITIVE_INFINITY);
  if (endless < 0) return { before: flat, during: null };
  if (endless < flat.length - 1)
    throw new InputError(
      `workload: part ${endless + 1} of ${flat.length} goes on until it is stopped, so nothing can come after it`,
    );
  return { before: flat.slice(0, -1), during: flat[endless]! };
}

function flatten(spec: WorkloadSpec): WorkloadSpec[] {
  return isSequence(spec) ? spec.sequence.flatMap(flatten) : [spec];
}

/** A workload on a machine, with its own streams of random numbers. */
export class WorkloadRun {
  private readonly system: System;
  private readonly random: Random;
  private readonly inputs: WorkloadInputs;
  private actors: Actor[];
  private started: number;

  /** `inputs`: what was read for the workload; only `recordedTrace` needs any. */
  constructor(system: System, random: Random, inputs: WorkloadInputs = { recordings: new Map() }) {
    this.inputs = inputs;
    this.system = system;
    this.random = random;
    this.actors = [];
    this.started = 0;
  }

  /** Runs a finite workload to its end; what outlives it (caches, daemons) stays in memory. */
  toEnd(spec: WorkloadSpec): void {
    const start = this.system.nowMs;
    const lasts = durationMs(spec);
    this.start(spec);
    this.runUntil(start + lasts, true);
    for (const actor of this.actors) actor.stop();
    this.actors = [];
  }

  /** Starts a workload; runUntil() makes it go on. */
  start(spec: WorkloadSpec): void {
    const { system } = this;
    if (isSequence(spec)) throw new InputError("workload: parts that follow one another are run one by one");
    if (isTogether(spec)) {
      for (const part of spec.together) this.start(part);
      return;
    }
    const kind = workloadKind(spec.kind);
    const random = this.random.fork(`${this.started++}:${spec.kind}`);
    this.actors.push(kind.start(system, resolveParameters(spec), random, system.nowMs, this.inputs));
  }

  /**
   * Lets everything that is due before `ms` happen, in order of time, then moves the clock there. `orDone`: or stops the clock as
   * soon as every part says that it is done.
   */
  runUntil(ms: number, orDone = false): void {
    const { system } = this;
    for (;;) {
      let next: Actor | null = null;
      for (const actor of this.actors) if (next === null || actor.nextMs < next.nextMs) next = actor;
      if (next === null || next.nextMs >= ms) break;
      if (next.nextMs > system.nowMs) system.advanceTo(next.nextMs);
      next.step();
      if (orDone && this.actors.every((a) => a.done === true)) return;
    }
    if (ms > system.nowMs) system.advanceTo(ms);
  }
}
