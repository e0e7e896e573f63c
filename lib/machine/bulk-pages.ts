/**
 * Operations on many pages at once, as one: faults of a range, reads of a file, the end of a process. They leave the very machine
 * that page-by-page requests leave, to the last place on a list, counter and random draw; what makes them cheap is that nothing is
 * looked at twice that cannot have changed. Where something special is about (a large page, a hold, a page that was reclaimed,
 * a kswapd that is due), the page goes the ordinary way. Law: test/laws/bulk.test.ts.
 *
 * Slots of the pages are numbers in a row.
 */
import { FreeRun } from "../mm/allocation/free-run";
import { PageRun } from "../mm/allocation/page-run";
import { LIST, LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, type Lru, REFERENCED } from "../mm/reclaim/lru";
import { LruRun } from "../mm/reclaim/lru-run";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { BLOCK_ISOLATED } from "../mm/state/page-state";
import type { FixedPages } from "./fixed-pages";
import { FixedSink, TrackedSink } from "./page-sinks";
import { type PageSlots, SLOT_FREE } from "./page-slots";
import type { RunningParts } from "./running-parts";
import type { TrackedPages } from "./tracked-pages";

export class BulkPages {
  private readonly m: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly movable: PageRun;
  private readonly unmovable: PageRun;
  private readonly tracked: TrackedSink;
  private readonly fixed: FixedSink;
  private readonly frees: FreeRun;
  private readonly off: LruRun;

  constructor(
    parts: RunningParts,
    /** The ordinary ways, page by page. */
    private readonly single: TrackedPages,
    private readonly singleFixed: FixedPages,
  ) {
    this.m = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.movable = new PageRun(parts.memory, GFP_HIGHUSER_MOVABLE, parts.room);
    this.unmovable = new PageRun(parts.memory, GFP_KERNEL, parts.room);
    this.tracked = new TrackedSink(parts, single);
    this.fixed = new FixedSink(parts, singleFixed);
    this.frees = new FreeRun(parts.memory, parts.counters);
    this.off = new LruRun(parts.memory, parts.lru);
  }

  /** Up to `n` single pages of `kind` for the slots from `base` on, which were reserved; for how many there was memory. */
  alloc(kind: number, base: number, n: number): number {
    return this.movable.fetch(n, this.tracked.aim(kind, base));
  }

  /** Up to `n` single pages that never move; their frames go to `list`, from index `at` on. */
  allocFixed(kind: number, n: number, list: Int32Array, at: number): number {
    return this.unmovable.fetch(n, this.fixed.aim(kind, list, at));
  }

  /** Frees the single pages at the frames list[0] to list[n − 1], in this order. */
  freeFixed(list: Int32Array, n: number): void {
    const { m, frees } = this;
    const bulk = m.bulk && m.pcpAllowedOrder(0);
    for (let i = 0; i < n; i++) {
      const p = list[i]!;
      if (bulk && (m.blocks[p >>> m.pageblockOrder]! & BLOCK_ISOLATED) === 0) {
        frees.zoneOf(p);
        frees.add(p);
        continue;
      }
      frees.end();
      this.singleFixed.freeFixed(p);
    }
    frees.end();
  }

  /** Frees the pages of the slots from `from` to `to`, both included, upwards or downwards; the numbers stay taken. */
  free(from: number, to: number): void {
    const { m, slots, lru } = this;
    const { blocks } = m;
    const { page } = lru;
    const { pfn: frames, what, at: slotOf } = slots;
    const { frees, off } = this;
    const bulk = m.bulk && m.pcpAllowedOrder(0);
    const step = from <= to ? 1 : -1;
    for (let slot = from; slot !== to + step; slot += step) {
      const p = frames[slot]!;
      const ordinary = p >= 0 && bulk && (what[slot]! & 0x0f) === 0 && m.holds?.has(p) !== true;
      if (!ordinary || blocks[p >>> m.pageblockOrder]! & BLOCK_ISOLATED) {
        off.end();
        frees.end();
        this.single.freePage(slot);
        continue;
      }
      slotOf[p] = 0;
      frames[slot] = SLOT_FREE;
      const zone = frees.zoneOf(p);
      if ((page[p]! & LIST) !== 0) off.take(p, zone);
      frees.add(p);
    }
    off.end();
    frees.end();
  }

  /** Uses `n` pages again, and reads back those that are gone: how many frames that takes, or −1 when there was no memory. */
  touch(base: number, n: number): number {
    const { m, lru, single } = this;
    const { page } = lru;
    let frames = this.slots.pfn;
    let asked = 0;
    for (let slot = base; slot < base + n; slot++) {
      const p = frames[slot]!;
      if (p >= 0 && m.bulk) {
        const s = page[p]!;
        const on = s & LIST;
        if (s & REFERENCED && (on === LRU_INACTIVE_ANON || on === LRU_INACTIVE_FILE)) lru.markAccessed(p);
        else if (on !== 0) page[p] = s | REFERENCED;
        continue;
      }
      if (!single.present(slot)) asked += single.pagesOf(slot);
      if (!single.touch(slot)) return -1;
      // A large page that comes back in parts takes slots: the column may be another one now.
      frames = this.slots.pfn;
    }
    return asked;
  }
}
