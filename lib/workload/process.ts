/**
 * A process as the page allocator sees it: a kernel stack, anonymous memory faulted in page by page (on large machines by
 * granules), with a page table for a fixed number of pages. Everything is freed when it ends. Order of frees: release_pages()
 * reverses the single pages of each batch (recorded: docs/fidelity.md, "By what mechanism").
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

/** The holdings of a process that has ended. */
const NOTHING = new IntStack();

export class Process {
  private readonly system: System;
  private slots: IntStack;
  private readonly fixed: number[];
  private readonly stack: number;
  private readonly pagesATable: number;
  private sinceTable: number;

  /** `tables`: page tables it has from the start; see FIRST_TABLES. */
  constructor(system: System, tables = 0) {
    this.system = system;
    this.slots = system.stacks.take();
    this.fixed = [];
    this.pagesATable = system.pageSize / 8;
    this.sinceTable = this.pagesATable;
    this.stack = system.allocFixed("kernelStack", GFP_KERNEL, stackOrder(system.pageSize));
    for (let i = 0; i < tables; i++) if (!this.addTable()) break;
    this.sinceTable = this.pagesATable;
  }

  /** Whether it got its kernel stack, without which fork() fails. */
  get alive(): boolean {
    return this.stack >= 0;
  }

  /** Its pages; one of a higher order counts once. */
  get pages(): number {
    return this.slots.length;
  }

  /** Faults in up to `n` anonymous pages; returns how many it got. */
  fault(n: number): number {
    const { system } = this;
    if (this.slots === NOTHING) throw new Error("a process that has ended faults");
    let got = 0;
    while (got < n) {
      if (this.sinceTable >= this.pagesATable && !this.addTable()) return got;
      const slot = system.allocUpTo("anon", n - got);
      if (slot < 0) return got;
      this.slots.push(slot);
      const pages = system.pagesOf(slot);
      this.sinceTable += pages;
      got += pages;
    }
    return n;
  }

  /** Faults in one huge page, or as many single pages; false if neither was available. */
  faultHuge(): boolean {
    const { system } = this;
    // On a machine with granules nothing waits for a huge page: granules represent large free pieces.
    const slot = system.allocHuge(system.granuleOrder === 0);
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
    for (let i = 0; i < n; i++) {
      const pfn = this.system.allocFixed("pageTable");
      if (pfn < 0) return i;
      this.fixed.push(pfn);
    }
    return n;
  }

  /** Uses the page with this index again. */
  touch(index: number): void {
    this.system.touch(this.slots.at(index));
  }

  /** Slot of the page with this index. */
  slot(index: number): number {
    return this.slots.at(index);
  }

  /** Releases its last `n` pages, as free() of a heap does. */
  shrink(n: number): void {
    for (let i = Math.min(n, this.slots.length); i > 0; i--) this.system.free(this.slots.pop());
  }

  /** Ends it: everything is freed. */
  exit(): void {
    const { system, slots } = this;
    let size = FIRST_BATCH;
    for (let start = 0; start < slots.length; start += size) {
      if (start > 0) size = this.pagesATable - 2;
      for (let i = Math.min(start + size, slots.length) - 1; i >= start; i--) system.free(slots.at(i));
    }
    for (const pfn of this.fixed) system.freeFixed(pfn);
    if (this.stack >= 0) system.freeFixed(this.stack, stackOrder(system.pageSize));
    this.fixed.length = 0;
    system.stacks.give(slots);
    this.slots = NOTHING;
  }
}
