/** What a running machine counts of itself, and what of it has a cost. */
import type { EventCounts } from "../hardware/costs";
import { roomMakingEvents } from "../mm/reclaim/simulated-time";
import type { Memory } from "../mm/state/memory";

/** What ordinary requests of the machine came to. */
export interface SystemCounters {
  /** Requests of tracked pages, and those that failed. */
  allocations: number;
  failures: number;
  /** Pages that their owners freed, one count a page of any order; what reclaim took is not among them. */
  frees: number;
  /** Huge page faults that got a huge page, and those that fell back to single pages. */
  thpAllocated: number;
  thpFellBack: number;
  /** Pages read back after reclaim took them. */
  refaults: number;
  /** File pages dropped, file pages written, anonymous pages swapped. */
  dropped: number;
  written: number;
  swapped: number;
}

/** The counters of a machine that has just started. */
export function noCounts(): SystemCounters {
  return {
    allocations: 0,
    failures: 0,
    frees: 0,
    thpAllocated: 0,
    thpFellBack: 0,
    refaults: 0,
    dropped: 0,
    written: 0,
    swapped: 0,
  };
}

/** Every event so far that has a cost, without those of contiguous requests (their results tell them). */
export function costedEvents(m: Memory, counters: SystemCounters): EventCounts {
  const { written, swapped, refaults } = counters;
  return { ...roomMakingEvents(m), writePage: written + swapped, refault: refaults };
}

/** Pages of all zones that belong to the allocator. */
export function pagesManaged(m: Memory): number {
  return m.zones.reduce((pages, z) => pages + z.managed, 0);
}

/** Pages free, per-CPU lists not counted. */
export function pagesFree(m: Memory): number {
  let pages = 0;
  for (const z of m.zones)
    for (let order = 0; order < z.nrFree.length; order++) pages += z.nrFree[order]! * (1 << order);
  return pages;
}
