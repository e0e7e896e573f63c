/**
 * A process as the page allocator sees it: kernel stacks and objects of its threads, and anonymous memory faulted in page by page,
 * with a page table for a fixed number of pages and one deposited for every huge page. Everything is freed when it ends. Order of frees: release_pages() reverses the single pages of each
 * batch (recorded: docs/fidelity.md, "By what mechanism").
 */
import { IntStack } from "../base/int-stack";
import type { System } from "../machine/system";
import type { KernelCaches } from "./kernel-caches";
import { takeRun } from "./slot-run";

/**
 * Pages of a kernel stack: THREAD_SIZE is 16 KiB on x86-64 and arm64, or a page if that is larger. They are single pages, mapped
 * side by side (CONFIG_VMAP_STACK, x86-64 since 4.9, arm64 since 4.14).
 */
function stackPages(pageSize: number): number {
  return Math.max(1, 16384 / pageSize);
}

/**
 * Page tables of a process that has done nothing yet: three upper levels and one table each for program, libraries, heap and
 * stack. A modelling choice.
 */
export const FIRST_TABLES = 7;

/**
 * Share of a page table's entries that map a page: heaps are sparse. A running machine had 370 KiB of anonymous memory for each
 * page table where 2 MiB would fit, and logs of machines full of anonymous memory have 0.5 to 1.9 MiB (docs/calibration.md).
 */
const DENSITY = 0.4;

/** What a process is made of. */
export interface ProcessShape {
  /** Page tables from the start; default FIRST_TABLES. */
  tables?: number;
  /** Threads, each with a stack; default 1. */
  threads?: number;
  /** Share of a page table's entries that its memory uses; default DENSITY. */
  density?: number;
  /** Where its kernel objects are; default: it has none. */
  caches?: KernelCaches;
}

/** Pages of an mmu_gather batch: 8, then what a page of pointers holds less its header. */
const FIRST_BATCH = 8;

/** The holdings of every process that has ended, on all machines: whoever puts something into it is told. */
const NOTHING = Object.freeze(new IntStack()) as IntStack;

export class Process {
  private readonly system: System;
  /** First slot and length of the rows of slots that its pages have, in the order of their faults. */
  private rows: IntStack;
  private pages: number;
  private fixed: IntStack;
  private stacks: IntStack;
  private readonly threads: number;
  private readonly caches: KernelCaches | undefined;
  private readonly pagesATable: number;
  private sinceTable: number;
  /** Where it runs; ANYWHERE: wherever its load does. */
  private cpu: number;

  constructor(system: System, shape: ProcessShape = {}) {
    const { tables = FIRST_TABLES, threads = 1, density = DENSITY, caches } = shape;
    this.system = system;
    this.threads = threads;
    this.caches = caches;
    this.cpu = system.processors.slice(system.processors.place());
    this.rows = system.stacks.take();
    this.pages = 0;
    this.fixed = system.stacks.take();
    this.stacks = system.stacks.take();
    this.pagesATable = Math.max(1, Math.round((system.pageSize / 8) * density));
    this.sinceTable = this.pagesATable;
    this.caches?.begun(threads);
    const wanted = threads * stackPages(system.pageSize);
    this.stacks.grew(system.allocFixedList("kernelStack", wanted, this.stacks.room(wanted), 0));
    for (let i = 0; i < tables; i++) if (!this.addTable()) break;
    this.sinceTable = this.pagesATable;
    if (!this.alive) this.exit();
  }

  /** Whether it got its kernel stacks, without which fork() fails and nothing is left of it; false once it has ended. */
  get alive(): boolean {
    return this.stacks.length === this.threads * stackPages(this.system.pageSize);
  }

  /** Pages of its stacks and page tables. */
  get kernelPages(): number {
    return this.stacks.length + this.fixed.length;
  }

  /** Faults in up to `n` anonymous pages; returns how many it got: none if fork() failed. */
  fault(n: number): number {
    const { system } = this;
    if (this.rows === NOTHING) return 0;
    this.cpu = system.processors.slice(this.cpu);
    for (let got = 0; got < n; ) {
      if (this.sinceTable >= this.pagesATable && !this.addTable()) return got;
      // Until the next page table is due nothing else is asked for.
      const wanted = Math.min(n - got, this.pagesATable - this.sinceTable);
      const { base, pages: here } = takeRun(system, "anon", wanted);
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
    if (this.rows === NOTHING) return false;
    this.cpu = system.processors.slice(this.cpu);
    const slot = system.allocHuge();
    if (slot < 0) {
      const pages = 1 << system.memory.thpOrder;
      return this.fault(pages) === pages;
    }
    // __do_huge_pmd_anonymous_page() deposits the page table that splitting the huge page would need.
    const since = this.sinceTable;
    if (!this.addTable()) {
      system.free(slot);
      return false;
    }
    this.sinceTable = since;
    this.have(slot, 1);
    return true;
  }

  private have(base: number, n: number): void {
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

  /** Maps `n` page tables for memory that it shares with others; returns how many it got: none if fork() failed. */
  mapShared(n: number): number {
    if (this.fixed === NOTHING) return 0;
    const got = this.system.allocFixedList("pageTable", n, this.fixed.room(n), this.fixed.length);
    this.fixed.grew(got);
    return got;
  }

  /** Ends it: everything is freed. */
  exit(): void {
    const { system, rows, fixed } = this;
    if (rows === NOTHING) return;
    this.cpu = system.processors.slice(this.cpu);
    let at = { row: 0, done: 0 };
    let size = FIRST_BATCH;
    for (let start = 0; start < this.pages; start += size) {
      if (start > 0) size = this.pagesATable - 2;
      at = this.freeBatch(at.row, at.done, Math.min(size, this.pages - start));
    }
    for (let i = 0; i < rows.length; i += 2) system.returnSlots(rows.at(i), rows.at(i + 1));
    system.freeFixedList(fixed.values, fixed.length);
    system.freeFixedList(this.stacks.values, this.stacks.length);
    this.caches?.ended(this.threads);
    system.stacks.give(this.stacks);
    system.stacks.give(fixed);
    system.stacks.give(rows);
    this.rows = this.fixed = this.stacks = NOTHING;
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
