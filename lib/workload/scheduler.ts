/**
 * Runs workloads on a system: compositions become actors, and the actor with the earliest time steps next. Equal specs, seeds and
 * systems give the same operations.
 */
import { InputError } from "../base/errors";
import type { Random } from "../base/random";
import { camel } from "../base/spelling";
import type { System } from "../machine/system";
import { durationMs, resolveParameters, workloadKind } from ".";
import type { Probe, ProbeFigures } from "./probe";
import {
  type Actor,
  isSequence,
  isTogether,
  leavesOf,
  type WorkloadInputs,
  type WorkloadSpec,
} from "./workload";

const NO_INPUTS: WorkloadInputs = { recordings: new Map() };

/** The finite parts of a workload, which run before the requests, and the endless one that continues meanwhile, if any. */
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

/** Throws InputError if an input of any part is missing. */
export function checkInputs(spec: WorkloadSpec | undefined, inputs: WorkloadInputs = NO_INPUTS): void {
  for (const leaf of leavesOf(spec)) workloadKind(leaf.kind).checkInputs?.(resolveParameters(leaf), inputs);
}

/** A workload on a machine, with its own streams of random numbers. */
export class WorkloadRun {
  private readonly system: System;
  private readonly random: Random;
  private readonly inputs: WorkloadInputs;
  private actors: Actor[];
  private started: number;
  private readonly measured: { workload: string; probes: readonly Probe[] }[];

  /** `inputs`: what was read for the workload; only `recordedTrace` needs any. */
  constructor(system: System, random: Random, inputs: WorkloadInputs = NO_INPUTS) {
    this.inputs = inputs;
    this.system = system;
    this.random = random;
    this.actors = [];
    this.started = 0;
    this.measured = [];
    system.processors.seed(random.fork("processors"));
  }

  /** What the workloads so far measured of their own requests, those that have ended included. */
  probes(): ProbeFigures[] {
    const times = new Map<string, number>();
    return this.measured.flatMap(({ workload, probes }) => {
      const time = (times.get(workload) ?? 0) + 1;
      times.set(workload, time);
      return probes.map((probe) => probe.figures(time === 1 ? workload : `${workload}${time}`));
    });
  }

  /** Runs a finite workload to its end; caches and daemons that outlive it stay in memory. */
  toEnd(spec: WorkloadSpec): void {
    const start = this.system.nowMs;
    const lasts = durationMs(spec);
    this.start(spec);
    this.endAt(start + lasts);
  }

  /** Runs what was started until `ms`, or until every part is done, and ends it. */
  endAt(ms: number): void {
    this.runUntil(ms, true);
    for (const actor of this.actors) actor.stop();
    this.actors = [];
  }

  /** Starts a workload; runUntil() continues it. */
  start(spec: WorkloadSpec): void {
    const { system } = this;
    if (isSequence(spec)) throw new InputError("workload: parts that follow one another are run one by one");
    if (isTogether(spec)) {
      for (const part of spec.together) this.start(part);
      return;
    }
    const kind = workloadKind(spec.kind);
    checkInputs(spec, this.inputs);
    // The label seeds the part's random numbers: in camelCase, as plans of format 1 had it, so that they stay the same.
    const random = this.random.fork(`${this.started++}:${camel(kind.kind)}`);
    const actor = kind.start(system, resolveParameters(spec), random, system.nowMs, this.inputs);
    this.actors.push(actor);
    if (actor.probes !== undefined) this.measured.push({ workload: camel(kind.kind), probes: actor.probes });
  }

  /**
   * Runs everything that is due before `ms`, in order of time, then moves the clock there. `orDone`: stops the clock as soon as
   * every part is done.
   */
  runUntil(ms: number, orDone = false): void {
    const { system } = this;
    for (;;) {
      let next: Actor | null = null;
      for (const actor of this.actors) if (next === null || actor.nextMs < next.nextMs) next = actor;
      if (next === null || next.nextMs >= ms) break;
      if (next.nextMs > system.nowMs) system.advanceTo(next.nextMs);
      system.processors.anywhere();
      next.step();
      if (orDone && this.actors.every((a) => a.done === true)) return;
    }
    if (ms > system.nowMs) system.advanceTo(ms);
  }
}
