/**
 * Where the pages of processes and caches are: a slot is one page of any order as its owner sees it, whichever frame it lies
 * in. Frames change by migration, and reclaim takes them away; the slot stays. A large page that is split keeps its slot too,
 * and each part gets one of its own behind it: owners go on naming the whole.
 *
 * Law: a slot in use either holds a frame, and `slotAt` of that frame names it, or it was reclaimed, or it has parts.
 */
import { int32Column } from "../base/columns";
import { InputError } from "../base/errors";

/** `pfn` of a slot whose page was dropped from the page cache, or written to swap. */
export const SLOT_DROPPED = -1;
export const SLOT_SWAPPED = -2;
/** Of a page that was split: its parts have slots of their own. */
export const SLOT_SPLIT = -3;
/** Of a slot that is not in use. */
export const SLOT_FREE = -4;

export class PageSlots {
  /** First frame of the page, or one of the SLOT_ numbers. */
  pfn: Int32Array;
  /** OWNER_KINDS value | order of the page; the order of one that was split is what it was. */
  private what: Uint8Array;
  /** Frame → slot + 1; 0: none. */
  readonly at: Int32Array;
  private used: number;
  /** Slots given up, a stack. */
  private freed: Int32Array;
  private freedCount: number;
  /** Slots of the parts by the slot of the page that was split. */
  private readonly parts: Map<number, Int32Array>;

  constructor(endPfn: number) {
    this.at = int32Column(endPfn);
    this.pfn = new Int32Array(1 << 12);
    this.what = new Uint8Array(1 << 12);
    this.used = 0;
    this.freed = new Int32Array(1 << 12);
    this.freedCount = 0;
    this.parts = new Map();
  }

  /** The slot of the page whose first frame is `pfn`, or −1. */
  slotAt(pfn: number): number {
    return this.at[pfn]! - 1;
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
    this.pfn[slot] = pfn;
    this.what[slot] = kind | order;
    this.at[pfn] = slot + 1;
    return slot;
  }

  private fresh(): number {
    return this.freedCount > 0 ? this.freed[--this.freedCount]! : this.grow();
  }

  private grow(): number {
    const slot = this.used;
    if (slot === this.pfn.length) {
      const size = 2 * slot;
      if (size >= 2 ** 31)
        throw new InputError(`pages of a workload: at most 2^30 at a time: got ${slot + 1}`);
      this.pfn = widened(this.pfn, new Int32Array(size));
      this.what = widened(this.what, new Uint8Array(size));
      this.freed = widened(this.freed, new Int32Array(size));
    }
    this.used++;
    return slot;
  }

  /** Gives a slot up; its frame, if any, is the caller's, as are the slots of its parts. */
  drop(slot: number): void {
    const pfn = this.pfn[slot]!;
    if (pfn >= 0) this.at[pfn] = 0;
    else if (pfn === SLOT_SPLIT) this.parts.delete(slot);
    this.pfn[slot] = SLOT_FREE;
    this.freed[this.freedCount++] = slot;
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

const NO_PARTS = new Int32Array(0);

function widened<T extends Int32Array | Uint8Array>(old: T, wide: T): T {
  wide.set(old);
  return wide;
}
