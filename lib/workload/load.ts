/**
 * A load is the activity of a workload, without a clock: `turn(n)` does work that requests about n pages. A workload paces its load
 * by simulated time; `uptime` shares a budget of pages among several loads.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import type { Field, Fields, OutOf, TimeIn } from "../schema/field";
import { type Actor, defineWorkload, type WorkloadKind } from "./workload";

export interface Load {
  /** Does work that requests about `pages` pages; returns how many it requested (0: nothing to do, or no memory). */
  turn(pages: number): number;
  /** Limits its processes, buffers or objects from now on, relative to their usual number; surplus ones end. */
  scale?(factor: number): void;
  /** Ends it and frees what it holds, except for what its kind leaves behind. */
  stop(): void;
}

/** A number of things, scaled; never none. */
export function scaled(usual: number, factor: number): number {
  return Math.max(1, Math.round(usual * factor));
}

/** Pages per step: small enough for loads to interleave, large enough for the clock to cost nothing. */
const STEP_PAGES = 256;
/** At least one step per minute, so that slow loads are spread over time too. */
const LONGEST_STEP_MS = 60_000;

/** A load at an even pace. */
export class Paced implements Actor {
  nextMs: number;
  private readonly load: Load;
  private readonly stepMs: number;
  private readonly stepPages: number;
  private owed: number;

  constructor(load: Load, pagesPerSecond: number, startMs: number) {
    this.load = load;
    const ms = pagesPerSecond > 0 ? (STEP_PAGES / pagesPerSecond) * 1000 : Number.POSITIVE_INFINITY;
    this.stepMs = pagesPerSecond > 0 ? Math.min(ms, LONGEST_STEP_MS) : ms;
    this.stepPages = (pagesPerSecond * Math.min(this.stepMs, LONGEST_STEP_MS)) / 1000;
    this.owed = 0;
    this.nextMs = pagesPerSecond > 0 ? startMs : Number.POSITIVE_INFINITY;
  }

  step(): void {
    this.owed += this.stepPages;
    const due = Math.floor(this.owed);
    // The next turn makes up for what a turn did beyond or short of its share; work that memory did not allow is lost.
    if (due > 0)
      this.owed = Math.max(-STEP_PAGES * 64, Math.min(this.owed - this.load.turn(due), this.stepPages));
    this.nextMs += this.stepMs;
  }

  stop(): void {
    this.load.stop();
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

/** The statement of a paced workload; P: its parameters. */
export interface PacedKind<K extends string, P extends Timed>
  extends Pick<
    WorkloadKind<K, P>,
    "kind" | "title" | "summary" | "parameters" | "leaves" | "pagesPerSecond"
  > {
  load(system: System, parameters: OutOf<P>, random: Random): Load;
}

/** Parameters with a duration. */
type Timed = Fields & { readonly duration: Field<number, TimeIn> };

/** States a workload whose load runs at an even pace for its `duration`. */
export function definePaced<const K extends string, const P extends Timed>({
  load,
  ...stated
}: PacedKind<K, P>): WorkloadKind<K, P> {
  return defineWorkload({
    ...stated,
    durationMs: (p) => (p as OutOf<P> & { duration: number }).duration,
    start: (system, p, random, startMs) =>
      new Paced(load(system, p, random), stated.pagesPerSecond(p, system), startMs),
  });
}

/** Pages of `bytes`, at least one. */
export function pagesOf(system: Pick<System, "pageSize">, bytes: number): number {
  return Math.max(1, Math.ceil(bytes / system.pageSize));
}
