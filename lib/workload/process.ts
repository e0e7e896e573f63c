/**
 * A process as the page allocator sees it: a kernel stack, anonymous memory faulted in page by page, with a page table for a
 * fixed number of pages. Everything is freed when it ends. Order of frees: release_pages() reverses the single pages of each
 * batch (recorded: docs/fidelity.md, "By what mechanism").
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
  /** First slot and length of the rows of slots that its pages have, in the order of their faults. */
  private rows: IntStack;
  private pages: number;
  private fixed: IntStack;
  private readonly stack: number;
  private readonly pagesATable: number;
  private sinceTable: number;

  /** `tables`: page tables it has from the start; see FIRST_TABLES. */
  constructor(system: System, tables = 0) {
    this.system = system;
    this.rows = system.stacks.take();
    this.pages = 0;
    this.fixed = system.stacks.take();
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

  /** Faults in up to `n` anonymous pages; returns how many it got. */
  fault(n: number): number {
    const { system } = this;
    for (let got = 0; got < n; ) {
      if (this.sinceTable >= this.pagesATable && !this.addTable()) return got;
      // Until the next page table is due nothing else is asked for.
      const wanted = Math.min(n - got, this.pagesATable - this.sinceTable);
      const base = system.reserveSlots(wanted);
      const here = system.allocRun("anon", base, wanted);
      system.returnSlots(base + here, wanted - here);
      this.have(base, here);
      this.sinceTable += here;
      got += here;
      if (here < wanted) return got;
    }
    return n;
  }

  /** Faults in one huge page, or as many single pages; false if neither was available. */
  faultHuge(): boolean {
    const { system } = this;
    const slot = system.allocHuge();
    if (slot < 0) {
      const pages = 1 << system.memory.thpOrder;
      return this.fault(pages) === pages;
    }
    this.have(slot, 1);
    return true;
  }

  private have(base: number, n: number): void {
    if (this.rows === NOTHING) throw new Error("a process that has ended faults");
    if (n === 0) return;
    this.rows.push(base);
    this.rows.push(n);
    this.pages += n;
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

  /** Ends it: everything is freed. */
  exit(): void {
    const { system, rows, fixed } = this;
    if (rows === NOTHING) return;
    let at = { row: 0, done: 0 };
    let size = FIRST_BATCH;
    for (let start = 0; start < this.pages; start += size) {
      if (start > 0) size = this.pagesATable - 2;
      at = this.freeBatch(at.row, at.done, Math.min(size, this.pages - start));
    }
    for (let i = 0; i < rows.length; i += 2) system.returnSlots(rows.at(i), rows.at(i + 1));
    system.freeFixedList(fixed.values, fixed.length);
    if (this.stack >= 0) system.freeFixed(this.stack, stackOrder(system.pageSize));
    system.stacks.give(fixed);
    system.stacks.give(rows);
    this.rows = this.fixed = NOTHING;
    this.pages = 0;
  }

  /** Frees `n` pages, the last of them first, of which the first is page `done` of a row; where the next batch begins. */
  private freeBatch(row: number, done: number, n: number): { row: number; done: number } {
    const { rows } = this;
    let last = row;
    let end = done + n;
    for (; end > rows.at(last + 1); last += 2) end -= rows.at(last + 1);
    for (let r = last; r >= row; r -= 2) {
      const base = rows.at(r);
      this.system.vacate(base + (r === last ? end : rows.at(r + 1)) - 1, base + (r === row ? done : 0));
    }
    return end === rows.at(last + 1) ? { row: last + 2, done: 0 } : { row: last, done: end };
  }
}
