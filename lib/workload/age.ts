/** Ageing to a target: a machine runs the loads of its profile until memory is as full or as fragmented as requested. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import { filled, type OutOf, share, time, whole } from "../schema/field";
import { LONGEST_MS } from "./parameters";
import { AGEING_PARAMETERS, DAY_MS, pagesADay, UptimeActor, uptime } from "./uptime";
import { type Actor, defineWorkload } from "./workload";

const PARAMETERS = {
  most: filled(time("the longest time", { default: "90 days", most: LONGEST_MS, endless: true })),
  untilOccupancy: filled(share("share of memory in use at which it ends; 0: no such target", { default: 0 })),
  untilUnusable: filled(
    share("unusable free index of the order at which it ends; 0: no such target", { default: 0 }),
  ),
  order: filled(whole("order of the index; 0: that of a page block", "order", { default: 0, most: 20 })),
  ...AGEING_PARAMETERS,
};

class Ageing implements Actor {
  nextMs: number;
  done: boolean;
  private readonly work: UptimeActor;

  constructor(
    private readonly system: System,
    random: Random,
    private readonly p: OutOf<typeof PARAMETERS>,
    startMs: number,
  ) {
    this.work = new UptimeActor(system, random, p, startMs);
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

  /** Whether every given target is reached. Without a target it lasts for all of `most`. */
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

export const age = defineWorkload({
  kind: "age",
  title: "ageing to a target",
  summary:
    "Like uptime, but it ends as soon as the given targets are reached, and after the longest time in any case. The clock stops with it.",
  parameters: PARAMETERS,
  leaves: uptime.leaves,
  durationMs: (p) => p.most,
  pagesPerSecond: (p, system) => pagesADay(system, p.intensity) / (DAY_MS / 1000),
  start: (system, p, random, startMs) => new Ageing(system, random, p, startMs),
});
