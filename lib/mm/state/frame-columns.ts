/**
 * The frames of one machine: the fields of `struct page` that matter, as columns; page blocks; and the doubly linked
 * lists that run through the columns. A frame number is an index. List heads are indices after the last frame, so
 * that linking needs no branch. Columns of untouched frames take address space but no memory.
 *
 * A run of untouched top-order blocks on a list is one *virgin* node (index >= virginBase) that represents the frames
 * [virginLo, virginHi): a machine with 1 TiB boots without touching its columns.
 */
import { int32Column, uint8Column } from "../../base/columns";
import { InputError } from "../../base/errors";
import { MIGRATE_ISOLATE, MIGRATE_PCPTYPES } from "./migratetype";
import {
  ALLOCATED,
  BLOCK_HOLE,
  BLOCK_ISOLATED,
  BLOCK_MT,
  IN_USE_MOVABLE,
  isPcpState,
  MOVABLE_PAGE,
  ORDER_MASK,
  OWNER_VALID,
} from "./page-state";

const VIRGIN_NODES = 1024;

/** The free page that holds a frame: its first frame and order. */
export interface FreePlace {
  head: number;
  order: number;
  pcp: boolean;
}

/** The number of frames and list heads, and their grouping. */
export interface FrameShape {
  /** One past the last frame of memory. */
  frames: number;
  listHeads: number;
  maxOrder: number;
  pageblockOrder: number;
  mobilityDisabled: boolean;
}

export class FrameColumns {
  readonly next: Int32Array;
  readonly prev: Int32Array;
  readonly state: Uint8Array;
  readonly owner: Uint8Array;
  /** One byte per page block. */
  readonly blocks: Uint8Array;
  /** Frames are [0, endPfn). */
  readonly endPfn: number;
  readonly virginBase: number;
  readonly virginLo: Int32Array;
  readonly virginHi: Int32Array;
  /** 1: the run is allocated from its upper end down (boot memory of 4.17). */
  readonly virginDown: Uint8Array;
  private virginUsed: number;
  readonly maxOrder: number;
  readonly pageblockOrder: number;
  readonly pageblockPages: number;
  /** page_group_by_mobility_disabled. */
  mobilityDisabled: boolean;

  constructor(shape: FrameShape) {
    this.maxOrder = shape.maxOrder;
    this.pageblockOrder = shape.pageblockOrder;
    this.pageblockPages = (1 << shape.pageblockOrder) | 0;
    this.mobilityDisabled = shape.mobilityDisabled;
    const topPages = 1 << Math.max(this.maxOrder, this.pageblockOrder);
    // Before the number is cut to 32 bits: memory of 2^32 frames would become memory of none.
    if (shape.frames + topPages + shape.listHeads + VIRGIN_NODES >= 2 ** 31)
      throw new InputError(
        `machine: its memory must end below page frame 2^31, for frames are numbered with 31 bits: it ends at ${shape.frames}`,
      );
    this.endPfn = (Math.ceil(shape.frames / topPages) * topPages) | 0;
    this.virginBase = this.endPfn + shape.listHeads;
    const nodes = this.virginBase + VIRGIN_NODES;
    this.next = int32Column(nodes);
    this.prev = int32Column(nodes);
    this.state = uint8Column(this.endPfn);
    this.owner = uint8Column(this.endPfn);
    this.blocks = new Uint8Array(this.endPfn >>> this.pageblockOrder);
    this.virginLo = new Int32Array(VIRGIN_NODES);
    this.virginHi = new Int32Array(VIRGIN_NODES);
    this.virginDown = new Uint8Array(VIRGIN_NODES);
    this.virginUsed = 0;
    for (let i = this.endPfn; i < this.virginBase; i++) this.next[i] = this.prev[i] = i;
  }

  /** Whether the block of `pfn` has no struct pages. */
  blockIsHole(pfn: number): boolean {
    return (this.blocks[pfn >>> this.pageblockOrder]! & BLOCK_HOLE) !== 0;
  }

  /** mm/page_alloc.c: get_pfnblock_migratetype(): ISOLATE while the block is isolated. */
  blockType(pfn: number): number {
    const b = this.blocks[pfn >>> this.pageblockOrder]!;
    return b & BLOCK_ISOLATED ? MIGRATE_ISOLATE : b & BLOCK_MT;
  }

