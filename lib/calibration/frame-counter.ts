/**
 * Counts runs of frames by class, and how those that never move are spread: over page blocks and over cells of one GiB. A page that
 * never moves is slab or a page table here, since /proc/kpageflags distinguishes no others; both sides are counted so.
 */
import { log2 } from "../base/elementary";
import { GiB } from "../base/units";
import { CLASS, CLASSES, type FrameClass } from "./class-map";

/** A cell of one GiB of physical memory that is not untouched. */
export interface GibCell {
  /** Which GiB, from physical address 0 up. */
  gib: number;
  /** Page blocks with a page that never moves, and such pages. */
  blocks: number;
  pages: number;
  /** Pages in use or of unknown use. */
  used: number;
}

/** What the frames say. */
export interface FrameCounts {
  pages: Readonly<Record<FrameClass, number>>;
  blockPages: number;
  /** Page blocks that hold at least one slab page or page table. */
  unmovableBlocks: number;
  /** Page blocks with at least one page that is neither free nor a hole. */
  usedBlocks: number;
  /** Page blocks by the slab pages and page tables in them: entry i counts those with 2^i to 2^(i+1) − 1. */
  unmovableSpread: number[];
  /** Free pages in runs of adjacent free frames: entry i counts the pages of runs of 2^i to 2^(i+1) − 1. */
  freeRunPages: number[];
  /** Cells of one GiB in which a page is in use. */
  cells: GibCell[];
}

const UNMOVABLE = new Uint8Array(CLASSES.length);
UNMOVABLE[CLASS.slab] = UNMOVABLE[CLASS.pageTable] = 1;
const IDLE = new Uint8Array(CLASSES.length);
IDLE[CLASS.free] = IDLE[CLASS.hole] = 1;

export class FrameCounter {
  private readonly counts: Float64Array;
  private readonly blockPages: number;
  private readonly pageSize: number;
  /** By page block: slab pages and page tables; whether a page is in use. */
  private readonly unmovable: Uint32Array;
  private readonly used: Uint32Array;
  private readonly freeRunPages: number[];
  private runFrom: number;
  private runTo: number;

  constructor({ frames, blockPages, pageSize }: { frames: number; blockPages: number; pageSize: number }) {
    this.blockPages = blockPages;
    this.pageSize = pageSize;
    this.counts = new Float64Array(CLASSES.length);
    const blocks = Math.ceil(frames / blockPages);
    this.unmovable = new Uint32Array(blocks);
    this.used = new Uint32Array(blocks);
    this.freeRunPages = [];
    this.runFrom = this.runTo = 0;
  }

  /** The frames from `from` on, in ascending runs. */
  add(from: number, pages: number, cls: number): void {
    this.counts[cls]! += pages;
    if (cls === CLASS.free) {
      if (from !== this.runTo) this.endRun(from);
      this.runTo = from + pages;
    }
    if (IDLE[cls] === 1) return;
    const { blockPages } = this;
    for (let p = from; p < from + pages; ) {
      const block = Math.floor(p / blockPages);
      const to = Math.min(from + pages, (block + 1) * blockPages);
      this.used[block]! += to - p;
      if (UNMOVABLE[cls] === 1) this.unmovable[block]! += to - p;
      p = to;
    }
  }

  private endRun(next: number): void {
    countInto(this.freeRunPages, this.runTo - this.runFrom, this.runTo - this.runFrom);
    this.runFrom = this.runTo = next;
  }

  result(): FrameCounts {
    this.endRun(0);
    const spread: number[] = [];
    const cells = new Map<number, GibCell>();
    let unmovableBlocks = 0;
    let usedBlocks = 0;
    for (let block = 0; block < this.used.length; block++) {
      const used = this.used[block]!;
      if (used === 0) continue;
      usedBlocks++;
      const pages = this.unmovable[block]!;
      const gib = Math.floor((block * this.blockPages * this.pageSize) / GiB);
      const cell = cells.get(gib) ?? { gib, blocks: 0, pages: 0, used: 0 };
      cells.set(gib, cell);
      cell.used += used;
      if (pages === 0) continue;
      unmovableBlocks++;
      cell.blocks++;
      cell.pages += pages;
      countInto(spread, pages, 1);
    }
    return {
      pages: Object.fromEntries(CLASSES.map((name, i) => [name, this.counts[i]!])) as FrameCounts["pages"],
      blockPages: this.blockPages,
      unmovableBlocks,
      usedBlocks,
      unmovableSpread: spread,
      freeRunPages: this.freeRunPages,
      cells: [...cells.values()],
    };
  }
}

/** Adds `n` at the power of two of `value`; nothing for 0. */
function countInto(histogram: number[], value: number, n: number): void {
  if (value <= 0) return;
  const at = Math.floor(log2(value));
  while (histogram.length <= at) histogram.push(0);
  histogram[at]! += n;
}
