/**
 * Where the pages of processes and caches are: a slot is one page as its owner sees it, whichever frame it lies in. Frames
 * change by migration, and reclaim takes them away; the slot stays. A huge page has one slot followed by the slots of its
 * parts, which come to life when it is split.
 *
 * Law: a slot in use either holds a frame, and `slotAt` of that frame names it, or it was reclaimed.
 */
import { InputError } from "../base/errors";

/** `pfn` of a slot whose page was dropped from the page cache, or written to swap. */
export const SLOT_DROPPED = -1;
export const SLOT_SWAPPED = -2;
/** Of a slot that is not in use. */
export const SLOT_FREE = -3;
/** Of a part of a huge page that is whole. */
export const SLOT_PART = -4;

export class PageSlots {
  /** First frame of the page, or one of the SLOT_ numbers. */
  pfn: Int32Array;
  /** Order of the page; of a huge page that was split: 0 for each part. */
  order: Uint8Array;
  /** OWNER_KINDS value. */
  kind: Uint8Array;
  /** Frame → slot + 1; 0: none. */
  private readonly at: Int32Array;
  private used: number;
  private readonly freeSingles: number[];
  private readonly freeRuns: Map<number, number[]>;

  constructor(endPfn: number) {
    this.at = new Int32Array(endPfn);
    this.pfn = new Int32Array(1 << 12);
    this.order = new Uint8Array(1 << 12);
    this.kind = new Uint8Array(1 << 12);
    this.used = 0;
    this.freeSingles = [];
    this.freeRuns = new Map();
  }

  /** The slot of the page whose first frame is `pfn`, or −1. */
  slotAt(pfn: number): number {
    return this.at[pfn]! - 1;
  }

  /** A slot for the page of 2^order frames at `pfn`. */
  add(pfn: number, order: number, kind: number): number {
    let slot: number;
    if (order === 0) slot = this.freeSingles.pop() ?? this.grow(1);
    else {
      slot = this.freeRuns.get(order)?.pop() ?? this.grow(2 ** order);
      this.pfn.fill(SLOT_PART, slot + 1, slot + 2 ** order);
    }
    this.pfn[slot] = pfn;
    this.order[slot] = order;
    this.kind[slot] = kind;
    this.at[pfn] = slot + 1;
    return slot;
  }

  private grow(n: number): number {
    const slot = this.used;
    if (slot + n > this.pfn.length) {
      const size = 2 * Math.max(this.pfn.length, slot + n);
      if (size >= 2 ** 31)
        throw new InputError(`pages of a workload: at most 2^30 at a time: got ${slot + n}`);
      this.pfn = widened(this.pfn, new Int32Array(size));
      this.order = widened(this.order, new Uint8Array(size));
      this.kind = widened(this.kind, new Uint8Array(size));
    }
    this.used += n;
    return slot;
  }

  /** Gives a slot up; its frame, if any, is the caller's. A huge page's parts go with it, unless it was split. */
  drop(slot: number): void {
    const pfn = this.pfn[slot]!;
    if (pfn >= 0) this.at[pfn] = 0;
    this.pfn[slot] = SLOT_FREE;
    const order = this.order[slot]!;
    if (order === 0) this.freeSingles.push(slot);
    else {
      const runs = this.freeRuns.get(order);
      if (runs === undefined) this.freeRuns.set(order, [slot]);
      else runs.push(slot);
    }
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

  /** The huge page at `pfn` became single pages: each part has its own slot from now on. */
  split(pfn: number): void {
    const slot = this.at[pfn]! - 1;
    if (slot < 0) return;
    const n = 2 ** this.order[slot]!;
    for (let i = 0; i < n; i++) {
      this.order[slot + i] = 0;
      this.kind[slot + i] = this.kind[slot]!;
      this.pfn[slot + i] = pfn + i;
      this.at[pfn + i] = slot + i + 1;
    }
  }
}

function widened<T extends Int32Array | Uint8Array>(old: T, wide: T): T {
  wide.set(old);
  return wide;
}
