/** Where pages go that are had many at a time: to slots and the LRU lists, or to owners whose pages never move. */
import { noteTaken, type PageSink } from "../mm/allocation/page-run";
import { DIRTY, type Lru } from "../mm/reclaim/lru";
import type { Memory } from "../mm/state/memory";
import { OWNER_KINDS } from "../mm/state/owners";
import { FIXED_OWNED, MOVABLE_OWNED, MOVABLE_PAGE } from "../mm/state/page-state";
import type { PcpList } from "../mm/state/pcp-list";
import type { Zone } from "../mm/state/zone";
import type { FixedPages } from "./fixed-pages";
import type { PageSlots } from "./page-slots";
import type { RunningParts } from "./running-parts";
import type { SystemCounters } from "./system-counters";
import { LRU_OF, type TrackedPages } from "./tracked-pages";

/** Pages that may move: each gets a slot, and a place at the head of its list of the LRU. */
export class TrackedSink implements PageSink {
  private readonly m: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly counters: SystemCounters;
  /** OWNER_KINDS value of the pages. */
  private kind: number;
  /** The first slot of the row that was reserved for them. */
  private base: number;

  constructor(
    parts: RunningParts,
    /** The ordinary way, page by page. */
    private readonly single: TrackedPages,
  ) {
    this.m = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.counters = parts.counters;
    this.kind = 0;
    this.base = 0;
  }

  /** For pages of `kind` from now on, for slots from `base` on. */
  aim(kind: number, base: number): this {
    this.kind = kind;
    this.base = base;
    return this;
  }

  one(got: number): boolean {
    return this.single.allocInto(this.kind, this.base + got) >= 0;
  }

  put(pfn: number, got: number): void {
    this.counters.allocations++;
    this.single.own(pfn, 0, this.kind, this.base + got);
  }

  /** Pages from the head of a per-CPU list to the head of a list of the LRU. */
  take(zone: Zone, list: PcpList, most: number, got: number): number {
    const { m, lru, kind } = this;
    const { next, prev, state, owner } = m;
    const { page } = lru;
    const { pfn: frames, at: slotOf, what } = this.slots;
    const onto = LRU_OF[kind >> 4]!;
    const where = zone.nid * 8 + onto;
    const byte = onto | (kind === OWNER_KINDS.fileDirty ? DIRTY : 0);
    const known = kind | MOVABLE_PAGE;
    const n = Math.min(most, list.length);
    let older = lru.first[where]!;
    if (older < 0) lru.last[where] = list.at(0);
    let slot = this.base + got;
    for (let i = 0; i < n; i++) {
      const p = list.at(i);
      next[p] = older;
      if (older >= 0) prev[older] = p;
      state[p] = MOVABLE_OWNED;
      owner[p] = known;
      page[p] = byte;
      what[slot] = kind;
      frames[slot++] = p;
      slotOf[p] = slot;
      older = p;
    }
    prev[older] = -1;
    lru.first[where] = older;
    list.dropHead(n);
    noteTaken(m, zone, n);
    lru.account(zone, onto, n);
    this.counters.allocations += n;
    return n;
  }
}

/** Single pages that never move: their frames are what their owner keeps. */
export class FixedSink implements PageSink {
  private readonly m: Memory;
  private readonly counters: SystemCounters;
  private kind: number;
  private frames: Int32Array;
  private at: number;

  constructor(
    parts: RunningParts,
    private readonly single: FixedPages,
  ) {
    this.m = parts.memory;
    this.counters = parts.counters;
    this.kind = 0;
    this.frames = new Int32Array(0);
    this.at = 0;
  }

  aim(kind: number, frames: Int32Array, at: number): this {
    this.kind = kind;
    this.frames = frames;
    this.at = at;
    return this;
  }

  one(got: number): boolean {
    const pfn = this.single.allocOne(this.kind);
    if (pfn >= 0) this.frames[this.at + got] = pfn;
    return pfn >= 0;
  }

  put(pfn: number, got: number): void {
    this.counters.allocations++;
    this.m.setOwner(pfn, this.kind);
    this.frames[this.at + got] = pfn;
  }

  take(zone: Zone, list: PcpList, most: number, got: number): number {
    const { m, frames, kind } = this;
    const { state, owner } = m;
    const n = Math.min(most, list.length);
    const to = this.at + got;
    for (let i = 0; i < n; i++) {
      const p = list.at(i);
      state[p] = FIXED_OWNED;
      owner[p] = kind;
      frames[to + i] = p;
    }
    list.dropHead(n);
    noteTaken(m, zone, n);
    this.counters.allocations += n;
    return n;
  }
}
