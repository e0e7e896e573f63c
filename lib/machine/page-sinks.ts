/** Where pages go that are had many at a time: to slots and the LRU lists, or to owners whose pages never move. */
import { noteTaken, type PageSink } from "../mm/allocation/page-run";
import { DIRTY, type Lru } from "../mm/reclaim/lru";
import type { Memory } from "../mm/state/memory";
import { OWNER_KINDS } from "../mm/state/owners";
import { FIXED_OWNED, MOVABLE_OWNED, MOVABLE_PAGE } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";
import type { FixedPages } from "./fixed-pages";
import type { PageSlots } from "./page-slots";
import type { RunningParts } from "./running-parts";
import type { SystemCounters } from "./system-counters";
import { LRU_OF, type TrackedPages } from "./tracked-pages";

/** Slots that are taken at a time. */
const FRESH = 64;

/** Pages that may move: each gets a slot, and a place at the head of its list of the LRU. */
export class TrackedSink implements PageSink {
  private readonly m: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly counters: SystemCounters;
  /** Slots on their way to their owner. */
  private readonly fresh: Int32Array;
  /** OWNER_KINDS value of the pages. */
  private kind: number;
  /** Where new slots are written, or null: slots in a row that were reserved. */
  private list: Int32Array | null;
  /** The first slot of the row, or the first index of the list. */
  private at: number;

  constructor(
    parts: RunningParts,
    /** The ordinary way, page by page. */
    private readonly single: TrackedPages,
  ) {
    this.m = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.counters = parts.counters;
    this.fresh = new Int32Array(FRESH);
    this.kind = 0;
    this.list = null;
    this.at = 0;
  }

  /** For pages of `kind` from now on; where their slots are. */
  aim(kind: number, list: Int32Array | null, at: number): this {
    this.kind = kind;
    this.list = list;
    this.at = at;
    return this;
  }

  one(got: number): boolean {
    const { list } = this;
    const at = this.at + got;
    const slot = this.single.allocInto(this.kind, list === null ? at : -1);
    if (slot >= 0 && list !== null) list[at] = slot;
    return slot >= 0;
  }

  put(pfn: number, got: number): void {
    const { list } = this;
    const at = this.at + got;
    this.counters.allocations++;
    const slot = this.single.own(pfn, 0, this.kind, list === null ? at : -1);
    if (list !== null) list[at] = slot;
  }

  /** Pages from the head of a per-CPU list to the head of a list of the LRU: the links between them turn round. */
  take(zone: Zone, head: number, most: number, got: number): number {
    const { m, lru, kind } = this;
    const { next, prev } = m;
    const list = LRU_OF[kind >> 4]!;
    const where = zone.nid * 8 + list;
    const below = lru.first[where]!;
    const first = next[head]!;
    const at = this.at + got;
    const n =
      this.list === null
        ? this.toRow(head, most, below, list, at)
        : this.toList(head, most, below, list, at, this.list);
    const last = this.newest;
    if (below < 0) lru.last[where] = first;
    else prev[below] = first;
    prev[last] = -1;
    lru.first[where] = last;
    noteTaken(m, zone, n);
    lru.account(zone, list, n);
    this.counters.allocations += n;
    return n;
  }

  private newest = 0;

  /** The loop over the pages for slots in a row from `at` on. */
  private toRow(head: number, most: number, below: number, onto: number, at: number): number {
    const { m, slots, kind } = this;
    const { next, prev, state, owner } = m;
    const { page } = this.lru;
    const { pfn: frames, at: slotOf, what } = slots;
    const byte = onto | (kind === OWNER_KINDS.fileDirty ? DIRTY : 0);
    const known = kind | MOVABLE_PAGE;
    const end = at + most;
    let p = next[head]!;
    let older = below;
    let slot = at;
    while (slot < end && p !== head) {
      const after = next[p]!;
      next[p] = older;
      prev[p] = after;
      state[p] = MOVABLE_OWNED;
      owner[p] = known;
      page[p] = byte;
      what[slot] = kind;
      frames[slot++] = p;
      slotOf[p] = slot;
      older = p;
      p = after;
    }
    next[head] = p;
    prev[p] = head;
    this.newest = older;
    return slot - at;
  }

  /** The loop over the pages for new slots, which go to `list`. */
  private toList(
    head: number,
    most: number,
    below: number,
    onto: number,
    at: number,
    list: Int32Array,
  ): number {
    const { m, slots, kind, fresh } = this;
    const { next, prev, state, owner } = m;
    const { page } = this.lru;
    const slotOf = slots.at;
    const byte = onto | (kind === OWNER_KINDS.fileDirty ? DIRTY : 0);
    const known = kind | MOVABLE_PAGE;
    const end = at + most;
    let p = next[head]!;
    let older = below;
    let i = at;
    while (i < end && p !== head) {
      const stop = Math.min(end, i + FRESH);
      const from = i;
      for (; i < stop && p !== head; i++) {
        const after = next[p]!;
        next[p] = older;
        prev[p] = after;
        state[p] = MOVABLE_OWNED;
        owner[p] = known;
        page[p] = byte;
        list[i] = p;
        older = p;
        p = after;
      }
      slots.freshMany(fresh, i - from);
      const { pfn: frames, what } = slots;
      for (let k = from; k < i; k++) {
        const slot = fresh[k - from]!;
        const its = list[k]!;
        frames[slot] = its;
        what[slot] = kind;
        slotOf[its] = slot + 1;
        list[k] = slot;
      }
    }
    next[head] = p;
    prev[p] = head;
    this.newest = older;
    return i - at;
  }
}

/** Single pages that never move: their frames are what their owner keeps. */
export class FixedSink implements PageSink {
  private readonly m: Memory;
  private readonly counters: SystemCounters;
  private kind: number;
  private list: Int32Array;
  private at: number;

  constructor(
    parts: RunningParts,
    private readonly single: FixedPages,
  ) {
    this.m = parts.memory;
    this.counters = parts.counters;
    this.kind = 0;
    this.list = new Int32Array(0);
    this.at = 0;
  }

  aim(kind: number, list: Int32Array, at: number): this {
    this.kind = kind;
    this.list = list;
    this.at = at;
    return this;
  }

  one(got: number): boolean {
    const pfn = this.single.allocOne(this.kind);
    if (pfn >= 0) this.list[this.at + got] = pfn;
    return pfn >= 0;
  }

  put(pfn: number, got: number): void {
    this.counters.allocations++;
    this.m.setOwner(pfn, this.kind);
    this.list[this.at + got] = pfn;
  }

  take(zone: Zone, head: number, most: number, got: number): number {
    const { m, list, kind } = this;
    const { next, prev, state, owner } = m;
    const from = this.at + got;
    const end = from + most;
    let i = from;
    let p = next[head]!;
    for (; i < end && p !== head; p = next[p]!) {
      state[p] = FIXED_OWNED;
      owner[p] = kind;
      list[i++] = p;
    }
    next[head] = p;
    prev[p] = head;
    noteTaken(m, zone, i - from);
    this.counters.allocations += i - from;
    return i - from;
  }
}
