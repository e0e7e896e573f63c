/**
 * A process as the page allocator sees it: a kernel stack, anonymous memory faulted in page by page with a page table
 * for every so many pages, and everything freed when it ends. Order of frees: release_pages() turns the single pages of each
 * batch round (recorded: docs/fidelity.md, "By what mechanism").
 */
import { IntStack } from "../base/int-stack";
import type { System } from "../machine/system";
import { GFP_KERNEL } from "../mm/state/gfp";

/** THREAD_SIZE is 16 KiB on x86-64 and arm64: order 2 with pages of 4 KiB, one page with larger ones. */
function stackOrder(pageSize: number): number {
  return Math.max(0, Math.log2(16384 / pageSize));
}

/**
 * Page tables of a process that has done nothing yet: three upper levels and one table each for program, libraries, heap and
 * stack. A modelling choice.
 */
export const FIRST_TABLES = 7;

/** Pages of an mmu_gather batch: 8, then what a page of pointers holds less its header. */
const FIRST_BATCH = 8;

/** What a process has that has ended. */
const NOTHING = new IntStack();

export class Process {
  private readonly system: System;
  private slots: IntStack;
  private fixed: IntStack;
  private readonly stack: number;
  private readonly pagesATable: number;
  private sinceTable: number;

  /** `tables`: page tables it has from the start; see FIRST_TABLES. */
  constructor(system: System, tables = 0) {
    this.system = system;
    this.slots = system.stacks.take();
    this.fixed = system.stacks.take();
    this.pagesATable = system.pageSize / 8;
    this.sinceTable = this.pagesATable;
    this.stack = system.allocFixed("kernelStack", GFP_KERNEL, stackOrder(system.pageSize));
    for (let i = 0; i < tables; i++) if (!this.addTable()) break;
    this.sinceTable = this.pagesATable;
  }

  /** Whether it got its kernel stack: fork() fails without. */
  get alive(): boolean {
    return this.stack >= 0;
  }

  /** Pages it has, those of higher orders as one. */
  get pages(): number {
    return this.slots.length;
  }

  /** Faults in up to `n` anonymous pages; how many it got. */
  fault(n: number): number {
    const { system } = this;
    if (this.slots === NOTHING) throw new Error("a process that has ended faults");
    const { slots } = this;
    for (let got = 0; got < n; ) {
      if (this.sinceTable >= this.pagesATable && !this.addTable()) return got;
      // Until the next page table is due nothing else is asked for.
      const wanted = Math.min(n - got, this.pagesATable - this.sinceTable);
      const here = system.allocList("anon", wanted, slots.room(wanted), slots.length);
      slots.grew(here);
      this.sinceTable += here;
      got += here;
      if (here < wanted) return got;
    }
    return n;
  }

  /** Faults in one huge page, or as many single pages; false when neither could be had. */
  faultHuge(): boolean {
    const { system } = this;
    const slot = system.allocHuge();
    if (slot < 0) {
      const pages = 1 << system.memory.thpOrder;
      return this.fault(pages) === pages;
    }
    if (this.slots === NOTHING) throw new Error("a process that has ended faults");
    this.slots.push(slot);
    return true;
  }

  private addTable(): boolean {
    const pfn = this.system.allocFixed("pageTable");
    if (pfn < 0) return false;
    this.fixed.push(pfn);
    this.sinceTable = 0;
    return true;
  }

  /** Maps `n` page tables for memory that it shares with others. */
  mapShared(n: number): number {
    if (this.fixed === NOTHING) throw new Error("a process that has ended maps memory");
    const got = this.system.allocFixedList("pageTable", n, this.fixed.room(n), this.fixed.length);
    this.fixed.grew(got);
    return got;
  }

  /** Uses the page with this index again. */
  touch(index: number): void {
    this.system.touch(this.slots.at(index));
  }

  /** Slot of the page with this index. */
  slot(index: number): number {
    return this.slots.at(index);
  }

  /** Gives its last `n` pages back, as free() of a heap does. */
  shrink(n: number): void {
    const { slots } = this;
    const gone = Math.min(n, slots.length);
    if (gone <= 0) return;
    this.system.freeList(slots.values, slots.length - 1, slots.length - gone);
    slots.cut(gone);
  }

  /** Ends it: everything is freed. */
  exit(): void {
    const { system, slots } = this;
    let size = FIRST_BATCH;
    for (let start = 0; start < slots.length; start += size) {
      if (start > 0) size = this.pagesATable - 2;
      system.freeList(slots.values, Math.min(start + size, slots.length) - 1, start);
    }
    system.freeFixedList(this.fixed.values, this.fixed.length);
    if (this.stack >= 0) system.freeFixed(this.stack, stackOrder(system.pageSize));
    if (slots === NOTHING) return;
    system.stacks.give(this.fixed);
    system.stacks.give(slots);
    this.slots = this.fixed = NOTHING;
  }
}
