/** Allocated and freed pages: the events mm_page_alloc, mm_page_free and their kin. */
import { FREED_BATCHED, FREED_BOTH, FREED_SINGLE, LivePages, UNSEEN } from "./live-pages";
import { OverTime, type TimeColumns } from "./over-time";
import { addToOrder, Tally } from "./tally";
import type { TraceRecord } from "./trace-record";

/** Counts of pages. Columns are by order; types are numbers as recorded. */
export interface PageCounts {
  allocated: {
    requests: number;
    pages: number;
    failed: number;
    byOrder: number[];
    failedByOrder: number[];
    byType: Record<string, number>;
  };
  freed: {
    /** Pages that were freed once each, however many records say so. */
    records: number;
    pages: number;
    byOrder: number[];
    /** Pages of them that were in use before the trace, or whose allocation it does not show. */
    pagesNotSeenAllocated: number;
    /** Records that tell once more of a free. */
    duplicates: number;
  };
  /** In use at the end, of the pages allocated in the trace. */
  live: { pages: number; byOrder: number[] };
  /** Pages that were allocated again although no record freed them. */
  freesMissed: number;
  /** Pages that were freed again although no record allocated them. */
  allocationsMissed: number;
  /** Pages that the zone lists gave, one record each: refills of per-CPU lists, and others. */
  perCpu: { refilled: number; fromLists: number; drained: number; drainedByOrder: number[] };
  overTime: TimeColumns;
}

/** Free records of one page on its own, and those that tell of a batch. */
export const SINGLE_FREES: readonly string[] = ["mm_page_free", "mm_page_free_direct"];
export const BATCHED_FREES: readonly string[] = ["mm_page_free_batched", "mm_pagevec_free"];

/** Told of every request that was served, and once of every free. */
export interface PageObserver {
  allocated(record: TraceRecord, pfn: number, order: number): void;
  freed(record: TraceRecord, pfn: number, order: number): void;
}

/** Follows the pages of a trace. */
export class PageEvents {
  private readonly live = new LivePages();
  private readonly time = new OverTime(["allocatedPages", "freedPages"]);
  private readonly types = new Tally();
  private readonly lastFree = new Map<number, number>();
  private readonly allocated = {
    requests: 0,
    pages: 0,
    failed: 0,
    byOrder: [] as number[],
    failedByOrder: [] as number[],
  };
  private readonly freed = {
    records: 0,
    pages: 0,
    byOrder: [] as number[],
    pagesNotSeenAllocated: 0,
    duplicates: 0,
  };
  private readonly perCpu = { refilled: 0, fromLists: 0, drained: 0, drainedByOrder: [] as number[] };
  private freesMissed = 0;
  private allocationsMissed = 0;
  private readonly observer: PageObserver | null;
  /** The last frame that a record names; −1: none. */
  largestPfn = -1;

  constructor(observer: PageObserver | null = null) {
    this.observer = observer;
  }

  /** True once there are more pages than can be followed. */
  get overfull(): boolean {
    return this.live.overfull;
  }

  /** An mm_page_alloc; false if it lacks a field. */
  allocation(record: TraceRecord): boolean {
    const { fields, cpu, seconds } = record;
    const pfn = fields.frame();
    const order = fields.order();
    if (Number.isNaN(pfn) || Number.isNaN(order)) return false;
    const { allocated } = this;
    allocated.requests++;
    if (pfn < 0) {
      allocated.failed++;
      addToOrder(allocated.failedByOrder, order);
      return true;
    }
    const pages = 2 ** order;
    allocated.pages += pages;
    addToOrder(allocated.byOrder, order);
    this.types.add(fields.word("migratetype") || "?", pages);
    this.time.add(0, seconds, pages);
    this.forgetUnder(pfn, order);
    this.live.set(pfn, order + 1);
    this.lastFree.delete(cpu);
    this.largestPfn = Math.max(this.largestPfn, pfn + pages - 1);
    this.observer?.allocated(record, pfn, order);
    return true;
  }

  /** Pages that the trace holds for in use where an allocation finds them free. */
  private forgetUnder(pfn: number, order: number): void {
    const { live } = this;
    const holder = live.holder(pfn);
    if (holder !== undefined) {
      this.freesMissed++;
      live.set(holder.head, UNSEEN);
    }
    for (let p = pfn + 1; p < pfn + 2 ** Math.min(order, 10); p++) {
      const state = live.get(p);
      if (state === UNSEEN) continue;
      if (state < FREED_BOTH) this.freesMissed++;
      live.set(p, UNSEEN);
    }
  }

