/**
 * A page cache as one workload fills it: files are read and written page by page, oldest files are forgotten when more pages
 * are kept than asked for. Reclaim takes pages away at any time; they are read back when they are used again.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";

export class PageCache {
  private readonly system: System;
  private readonly random: Random;
  /** Pages in the order they came: a ring of `mostPages` slots in a row. */
  private readonly ring: number;
  private head: number;
  private count: number;
  private readonly mostPages: number;

  /** At most `mostPages` pages are kept track of; older ones are dropped from the cache, as if their files were deleted. */
  constructor(system: System, random: Random, mostPages: number) {
    this.system = system;
    this.random = random;
    this.mostPages = Math.max(1, mostPages);
    this.ring = system.reserveSlots(this.mostPages);
    this.head = 0;
    this.count = 0;
  }

  /** Pages kept track of, present or reclaimed. */
  get pages(): number {
    return this.count;
  }

  /** Reads `n` new pages; how many there was memory for. */
  read(n: number): number {
    return this.bring(n, "fileClean");
  }

  /** Writes `n` new pages: dirty until reclaim writes them, or clean() does. */
  write(n: number): number {
    return this.bring(n, "fileDirty");
  }

  private bring(n: number, kind: "fileClean" | "fileDirty"): number {
    const { system, mostPages } = this;
    for (let got = 0; got < n; ) {
      if (this.count === mostPages) this.forget(1);
      const at = (this.head + this.count) % mostPages;
      const wanted = Math.min(n - got, mostPages - this.count, mostPages - at);
      const here = system.allocRun(kind, this.ring + at, wanted);
      this.count += here;
      got += here;
      if (here < wanted) return got;
    }
    return n;
  }

  /** Forgets the `n` oldest pages. */
  forget(n: number): void {
    for (let left = Math.min(n, this.count); left > 0; ) {
      const here = Math.min(left, this.mostPages - this.head);
      const oldest = this.ring + this.head;
      this.system.vacate(oldest, oldest + here - 1);
      this.head = (this.head + here) % this.mostPages;
      this.count -= here;
      left -= here;
    }
  }

  /** Uses `n` pages chosen at random again. */
  reuse(n: number): void {
    for (let i = 0; i < n && this.count > 0; i++)
      this.system.touch(this.ring + ((this.head + this.random.below(this.count)) % this.mostPages));
  }

  /** Forgets everything. */
  drop(): void {
    this.forget(this.count);
  }
}
