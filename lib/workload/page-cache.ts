/**
 * The page cache of one workload: files are read and written page by page, and the oldest are dropped if more pages are kept than
 * allowed. Reclaim may take pages at any time; they are read back on their next use.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";

export class PageCache {
  private readonly system: System;
  private readonly random: Random;
  /** Pages in order of arrival: a ring. */
  private readonly ring: Int32Array;
  private head: number;
  private count: number;
  private frames: number;
  private readonly mostPages: number;

  /** Tracks at most `mostPages` pages; older ones are dropped from the cache, as if their files were deleted. */
  constructor(system: System, random: Random, mostPages: number) {
    this.system = system;
    this.random = random;
    this.mostPages = Math.max(1, mostPages);
    // On a machine with granules most entries are granules; if too many are not, the oldest are dropped early.
    this.ring = new Int32Array(Math.ceil(this.mostPages / (1 << Math.max(0, system.granuleOrder - 3))));
    this.head = 0;
    this.count = 0;
    this.frames = 0;
  }

  /** Tracked pages, present or reclaimed. */
  get pages(): number {
    return this.frames;
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
    const { system, ring } = this;
    let got = 0;
    while (got < n) {
      if (this.count === ring.length || this.frames >= this.mostPages) this.forget(1);
      const slot = system.allocUpTo(kind, n - got);
      if (slot < 0) return got;
      ring[(this.head + this.count++) % ring.length] = slot;
      const pages = system.pagesOf(slot);
      this.frames += pages;
      got += pages;
    }
    return n;
  }

  /** Forgets the `n` oldest pages, whole granules at a time. */
  forget(n: number): void {
    for (let left = n; left > 0 && this.count > 0; ) {
      const slot = this.ring[this.head]!;
      const pages = this.system.pagesOf(slot);
      this.system.free(slot);
      this.head = (this.head + 1) % this.ring.length;
      this.count--;
      this.frames -= pages;
      left -= pages;
    }
  }

  /** Uses `n` pages or granules chosen at random again. */
  reuse(n: number): void {
    for (let i = 0; i < n && this.count > 0; i++)
      this.system.touch(this.ring[(this.head + this.random.below(this.count)) % this.ring.length]!);
  }

  /** Forgets everything. */
  drop(): void {
    this.forget(this.frames);
  }
}