  /** A record of a free; false if it lacks a field. */
  free(record: TraceRecord): boolean {
    const { event, fields, cpu, seconds } = record;
    const pfn = fields.frame();
    const order = fields.order();
    if (Number.isNaN(order) || !(pfn >= 0)) return false;
    const batched = BATCHED_FREES.includes(event);
    const key = pfn * 32 + order;
    const again = !batched && this.lastFree.get(cpu) === key;
    if (batched) this.lastFree.delete(cpu);
    else this.lastFree.set(cpu, key);
    const state = this.live.get(pfn);
    if (state >= FREED_BOTH) {
      const other = state === (batched ? FREED_SINGLE : FREED_BATCHED);
      if (again || other) {
        this.freed.duplicates++;
        if (other) this.live.set(pfn, FREED_BOTH);
        return true;
      }
      this.allocationsMissed++;
    }
    const pages = 2 ** order;
    this.freed.records++;
    this.freed.pages += pages;
    addToOrder(this.freed.byOrder, order);
    this.time.add(1, seconds, pages);
    this.takeBack(pfn, order, batched ? FREED_BATCHED : FREED_SINGLE);
    this.largestPfn = Math.max(this.largestPfn, pfn + pages - 1);
    this.observer?.freed(record, pfn, order);
    return true;
  }

  /** Marks as free. A large page may be freed in parts, and parts may be freed as one. */
  private takeBack(pfn: number, order: number, freed: number): void {
    const { live } = this;
    const holder = live.holder(pfn);
    const pages = 2 ** order;
    if (holder === undefined) {
      let seen = 0;
      for (let p = pfn + 1; order <= 10 && p < pfn + pages; p++) {
        const state = live.get(p);
        if (state === UNSEEN || state >= FREED_BOTH) continue;
        seen += 2 ** (state - 1);
        live.set(p, UNSEEN);
      }
      this.freed.pagesNotSeenAllocated += Math.max(0, pages - seen);
    } else {
      live.set(holder.head, UNSEEN);
      for (let o = holder.order - 1; o >= order; o--) {
        // The half without the freed page stays in use.
        const half = pfn - (pfn % 2 ** o);
        const other = half % 2 ** (o + 1) === 0 ? half + 2 ** o : half - 2 ** o;
        live.set(other, o + 1);
      }
      for (let o = holder.order; o < order; o++) this.partOf(pfn, o);
    }
    live.set(pfn, freed);
  }

  /** The other half of a page of order `o` + 1 that is freed as one. */
  private partOf(pfn: number, o: number): void {
    const half = pfn + 2 ** o;
    const state = this.live.get(half);
    if (state !== UNSEEN && state < FREED_BOTH) this.live.set(half, UNSEEN);
    else this.freed.pagesNotSeenAllocated += 2 ** o;
  }

  /** mm_page_alloc_zone_locked: a page leaves the lists of its zone. */
  zoneLocked({ fields }: TraceRecord): boolean {
    const order = fields.order();
    if (Number.isNaN(order)) return false;
    if (fields.number("percpu_refill") === 1) this.perCpu.refilled += 2 ** order;
    else this.perCpu.fromLists += 2 ** order;
    return true;
  }

  /** mm_page_pcpu_drain: a page of a per-CPU list goes back to its zone. */
  drained({ fields }: TraceRecord): boolean {
    const order = fields.order();
    if (Number.isNaN(order)) return false;
    this.perCpu.drained += 2 ** order;
    addToOrder(this.perCpu.drainedByOrder, order);
    return true;
  }

  result(): PageCounts {
    const byOrder = this.live.byOrder();
    return {
      allocated: { ...this.allocated, byType: this.types.toJSON() },
      freed: this.freed,
      live: { pages: byOrder.reduce((sum, n, o) => sum + n * 2 ** o, 0), byOrder },
      freesMissed: this.freesMissed,
      allocationsMissed: this.allocationsMissed,
      perCpu: this.perCpu,
      overTime: this.time.columns(),
    };
  }
}
