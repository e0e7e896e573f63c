/**
 * Where the pages of processes and caches are: a slot is one page of any order as its owner sees it, whichever frame it lies
 * in. Frames change by migration, and reclaim takes them away; the slot stays. A large page that is split keeps its slot too,
 * and each part gets one of its own behind it: owners go on naming the whole. Slots are numbers (slot-numbers.ts): who has many
 * pages at once has slots in a row.
 *
 * Law: a slot in use either holds a frame, and `slotAt` of that frame names it, or it was reclaimed, or it has parts.
 */
import { int32Column, uint8Column } from "../base/columns";
import { NUMBER_FREE, SlotNumbers } from "./slot-numbers";

/** `pfn` of a slot whose page was dropped from the page cache, or written to swap. */
export const SLOT_DROPPED = -1;
export const SLOT_SWAPPED = -2;
/** Of a page that was split: its parts have slots of their own. */
export const SLOT_SPLIT = -3;
/** Of a slot that is not in use: this or less. */
export const SLOT_FREE = NUMBER_FREE;

const NO_PARTS = new Int32Array(0);

export class PageSlots {
  private readonly numbers: SlotNumbers;
  /** OWNER_KINDS value | order of the page; the order of one that was split is what it was. */
  what: Uint8Array;
  /** Frame → slot + 1; 0: none. */
  readonly at: Int32Array;
  /** Slots of the parts by the slot of the page that was split. */
  private readonly parts: Map<number, Int32Array>;

  constructor(endPfn: number) {
    this.at = int32Column(endPfn);
    this.numbers = new SlotNumbers(endPfn);
    this.what = uint8Column(this.pfn.length);
    this.parts = new Map();
  }

  /** By slot: first frame of the page, or one of the SLOT_ numbers. */
  get pfn(): Int32Array {
    return this.numbers.cells;
  }

  /** The slot of the page whose first frame is `pfn`, or −1. */
  slotAt(pfn: number): number {
    return this.at[pfn]! - 1;
  }

  /** Whether a slot is in use. */
  inUse(slot: number): boolean {
    return this.pfn[slot]! > SLOT_FREE;
  }

  /** Order of the page of a slot. */
  orderOf(slot: number): number {
    return this.what[slot]! & 0x0f;
  }

  /** OWNER_KINDS value of the page of a slot. */
  kindOf(slot: number): number {
    return this.what[slot]! & 0xf0;
  }

  setKind(slot: number, kind: number): void {
    this.what[slot] = kind | (this.what[slot]! & 0x0f);
  }

  /** A slot for the page of 2^order frames at `pfn`. */
  add(pfn: number, order: number, kind: number): number {
    const slot = this.fresh();
    this.put(slot, pfn, order, kind);
    return slot;
  }

  /** The page of 2^order frames at `pfn` is that of a slot which was reserved. */
  put(slot: number, pfn: number, order: number, kind: number): void {
    this.pfn[slot] = pfn;
    this.what[slot] = kind | order;
    this.at[pfn] = slot + 1;
  }

  /** A number for a slot that has no page yet. */
  fresh(): number {
    const slot = this.numbers.one();
    if (this.what.length < this.pfn.length) this.widen();
    return slot;
  }

  /** `n` numbers in a row, the first of them: slots without pages yet. */
  reserve(n: number): number {
    const base = this.numbers.run(n);
    if (this.what.length < this.pfn.length) this.widen();
    return base;
  }

  /** Slots [base, base + n) have no pages, or none any more, and are not used: their numbers are free. */
  giveBack(base: number, n: number): void {
    this.numbers.give(base, n);
  }

  private widen(): void {
    const wide = uint8Column(this.pfn.length);
    wide.set(this.what);
    this.what = wide;
  }

  /** Takes the page of a slot away from it, for good; its frame, if any, is the caller's, as are the slots of its parts. */
  clear(slot: number): void {
    const pfn = this.pfn[slot]!;
    if (pfn >= 0) this.at[pfn] = 0;
    else if (pfn === SLOT_SPLIT) this.parts.delete(slot);
    this.pfn[slot] = SLOT_FREE;
  }

  /** Gives a slot up; its frame, if any, is the caller's, as are the slots of its parts. */
  drop(slot: number): void {
    this.clear(slot);
    this.numbers.giveOne(slot);
  }

  /** Slots of the parts of a page that was split; none of one that is whole. */
  partsOf(slot: number): Int32Array {
    return this.parts.get(slot) ?? NO_PARTS;
  }

  /** The frame of a slot was taken away. */
  lose(slot: number, as: typeof SLOT_DROPPED | typeof SLOT_SWAPPED): void {
    this.at[this.pfn[slot]!] = 0;
    this.pfn[slot] = as;
  }

  /** A slot whose page was taken away has one again. */
  refill(slot: number, pfn: number): void {
    this.pfn[slot] = pfn;
    this.at[pfn] = slot + 1;
  }

  /** The page at `from` lies at `to` now. */
  moved(from: number, to: number): void {
    const slot = this.at[from]!;
    if (slot === 0) return;
    this.at[from] = 0;
    this.at[to] = slot;
    this.pfn[slot - 1] = to;
  }

  /** The large page at `pfn` became single pages: each part has its own slot from now on. */
  split(pfn: number): void {
    const slot = this.at[pfn]! - 1;
    if (slot < 0 || this.orderOf(slot) === 0) return;
    this.at[pfn] = 0;
    this.pfn[slot] = SLOT_SPLIT;
    const parts = new Int32Array(1 << this.orderOf(slot));
    for (let i = 0; i < parts.length; i++) parts[i] = this.add(pfn + i, 0, this.kindOf(slot));
    this.parts.set(slot, parts);
  }

  /** The large page of a slot that was reclaimed comes back frame by frame: its parts are gone as it was. */
  breakUp(slot: number): void {
    const gone = this.pfn[slot]!;
    const parts = new Int32Array(1 << this.orderOf(slot));
    for (let i = 0; i < parts.length; i++) {
      const part = this.fresh();
      this.pfn[part] = gone;
      this.what[part] = this.kindOf(slot);
      parts[i] = part;
    }
    this.pfn[slot] = SLOT_SPLIT;
    this.parts.set(slot, parts);
  }
}
