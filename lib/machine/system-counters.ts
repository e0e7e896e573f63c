/** The counters of a running machine, and the events among them that have a cost. */
import type { EventCounts } from "../hardware/costs";
import { roomMakingEvents } from "../mm/reclaim/simulated-time";
import type { Memory } from "../mm/state/memory";

/** Outcomes of the machine's ordinary requests. */
export interface SystemCounters {
  /** Requests for tracked pages, and those that failed. */
  allocations: number;
  failures: number;
  /** Pages freed by their owners, one count per page of any order; reclaimed pages are not included. */
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

/** Initial counters of a machine. */
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

/** All events with a cost so far, without those of contiguous requests (which are in their results). */
export function costedEvents(m: Memory, counters: SystemCounters): EventCounts {
  const { written, swapped, refaults } = counters;
  return { ...roomMakingEvents(m), writePage: written + swapped, refault: refaults };
}

/** Pages that the allocator manages, in all zones. */
export function pagesManaged(m: Memory): number {
  return m.zones.reduce((pages, z) => pages + z.managed, 0);
}

/** Free pages, without those on per-CPU lists. */
export function pagesFree(m: Memory): number {
  let pages = 0;
  for (const z of m.zones)
    for (let order = 0; order < z.nrFree.length; order++) pages += z.nrFree[order]! * (1 << order);
  return pages;
}