  /** mm/page_alloc.c: set_pageblock_migratetype(): with mobility off, types below PCPTYPES become UNMOVABLE. */
  setBlockType(pfn: number, mt: number): void {
    const type = this.mobilityDisabled && mt < MIGRATE_PCPTYPES ? 0 : mt;
    const i = pfn >>> this.pageblockOrder;
    this.blocks[i] = (this.blocks[i]! & ~BLOCK_MT) | type;
  }

  /** The free page (buddy or per-CPU) that holds `pfn`, or undefined if the frame is in use. */
  freePlaceOf(pfn: number): FreePlace | undefined {
    for (let order = 0; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s === order + 1) return { head, order, pcp: false };
      if (isPcpState(s) && this.pcpOrder(s) === order) return { head, order, pcp: true };
    }
    for (let i = 0; i < this.virginUsed; i++)
      if (pfn >= this.virginLo[i]! && pfn < this.virginHi[i]!)
        return { head: pfn - (pfn % (1 << this.maxOrder)), order: this.maxOrder, pcp: false };
    return undefined;
  }

  /** The head of the page in use that holds `pfn`: `pfn` itself if no larger page is known. */
  headOf(pfn: number): number {
    if (this.state[pfn] !== 0) return pfn;
    for (let order = 1; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s !== 0) return s >= ALLOCATED && head + (1 << (s & ORDER_MASK)) > pfn ? head : pfn;
    }
    return pfn;
  }

  /** Whether a frame without its own state is inside a larger free page, on a buddy or a per-CPU list. */
  insideFree(pfn: number): boolean {
    for (let order = 1; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s === 0) continue;
      if (s >= ALLOCATED) return false;
      return head + (1 << (isPcpState(s) ? this.pcpOrder(s) : s - 1)) > pfn;
    }
    return false;
  }

  /** Order of a per-CPU page from its state. */
  pcpOrder(state: number): number {
    const index = state & 7;
    return index === 4 ? this.pageblockOrder : index;
  }

  /** The owner byte of the page in use at `head` (MOVABLE_PAGE, OWNER_*); 0 for a free page. */
  ownerOf(head: number): number {
    const s = this.state[head]!;
    if (s === 0) return this.owner[head]!;
    if (s < ALLOCATED) return 0;
    const movable = s & IN_USE_MOVABLE ? MOVABLE_PAGE : 0;
    return s & OWNER_VALID ? (this.owner[head]! & ~MOVABLE_PAGE) | movable : movable;
  }

  /** Sets the owner byte of the page in use at `head`. */
  setOwner(head: number, owner: number): void {
    this.owner[head] = owner;
    const s = this.state[head]!;
    if (s >= ALLOCATED)
      this.state[head] = (s & ~IN_USE_MOVABLE) | OWNER_VALID | (owner & MOVABLE_PAGE ? IN_USE_MOVABLE : 0);
  }

  /**
   * Splits a larger page into single frames before 2^order frames at `pfn` are freed that were not allocated as one
   * page.
   */
  splitAllocated(pfn: number, order: number): void {
    for (let p = pfn; p < pfn + (1 << order); p++) {
      const head = this.headOf(p);
      const s = this.state[head]!;
      if (s < ALLOCATED || (s & ORDER_MASK) === 0) continue;
      const end = head + (1 << (s & ORDER_MASK));
      this.owner.fill(this.owner[head]!, head, end);
      this.state.fill(s & ~ORDER_MASK, head, end);
    }
    if (order > 0) this.state.fill(0, pfn + 1, pfn + (1 << order));
  }

  /** Turns the 2^order frames in use at `pfn` into one page that compaction cannot move, as with hugetlb pages. */
  markAllocated(pfn: number, order: number): void {
    this.state.fill(0, pfn + 1, pfn + (1 << order));
    this.state[pfn] = ALLOCATED | order;
  }

  /** A node for the untouched top-order blocks [lo, hi), listed upwards or downwards; −1 if no node is left. */
  newVirginNode(lo: number, hi: number, down: boolean): number {
    if (this.virginUsed === VIRGIN_NODES) return -1;
    const i = this.virginUsed++;
    this.virginLo[i] = lo;
    this.virginHi[i] = hi;
    this.virginDown[i] = down ? 1 : 0;
    return this.virginBase + i;
  }
}
