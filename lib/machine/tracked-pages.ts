/**
 * Pages that may move or be reclaimed: what workloads take by the million. They are held by slots (see page-slots.ts) and are on the
 * LRU lists.
 */
import { InputError } from "../base/errors";
import { allocPages, freeWholePages } from "../mm/allocation/page-alloc";
import { allocThp, GFP_TRANSHUGE_LIGHT } from "../mm/allocation/thp";
import { LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, LRU_NONE, type Lru } from "../mm/reclaim/lru";
import type { RoomMaker } from "../mm/reclaim/vmscan";
import { __GFP_COMP, __GFP_NORETRY, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { forgetHolds, OWNER_KINDS, type OwnerKind, orderInUse } from "../mm/state/owners";
import { type PageSlots, SLOT_DROPPED, SLOT_FREE, SLOT_SPLIT, SLOT_SWAPPED } from "./page-slots";
import type { RunningParts } from "./running-parts";
import type { SystemCounters } from "./system-counters";
import type { ResolvedSystemOptions } from "./system-options";

/** The LRU list on which pages of a kind start, by OWNER_KINDS >> 4. */
export const LRU_OF = new Uint8Array(16);
LRU_OF[OWNER_KINDS.anon >> 4] = LRU_INACTIVE_ANON;
LRU_OF[OWNER_KINDS.shmem >> 4] = LRU_INACTIVE_ANON;
LRU_OF[OWNER_KINDS.fileClean >> 4] = LRU_INACTIVE_FILE;
LRU_OF[OWNER_KINDS.fileDirty >> 4] = LRU_INACTIVE_FILE;

/** readahead_gfp_mask(): one try. NOFS, which readahead adds, is not modelled. */
const GFP_FOLIO = GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN;

/** OWNER_KINDS[kind] for the kinds that workloads take by the million: a lookup by name costs as much as an allocation. */
export function trackedKind(kind: OwnerKind): number {
  if (kind === "anon") return OWNER_KINDS.anon;
  if (kind === "fileClean") return OWNER_KINDS.fileClean;
  if (kind === "fileDirty") return OWNER_KINDS.fileDirty;
  return kind === "shmem" ? OWNER_KINDS.shmem : OWNER_KINDS[kind];
}

export class TrackedPages {
  private readonly memory: Memory;
  private readonly lru: Lru;
  private readonly slots: PageSlots;
  private readonly room: RoomMaker;
  private readonly counters: SystemCounters;
  private readonly options: ResolvedSystemOptions;
  private readonly thp: boolean;

  constructor(parts: RunningParts) {
    this.memory = parts.memory;
    this.lru = parts.lru;
    this.slots = parts.slots;
    this.room = parts.room;
    this.counters = parts.counters;
    this.options = parts.options;
    this.thp = parts.thp;
  }

  /**
   * A page of 2^order frames that may move: anon, shmem, fileClean, fileDirty. Its slot, or −1 when there was no memory; it is
   * on the LRU lists from now on, but for huge pages of processes. `gfp` as a number; default GFP_HIGHUSER_MOVABLE.
   */
  alloc(kind: OwnerKind, order = 0, gfp: number = GFP_HIGHUSER_MOVABLE): number {
    if (this.memory.change !== null) this.memory.change.between?.();
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, order > 0 ? gfp | __GFP_COMP : gfp, order);
    this.counters.allocations++;
    if (pfn < 0) {
      this.counters.failures++;
      return -1;
    }
    return this.own(pfn, order, trackedKind(kind));
  }

  /** A large folio of the page cache for a slot that was reserved; false: the caller takes smaller ones. */
  allocFolio(kind: number, order: number, slot: number): boolean {
    if (this.memory.change !== null) this.memory.change.between?.();
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, GFP_FOLIO, order);
    if (pfn < 0) return false;
    this.counters.allocations++;
    this.own(pfn, order, kind, slot);
    return true;
  }

  /** alloc() of a single page for a slot that was reserved (−1: a new one); the kind as OWNER_KINDS has it. */
  allocInto(kind: number, slot: number): number {
    if (this.memory.change !== null) this.memory.change.between?.();
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, GFP_HIGHUSER_MOVABLE, 0);
    this.counters.allocations++;
    if (pfn < 0) {
      this.counters.failures++;
      return -1;
    }
    return this.own(pfn, 0, kind, slot);
  }

  /** `slot`: one that was reserved for the page, or −1. */
  own(pfn: number, order: number, kind: number, slot = -1): number {
    this.memory.setOwner(pfn, kind | 0x08);
    const list = LRU_OF[kind >> 4]!;
    if (list !== LRU_NONE && (order < this.memory.pageblockOrder || list === LRU_INACTIVE_FILE))
      this.lru.add(pfn, list, kind === OWNER_KINDS.fileDirty);
    if (slot < 0) return this.slots.add(pfn, order, kind);
    this.slots.put(slot, pfn, order, kind);
    return slot;
  }

  /** Frames of the page of a slot. */
  pagesOf(slot: number): number {
    return 1 << this.slots.orderOf(slot);
  }

  /** A huge page fault: a huge page by the machine's defrag mode, else −1 and the caller takes single pages. */
  allocHuge(madvised = true): number {
    const { memory: m, counters } = this;
    if (!this.thp) return -1;
    const pfn = allocThp(m, this.options.thpDefrag, madvised);
    if (pfn < 0) {
      counters.thpFellBack++;
      return -1;
    }
    counters.thpAllocated++;
    return this.own(pfn, m.thpOrder, OWNER_KINDS.anon);
  }

  /** Splits the page of a slot, which is given up; the slots of its single pages. */
  split(slot: number): Int32Array {
    const { slots, memory } = this;
    const pfn = slots.pfn[slot]!;
    if (pfn < 0) throw new InputError(`split: slot ${slot} has no whole page in memory`);
    const order = slots.orderOf(slot);
    if (order === 0) return Int32Array.of(slot);
    const list = LRU_OF[slots.kindOf(slot) >> 4]!;
    const listed = this.lru.page[pfn] !== 0;
    memory.splitter!(pfn, order);
    memory.splitAllocated(pfn, 0);
    // Huge pages of processes are on no list here; single pages are.
    if (!listed) for (let p = pfn; p < pfn + (1 << order); p++) this.lru.add(p, list);
    const parts = slots.partsOf(slot);
    slots.drop(slot);
    return parts;
  }

  /** Frees a page by its slot. */
  free(slot: number): void {
    this.freePage(slot);
    this.slots.giveBack(slot, 1);
  }

  /** free() of which the slot's number stays taken. */
  freePage(slot: number): void {
    const { slots } = this;
    const pfn = slots.pfn[slot]!;
    if (pfn <= SLOT_FREE) throw new InputError(`free: slot ${slot} is not in use`);
    if (pfn === SLOT_SPLIT) for (const part of slots.partsOf(slot)) this.free(part);
    const order = slots.orderOf(slot);
    slots.clear(slot);
    if (pfn >= 0) {
      this.counters.frees++;
      forgetHolds(this.memory, pfn);
      freeWholePages(this.memory, pfn, order);
    } else if (pfn === SLOT_SWAPPED) this.lru.swapFree += 1 << order;
  }

  /**
   * The page is used: it gets its second chance, or is read back where reclaim took it (a refault). False when it could not be
   * read back for want of memory.
   */
  touch(slot: number): boolean {
    const { slots } = this;
    const pfn = slots.pfn[slot]!;
    if (pfn >= 0) {
      this.lru.markAccessed(pfn);
      return true;
    }
    if (pfn === SLOT_SPLIT) {
      let all = true;
      for (const part of slots.partsOf(slot)) all = this.touch(part) && all;
      return all;
    }
    return this.readBack(slot, pfn === SLOT_SWAPPED);
  }

  /** A refault; of a large page, with single frames where no large one is to be had. */
  private readBack(slot: number, swapped: boolean): boolean {
    if (this.options.kswapdLag > 0) this.room.tick();
    const { slots } = this;
    const order = slots.orderOf(slot);
    const large = LRU_OF[slots.kindOf(slot) >> 4] === LRU_INACTIVE_FILE ? GFP_FOLIO : GFP_TRANSHUGE_LIGHT;
    const fresh = allocPages(this.memory, order > 0 ? large : GFP_HIGHUSER_MOVABLE, order);
    if (fresh < 0 && order > 0) {
      slots.breakUp(slot);
      return this.touch(slot);
    }
    if (fresh < 0) {
      this.counters.failures++;
      return false;
    }
    this.counters.refaults += 1 << order;
    if (swapped) this.lru.swapFree += 1 << order;
    // A dirty page was written when it was taken: what is read back is clean.
    const was = slots.kindOf(slot);
    const kind = was === OWNER_KINDS.fileDirty ? OWNER_KINDS.fileClean : was;
    slots.setKind(slot, kind);
    this.memory.setOwner(fresh, kind | 0x08);
    this.lru.add(fresh, LRU_OF[kind >> 4]!);
    slots.refill(slot, fresh);
    return true;
  }

  /** The file page of a slot was written back: it is clean from now on. Nothing to do where reclaim took it. */
  cleaned(slot: number): void {
    const pfn = this.slots.pfn[slot]!;
    this.slots.setKind(slot, OWNER_KINDS.fileClean);
    if (pfn === SLOT_SPLIT) for (const part of this.slots.partsOf(slot)) this.cleaned(part);
    if (pfn < 0) return;
    this.lru.setDirty(pfn, false);
    this.memory.setOwner(pfn, OWNER_KINDS.fileClean | 0x08);
  }

  /** Whether the page of a slot is in memory, all of it. */
  present(slot: number): boolean {
    const pfn = this.slots.pfn[slot]!;
    return pfn === SLOT_SPLIT ? this.slots.partsOf(slot).every((part) => this.present(part)) : pfn >= 0;
  }

  /** Reclaim took the page at `pfn`. */
  reclaimed(pfn: number, as: "dropped" | "written" | "swapped"): void {
    this.counters[as] += 1 << orderInUse(this.memory, pfn);
    const slot = this.slots.slotAt(pfn);
    if (slot >= 0) this.slots.lose(slot, as === "swapped" ? SLOT_SWAPPED : SLOT_DROPPED);
  }
}
