/**
 * Operations on many pages at once, as one: faults of a range, reads of a file, the end of a process. They leave the very machine
 * that page-by-page requests leave, to the last place on a list, counter and random draw; what makes them cheap is that nothing is
 * looked at twice that cannot have changed. Where something special is about (a large page, a hold, a page that was reclaimed,
 * a kswapd that is due), the page goes the ordinary way. Law: test/laws/bulk.test.ts.
 *
 * Slots of the pages: a run of numbers from `at` on (`list` is null), or those in `list`, from index `at` on.
 */
import { noteFrees, roomForFrees } from "../mm/allocation/bulk-free";
import { firstAfterBoost, flagsOfRun, refillServingZone, servingZone } from "../mm/allocation/page-alloc";
import { freeUnrefPageCommit } from "../mm/allocation/pcp-free";
import { DIRTY, LIST, LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, type Lru, REFERENCED } from "../mm/reclaim/lru";
import type { RoomMaker } from "../mm/reclaim/vmscan";
import { GFP_HIGHUSER_MOVABLE } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_MOVABLE, MIGRATE_PCPTYPES } from "../mm/state/migratetype";
import { OWNER_KINDS } from "../mm/state/owners";
import { BLOCK_ISOLATED, BLOCK_MT, MOVABLE_OWNED, MOVABLE_PAGE, pcpState } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";
import { type PageSlots, SLOT_FREE } from "./page-slots";
import type { RunningParts } from "./running-parts";
import type { SystemCounters } from "./system-counters";
import { LRU_OF, type TrackedPages } from "./tracked-pages";

/** What is asked for. */
const GFP = GFP_HIGHUSER_MOVABLE;
/** Slots that are taken at a time. */
const FRESH = 64;

export class BulkPages {
  private readonly m: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly room: RoomMaker;
  private readonly counters: SystemCounters;
  private readonly lags: boolean;
  /** Slots on their way to their owner. */
  private readonly fresh = new Int32Array(FRESH);

  constructor(
    parts: RunningParts,
    /** The ordinary way, page by page. */
    private readonly single: TrackedPages,
  ) {
    this.m = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.room = parts.room;
    this.counters = parts.counters;
    this.lags = parts.options.kswapdLag > 0;
  }

  /** Up to `n` single pages of `kind`; how many there was memory for. Slots of a list are new ones, written to it. */
  alloc(kind: number, n: number, list: Int32Array | null, at: number): number {
    const { m } = this;
    const flags = flagsOfRun(m, GFP);
    let zone = this.nextZone(flags);
    for (let got = 0; got < n; ) {
      if (zone !== null && this.isEmpty(zone) && refillServingZone(m, zone, GFP, flags)) {
        if (zone.boostedWatermark) {
          this.put(firstAfterBoost(m, zone, GFP, flags), kind, list, at + got++);
          zone = got < n ? this.nextZone(flags) : null;
          continue;
        }
        // One page is this request's; the next ones look at the watermarks, whether it has taken its page or not.
        const next: Zone | null = got + 1 < n ? this.nextZone(flags) : zone;
        if (next !== zone) got += this.takeRun(zone, kind, 1, list, at + got);
        zone = next;
        continue;
      }
      if (zone !== null) {
        const here = this.takeRun(zone, kind, n - got, list, at + got);
        got += here;
        if (here > 0) continue;
      }
      const slot = this.single.allocInto(kind, list === null ? at + got : -1);
      if (slot < 0) return got;
      if (list !== null) list[at + got] = slot;
      zone = ++got < n ? this.nextZone(flags) : null;
    }
    return n;
  }

  /** Where the next pages come from: null where the next request must be put by itself. */
  private nextZone(flags: number): Zone | null {
    const { m } = this;
    return m.bulk && !(this.lags && this.room.due) ? servingZone(m, GFP, flags) : null;
  }

  private isEmpty(zone: Zone): boolean {
    const head = zone.pcp.listBase + (this.m.mobilityDisabled ? 0 : MIGRATE_MOVABLE);
    return this.m.next[head] === head;
  }

  /** A page that a request got by itself. */
  private put(pfn: number, kind: number, list: Int32Array | null, at: number): void {
    this.counters.allocations++;
    const slot = this.single.own(pfn, 0, kind, list === null ? at : -1);
    if (list !== null) list[at] = slot;
  }

  /** Pages from the head of a per-CPU list to the head of a list of the LRU: the links between them turn round. */
  private takeRun(zone: Zone, kind: number, most: number, list: Int32Array | null, at: number): number {
    const { m, lru, slots } = this;
    const { next, prev, state, owner } = m;
    const { page, first } = lru;
    const { pcp } = zone;
    const head = pcp.listBase + (m.mobilityDisabled ? 0 : MIGRATE_MOVABLE);
    let p = next[head]!;
    if (p === head) return 0;
    const onto = LRU_OF[kind >> 4]!;
    const where = zone.nid * 8 + onto;
    const byte = onto | (kind === OWNER_KINDS.fileDirty ? DIRTY : 0);
    const known = kind | MOVABLE_PAGE;
    const frames = list ?? slots.pfn;
    let below = first[where]!;
    if (below < 0) lru.last[where] = p;
    let n = 0;
    for (; n < most && p !== head; n++) {
      const after = next[p]!;
      next[p] = below;
      if (below >= 0) prev[below] = p;
      state[p] = MOVABLE_OWNED;
      owner[p] = known;
      page[p] = byte;
      frames[at + n] = p;
      below = p;
      p = after;
    }
    prev[below] = -1;
    first[where] = below;
    next[head] = p;
    prev[p] = head;
    pcp.count -= n;
    if (m.autoTune) pcp.freeCount = n > 31 ? 0 : pcp.freeCount >> n;
    else pcp.freeFactor = n > 31 ? 0 : pcp.freeFactor >> n;
    lru.account(zone, onto, n);
    this.counters.allocations += n;
    if (list === null) this.name(kind, at, n);
    else this.nameAnew(kind, list, at, n);
    return n;
  }

