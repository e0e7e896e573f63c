/**
 * The page cache of one workload: files are read and written page by page, and the oldest are dropped if more pages are kept than
 * allowed. Reclaim may take pages at any time; they are read back on their next use.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";

export class PageCache {
  private readonly system: System;
  private readonly random: Random;
  /** Pages in order of arrival: a ring of `mostPages` slots in a row. */
  private readonly ring: number;
  private head: number;
  private count: number;
  private readonly mostPages: number;

  /** Tracks at most `mostPages` pages; older ones are dropped from the cache, as if their files were deleted. */
  constructor(system: System, random: Random, mostPages: number) {
    this.system = system;
    this.random = random;
    this.mostPages = Math.max(1, mostPages);
    this.ring = system.reserveSlots(this.mostPages);
    this.head = 0;
    this.count = 0;
  }

  /** Tracked pages, present or reclaimed. */
  get pages(): number {
    return this.count;
  }

  /** Reads `n` new pages; returns how many there was memory for. */
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
