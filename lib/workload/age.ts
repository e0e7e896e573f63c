/** Ageing to a target: a machine does what its profile says until memory is as full or as fragmented as asked. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import { count, type Parameter, type Resolved, share, type Time, time } from "./parameters";
import { AGEING_PARAMETERS, UptimeActor, uptime } from "./uptime";
import type { Profile } from "./uptime-profiles";
import type { Actor, WorkloadKind } from "./workload";

export interface AgeParameters {
  most?: Time;
  untilOccupancy?: number;
  untilUnusable?: number;
  order?: number;
  profile?: Profile;
  intensity?: number;
}

class Ageing implements Actor {
  nextMs: number;
  done: boolean;
  private readonly work: UptimeActor;

  constructor(
    private readonly system: System,
    random: Random,
    private readonly p: Resolved<AgeParameters>,
    startMs: number,
  ) {
    this.work = new UptimeActor(system, random, p.profile as Profile, p.intensity, startMs);
    this.nextMs = startMs;
    this.done = this.reached();
  }

  step(): void {
    if (!this.done) {
      this.work.step();
      this.done = this.reached();
    }
    this.nextMs = this.done ? Number.POSITIVE_INFINITY : this.work.nextMs;
  }

  /** Every target that was set. None set: it goes on for all of `most`. */
  private reached(): boolean {
    const { p, system } = this;
    if (p.untilOccupancy === 0 && p.untilUnusable === 0) return false;
    if (p.untilOccupancy > 0 && occupancy(system) < p.untilOccupancy) return false;
    return p.untilUnusable === 0 || unusable(system, p.order) >= p.untilUnusable;
  }

  stop(): void {
    this.work.stop();
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

/** Share of the allocator's memory that is in use; pages on per-CPU lists count as used. */
export function occupancy(system: System): number {
  return 1 - system.freePages / system.managedPages;
}

/** Unusable free index, 0 to 1, of the largest zone for an order; order 0: that of a page block. */
export function unusable(system: System, order: number): number {
  const { memory: m } = system;
  const largest = m.zones.reduce((a, b) => (b.managed > a.managed ? b : a));
  return unusableFreeIndex(largest.nrFree, order === 0 ? m.pageblockOrder : order) / 1000;
}

const PARAMETERS: Record<keyof AgeParameters, Parameter> = {
  most: time("90 days", "how long at most"),
  untilOccupancy: share(0, "share of memory in use at which it ends; 0: no such target"),
  untilUnusable: share(0, "unusable free index of the order at which it ends; 0: no such target"),
  order: { ...count(0, "order", "order of the index; 0: that of a page block"), most: 20 },
  ...AGEING_PARAMETERS,
};

const typed = (p: unknown) => p as Resolved<AgeParameters>;

export const age: WorkloadKind = {
  kind: "age",
  title: "ageing to a target",
  summary:
    "As uptime, but it ends, and the clock with it, as soon as the targets that were set are reached, and after the longest time allowed in any case.",
  parameters: PARAMETERS,
  leaves: uptime.leaves,
  durationMs: (p) => typed(p).most,
  pagesPerSecond: (p, system) => uptime.pagesPerSecond(p, system),
  start: (system, p, random, startMs) => new Ageing(system, random, typed(p), startMs),
};
