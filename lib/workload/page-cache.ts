/**
 * A page cache as one workload fills it: files are read and written page by page, oldest files are forgotten when more pages
 * are kept than asked for. Reclaim takes pages away at any time; they are read back when they are used again.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";

export class PageCache {
  private readonly system: System;
  private readonly random: Random;
  /** Pages in the order they came: a ring. */
  private readonly ring: Int32Array;
  private head: number;
  private count: number;

  /** At most `mostPages` pages are kept track of; older ones are dropped from the cache, as if their files were deleted. */
  constructor(system: System, random: Random, mostPages: number) {
    this.system = system;
    this.random = random;
    this.ring = new Int32Array(Math.max(1, mostPages));
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
    const { system, ring } = this;
    for (let i = 0; i < n; i++) {
      if (this.count === ring.length) this.forget(1);
      const slot = system.alloc(kind);
      if (slot < 0) return i;
      ring[(this.head + this.count++) % ring.length] = slot;
    }
    return n;
  }

  /** Forgets the `n` oldest pages. */
  forget(n: number): void {
    for (let i = Math.min(n, this.count); i > 0; i--) {
      this.system.free(this.ring[this.head]!);
      this.head = (this.head + 1) % this.ring.length;
      this.count--;
    }
  }

  /** Uses `n` pages chosen at random again. */
  reuse(n: number): void {
    for (let i = 0; i < n && this.count > 0; i++)
      this.system.touch(this.ring[(this.head + this.random.below(this.count)) % this.ring.length]!);
  }

  /** Forgets everything. */
  drop(): void {
    this.forget(this.count);
  }
}
