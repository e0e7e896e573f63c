/**
 * Breaks down the modelled time of one contiguous request: for every range tried, the steps of alloc_contig_range()
 * with the work and the cost of each. It is an observer: requests without it pay nothing.
 *
 * Within a range, steps of one kind are summed and listed in the order of their first occurrence: the kernel drops
 * and moves pages in lists of 32, so the slivers of the true order would be too thin to see. Checking page blocks,
 * draining, testing and returning pages have no entry in the cost table. Their time is 0; they are listed for the
 * work they did.
 */
import { type CostTable, DEFAULT_COSTS, type EventCounts, elapsedNs } from "../../hardware/costs";
import { roomMakingEvents } from "../reclaim/simulated-time";
import type { Memory } from "../state/memory";
import type { ContigObserver, MigrationStats } from "./migrate";

/** In the kernel's order. `reclaim` and `compact` also occur while finding a frame to move a page to. */
export const CONTIG_STEPS = [
  "isolate",
  "drain",
  "reclaim",
  "compact",
  "migrate",
  "test",
  "take",
  "undo",
] as const;
export type ContigStep = (typeof CONTIG_STEPS)[number];

/** One step of a range. */
export interface TimedStep {
  step: ContigStep;
  /** Modelled. */
  ns: number;
  /**
   * Pages affected: isolated, drained from per-CPU lists, reclaimed, scanned by compaction, moved, found free by the
   * test, taken, or returned to their lists.
   */
  pages: number;
  /** `migrate`: lists of up to 32 pages collected, calls of migrate_pages() for them, tries of single pages that failed. */
  lists?: number;
  calls?: number;
  failedTries?: number;
}

/** A range that was tried. */
export interface TimedRange {
  /** Its index among all ranges tried, from 0. */
  index: number;
  startPfn: number;
  /** One past the last frame. */
  endPfn: number;
  /** 0 or the kernel's error. */
  errno: number;
  /** Modelled nanoseconds from the start of the request. */
  startNs: number;
  steps: TimedStep[];
}

/**
 * A request: plain JSON. If there are more ranges than `RANGES_KEPT`, the first and the last are kept, half of that
 * number each.
 */
export interface ContigTimeline {
  rangesTried: number;
  /** Modelled; includes the steps of ranges that are not kept. */
  totalNs: number;
  ranges: TimedRange[];
}

export const RANGES_KEPT = 32;

/** Records one request: pass `observer(stats)` to the code that runs it, then call `timeline()`. */
export class ContigStopwatch {
  private readonly events: () => EventCounts;
  private readonly costs: CostTable;
  private readonly memory: Memory;
  private readonly ranges: TimedRange[];
  private range: TimedRange | null;
  private tried: number;
  private clockNs: number;
  private before: EventCounts;
  private stats: MigrationStats;
  private seen: MigrationStats;

  /** `events`: all events with a cost so far; default those that `memory` counts. */
  constructor(
    memory: Memory,
    events: () => EventCounts = () => roomMakingEvents(memory),
    costs: CostTable = DEFAULT_COSTS,
  ) {
    this.memory = memory;
    this.events = events;
    this.costs = costs;
    this.ranges = [];
    this.range = null;
    this.tried = 0;
    this.clockNs = 0;
    this.before = {};
    this.stats = { migrated: 0, failedAttempts: 0, dropped: 0 };
    this.seen = { ...this.stats };
  }

  /** The observer for alloc_contig_range(); `stats` are its migration counters. */
  observer(stats: MigrationStats): ContigObserver {
    return {
      rangeBegin: (start, end) => this.begin(start, end, stats),
      isolated: (errno, pages) => this.note("isolate", errno === 0 ? pages : 0),
      draining: () => this.note("drain", this.pagesOnPcpLists()),
      cleaned: () => this.charge(),
      migrating: (first) => {
        const step = this.note("migrate", 0);
        step.lists = (step.lists ?? 0) + (first ? 1 : 0);
        step.calls = (step.calls ?? 0) + 1;
        step.failedTries ??= 0;
      },
      triedToMigrate: () => this.charge(),
      tested: (start, _end, fin) => this.note("test", Math.max(0, fin - start)),
      took: (pages) => {
        const step = this.note("take", pages);
        this.spend(step, elapsedNs({ contigFreePage: pages }, this.costs));
      },
      undone: (pages) => this.note("undo", pages),
      rangeEnd: (errno) => this.end(errno),
    };
  }

  timeline(): ContigTimeline {
    return { rangesTried: this.tried, totalNs: this.clockNs, ranges: [...this.ranges] };
  }

  private begin(startPfn: number, endPfn: number, stats: MigrationStats): void {
    this.stats = stats;
    this.seen = { ...stats };
    this.before = this.events();
    const index = this.tried++;
    this.range = { index, startPfn, endPfn, errno: 0, startNs: this.clockNs, steps: [] };
  }

  private end(errno: number): void {
    this.charge();
    const { range, ranges } = this;
    if (range === null) return;
    range.errno = errno;
    this.range = null;
    ranges.push(range);
    // Drops the middle: the first and the last ranges stay.
    if (ranges.length > RANGES_KEPT) ranges.splice(RANGES_KEPT / 2, 1);
  }

  /** Attributes the events since the last call to the kinds of steps they belong to. */
  private charge(): void {
    const now = this.events();
    const since = (name: keyof EventCounts) => (now[name] ?? 0) - (this.before[name] ?? 0);
    const { stats, seen } = this;
    const moved = stats.migrated - seen.migrated;
    const failed = stats.failedAttempts - seen.failedAttempts;
    const dropped = stats.dropped - seen.dropped;
    this.add("reclaim", since("reclaimDrop") + dropped, {
      reclaimScan: since("reclaimScan"),
      reclaimDrop: since("reclaimDrop") + dropped,
      writePage: since("writePage"),
      refault: since("refault"),
    });
    this.add("compact", since("scanFrame"), {
      scanFrame: since("scanFrame"),
      migratePage: since("migratePage"),
      migrateFailed: since("migrateFailed"),
    });
    const step = this.add("migrate", moved, { migratePage: moved, migrateFailed: failed });
    if (step !== null && failed > 0) step.failedTries = (step.failedTries ?? 0) + failed;
    this.before = now;
    this.seen = { ...stats };
  }

  private add(kind: ContigStep, pages: number, events: EventCounts): TimedStep | null {
    if (Object.values(events).every((count) => count === 0)) return null;
    const step = this.note(kind, pages);
    this.spend(step, elapsedNs(events, this.costs));
    return step;
  }

  private spend(step: TimedStep, ns: number): void {
    step.ns += ns;
    this.clockNs += ns;
  }

  private note(kind: ContigStep, pages: number): TimedStep {
    const steps = this.range?.steps ?? [];
    let step = steps.find((s) => s.step === kind);
    if (step === undefined) {
      step = { step: kind, ns: 0, pages: 0 };
      steps.push(step);
    }
    step.pages += pages;
    return step;
  }

  private pagesOnPcpLists(): number {
    const zone = this.range === null ? undefined : this.memory.zoneOf(this.range.startPfn);
    return (zone?.pcps ?? []).reduce((pages, pcp) => pages + pcp.count, 0);
  }
}