  /** Slots [at, at + n) hold their frames already. */
  private name(kind: number, at: number, n: number): void {
    const { pfn, at: slotOf, what } = this.slots;
    what.fill(kind, at, at + n);
    for (let slot = at; slot < at + n; slot++) slotOf[pfn[slot]!] = slot + 1;
  }

  /** The list holds frames: they get slots. */
  private nameAnew(kind: number, list: Int32Array, at: number, n: number): void {
    const { slots, fresh } = this;
    for (let i = 0; i < n; i += FRESH) {
      const some = Math.min(FRESH, n - i);
      slots.freshMany(fresh, some);
      const { pfn, at: slotOf, what } = slots;
      for (let k = 0; k < some; k++) {
        const p = list[at + i + k]!;
        const slot = fresh[k]!;
        pfn[slot] = p;
        what[slot] = kind;
        slotOf[p] = slot + 1;
        list[at + i + k] = slot;
      }
    }
  }

  /**
   * Frees `n` pages, the one at `at` first, each time a slot further (`step` 1) or nearer (−1); the slots' numbers stay
   * taken.
   */
  free(n: number, list: Int32Array | null, at: number, step: 1 | -1): void {
    const { m, slots, single } = this;
    const { next, prev, state, blocks } = m;
    const { page } = this.lru;
    const { pfn: frames, what, at: slotOf } = slots;
    const whole = m.pcpAllowedOrder(0) && m.bulk;
    let zone: Zone | null = null;
    /** Pages pushed that nobody was told of, and how many more there is room for. */
    let pushed = 0;
    let room = 0;
    /** Pages off a list of the LRU that nobody was told of. */
    let offList = 0;
    let off = 0;
    for (let i = 0, k = at; i < n; i++, k += step) {
      const slot = list === null ? k : list[k]!;
      const p = frames[slot]!;
      const block = p >= 0 ? blocks[p >>> m.pageblockOrder]! : 0;
      if (
        p < 0 ||
        !whole ||
        (what[slot]! & 0x0f) !== 0 ||
        m.holds?.has(p) === true ||
        block & BLOCK_ISOLATED
      ) {
        if (zone !== null) this.told(zone, pushed, offList, off);
        pushed = off = room = 0;
        zone = null;
        single.freePage(slot);
        continue;
      }
      if (zone === null || p < zone.startPfn || p >= zone.endPfn || zone.shared) {
        const its = m.zoneOf(p)!;
        if (its !== zone) {
          if (zone !== null) this.told(zone, pushed, offList, off);
          zone = its;
          pushed = off = 0;
          room = roomForFrees(m, zone, zone.pcp);
        }
      }
      slotOf[p] = 0;
      frames[slot] = SLOT_FREE;
      const on = page[p]! & LIST;
      if (on !== 0) {
        if (on !== offList) {
          if (off > 0) this.lru.account(zone, offList, -off);
          offList = on;
          off = 0;
        }
        off++;
        this.unlink(p, zone.nid * 8 + on);
      }
      const mt = block & BLOCK_MT;
      if (room <= 0) {
        noteFrees(m, zone.pcp, pushed);
        this.counters.frees += pushed + 1;
        pushed = 0;
        freeUnrefPageCommit(m, zone, p, mt, 0);
        room = roomForFrees(m, zone, zone.pcp);
        continue;
      }
      const head = zone.pcp.listBase + (mt >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : mt);
      const first = next[head]!;
      next[p] = first;
      prev[p] = head;
      prev[first] = p;
      next[head] = p;
      state[p] = pcpState(0, mt);
      room--;
      pushed++;
    }
    if (zone !== null) this.told(zone, pushed, offList, off);
  }

  /** Takes a page off its list; its count is the caller's. */
  private unlink(p: number, where: number): void {
    const { next, prev } = this.m;
    const n = next[p]!;
    const b = prev[p]!;
    if (b >= 0) next[b] = n;
    else this.lru.first[where] = n;
    if (n >= 0) prev[n] = b;
    else this.lru.last[where] = b;
    this.lru.page[p] = 0;
  }

  private told(zone: Zone, pushed: number, list: number, off: number): void {
    if (off > 0) this.lru.account(zone, list, -off);
    noteFrees(this.m, zone.pcp, pushed);
    this.counters.frees += pushed;
  }

  /** Uses `n` pages again, and reads back those that are gone: how many frames that takes, or −1 when there was no memory. */
  touch(n: number, list: Int32Array | null, at: number): number {
    const { m, lru, single } = this;
    const { page } = lru;
    let frames = this.slots.pfn;
    let asked = 0;
    for (let i = 0; i < n; i++) {
      const slot = list === null ? at + i : list[at + i]!;
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
