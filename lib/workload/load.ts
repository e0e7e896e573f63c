/**
 * A load is what a workload does, without a clock: `turn(n)` does work that asks for about n pages. A kind paces its load by
 * simulated time; `uptime` shares a budget of pages among several loads.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import type { OwnerKind } from "../mm/state/owners";
import type { Parameter, Resolved, ResolvedValues } from "./parameters";
import type { Actor, WorkloadKind } from "./workload";

export interface Load {
  /** Does work that asks for about `pages` pages; how many it asked for (0: nothing to do, or no memory). */
  turn(pages: number): number;
  /** How many of its processes, buffers or objects there may be from now on, against its usual number; what is too many goes. */
  scale?(factor: number): void;
  /** Ends it: what it holds is freed, but for what its kind leaves behind. */
  stop(): void;
}

/** A number of things, scaled; never none. */
export function scaled(usual: number, factor: number): number {
  return Math.max(1, Math.round(usual * factor));
}

/** Pages of one step: small enough that loads interleave, large enough that the clock costs nothing. */
const STEP_PAGES = 256;
/** A step a minute at least, so that slow loads are spread over time too. */
const LONGEST_STEP_MS = 60_000;

class Paced implements Actor {
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
    // What a turn does beyond or short of its share counts for the next one; lost for good is what memory did not allow.
    if (due > 0)
      this.owed = Math.max(-STEP_PAGES * 64, Math.min(this.owed - this.load.turn(due), this.stepPages));
    this.nextMs += this.stepMs;
  }

  stop(): void {
    this.load.stop();
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

/** What a paced kind has to say; P: its parameters as a plan writes them. */
export interface PacedKind<P> {
  kind: string;
  title: string;
  summary: string;
  parameters: { [K in keyof Required<P>]: Parameter };
  leaves: readonly OwnerKind[];
  pagesPerSecond(p: Resolved<P>, system: System): number;
  load(system: System, p: Resolved<P>, random: Random): Load;
}

/** A kind whose load runs at an even pace for its `duration`. */
export function pacedKind<P extends { duration?: string | number }>(k: PacedKind<P>): WorkloadKind {
  const typed = (p: ResolvedValues) => p as unknown as Resolved<P>;
  return {
    kind: k.kind,
    title: k.title,
    summary: k.summary,
    parameters: k.parameters as Record<string, Parameter>,
    leaves: k.leaves,
    durationMs: (p) => p.duration as number,
    pagesPerSecond: (p, system) => k.pagesPerSecond(typed(p), system),
    start: (system, p, random, startMs) =>
      new Paced(k.load(system, typed(p), random), k.pagesPerSecond(typed(p), system), startMs),
  };
}

/** Pages of `bytes`, at least one. */
export function pagesOf(system: System, bytes: number): number {
  return Math.max(1, Math.ceil(bytes / system.pageSize));
}
