/**
 * Pages held in place: pins by adapters, writeback, locks. A long-term pin first moves a page out of memory where it
 * must not stay.
 */
import { InputError } from "../base/errors";
import { allocPages, freeWholePages } from "../mm/allocation/page-alloc";
import { LRU_ACTIVE_ANON, LRU_UNEVICTABLE, type Lru } from "../mm/reclaim/lru";
import { __GFP_COMP, __GFP_NOWARN, GFP_USER, ZONE_MOVABLE } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { extraReferences, holdPage, moveOwner, type PageHold, releasePage } from "../mm/state/owners";
import { ORDER_MASK } from "../mm/state/page-state";
import { type PageSlots, SLOT_SPLIT } from "./page-slots";
import type { RunningParts } from "./running-parts";

export class HeldPages {
  private readonly memory: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly migration: boolean;

  constructor(parts: RunningParts) {
    this.memory = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.migration = parts.options.migration;
  }

  /** Holds the page of a slot in place: a pin, writeback, a lock (see PageHold). */
  hold(slot: number, kind: PageHold["kind"], by: string): void {
    const pfn = this.slots.pfn[slot]!;
    if (pfn === SLOT_SPLIT) {
      for (const part of this.slots.partsOf(slot)) this.hold(part, kind, by);
      return;
    }
    if (pfn < 0) throw new InputError(`hold: the page of slot ${slot} is not in memory`);
    holdPage(this.memory, pfn, kind, by);
    if (kind === "mlock" && this.lru.listOf(pfn) > 0) {
      this.lru.remove(pfn);
      this.lru.add(pfn, LRU_UNEVICTABLE);
    }
  }

  /**
   * Pins the page of a slot long-term (FOLL_LONGTERM): it first leaves a CMA area (5.1+) or ZONE_MOVABLE (5.13+) if
   * there is another frame for it (check_and_migrate_movable_pages()). False if the page is not in memory.
   */
  pin(slot: number, by: string): boolean {
    const { slots } = this;
    const from = slots.pfn[slot]!;
    if (from === SLOT_SPLIT) return slots.partsOf(slot).every((part) => this.pin(part, by));
    if (from < 0) return false;
    if (this.mustLeave(from)) this.moveOut(from);
    this.hold(slot, "longterm", by);
    return true;
  }

  /** Whether the page's place must stay movable, by the release's rule (switch `longtermPin`). */
  private mustLeave(pfn: number): boolean {
    const { memory: m } = this;
    const rule = m.sw.longtermPin;
    if (rule === "stays") return false;
    if (m.blockType(pfn) === MIGRATE_CMA) return true;
    return rule === "leavesCmaAndMovable" && m.zoneOf(pfn)!.idx === ZONE_MOVABLE;
  }

  private moveOut(from: number): void {
    const { memory: m } = this;
    if (!this.migration || extraReferences(m, from) > 0) return;
    const order = m.state[from]! & ORDER_MASK;
    const to = allocPages(m, GFP_USER | __GFP_NOWARN | (order > 0 ? __GFP_COMP : 0), order);
    if (to < 0) return;
    moveOwner(m, from, to);
    this.lru.move(from, to);
    this.slots.moved(from, to);
    m.counters.pgmigrate_success += 1 << order;
    freeWholePages(m, from, order);
  }

  /** Releases one hold; false if there was no such hold. */
  unhold(slot: number, kind: PageHold["kind"], by: string): boolean {
    const pfn = this.slots.pfn[slot]!;
    if (pfn === SLOT_SPLIT)
      return this.slots.partsOf(slot).reduce((any, part) => this.unhold(part, kind, by) || any, false);
    if (pfn < 0 || !releasePage(this.memory, pfn, kind, by)) return false;
    if (kind === "mlock" && this.lru.listOf(pfn) === LRU_UNEVICTABLE) {
      this.lru.remove(pfn);
      this.lru.add(pfn, LRU_ACTIVE_ANON);
    }
    return true;
  }
}
