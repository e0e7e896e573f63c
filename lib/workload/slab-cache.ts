/**
 * A cache of kernel objects as SLUB keeps it: objects of one size in slabs of 2^order pages. A slab returns to the page allocator
 * only with its last object. Small objects fragment memory for this reason: one live object in thirty keeps its pages in place. Modelled: one CPU slab, then the most recently freed-into slab first (mm/slub.c, 6.1).
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { __GFP_RECLAIMABLE, GFP_KERNEL } from "../mm/state/gfp";

export interface SlabShape {
  /** `slab`: unmovable; `slabReclaimable`: dentries, inodes, which reclaim can shrink. */
  kind: "slab" | "slabReclaimable" | "networkBuffer";
  order: number;
  /** Objects in a slab. */
  objects: number;
}

/** Neighbours that are destroyed together, at most: a modelling choice. */
const RUN = 16;

export class SlabCache {
  private readonly system: System;
  private readonly random: Random;
  private readonly shape: SlabShape;
  private readonly gfp: number;
  /** By slab: first frame, objects in use; −1 frame: the number is free. */
  private frames: Int32Array;
  private used: Uint16Array;
  private slabNumbers: number;
  private readonly unusedNumbers: number[];
  /** Slabs that may have room, last first; full or freed ones among them are skipped. */
  private readonly partial: number[];
  /** The slab of every live object, mostly in the order in which they were made. */
  private live: Int32Array;
  private liveCount: number;
  slabs: number;

  constructor(system: System, random: Random, shape: SlabShape, gfp?: number) {
    this.system = system;
    this.random = random;
    this.shape = shape;
    this.gfp = gfp ?? (shape.kind === "slabReclaimable" ? GFP_KERNEL | __GFP_RECLAIMABLE : GFP_KERNEL);
    this.frames = new Int32Array(64);
    this.used = new Uint16Array(64);
    this.slabNumbers = 0;
    this.unusedNumbers = [];
    this.partial = [];
    this.live = new Int32Array(1024);
    this.liveCount = 0;
    this.slabs = 0;
  }

  /** Pages held. */
  get pages(): number {
    return this.slabs * (1 << this.shape.order);
  }

  get objects(): number {
    return this.liveCount;
  }

  /** Makes `n` objects; returns how many slabs that took, or −1 if there was no memory. */
  make(n: number): number {
    const { objects } = this.shape;
    let fresh = 0;
    for (let left = n; left > 0; ) {
      let slab = this.room();
      if (slab < 0) {
        slab = this.grow();
        if (slab < 0) return -1;
        fresh++;
      }
      const here = Math.min(left, objects - this.used[slab]!);
      this.used[slab]! += here;
      this.liveAdd(slab, here);
      left -= here;
    }
    return fresh;
  }

  /** make(), but returns how many pages that took, or −1. */
  take(n: number): number {
    const slabs = this.make(n);
    return slabs < 0 ? -1 : slabs << this.shape.order;
  }

  private liveAdd(slab: number, objects: number): void {
    const end = this.liveCount + objects;
    if (end > this.live.length) {
      const wide = new Int32Array(Math.max(end, 2 * this.live.length));
      wide.set(this.live);
      this.live = wide;
    }
    this.live.fill(slab, this.liveCount, end);
    this.liveCount = end;
  }

  private room(): number {
    const { partial, used, frames } = this;
    const { objects } = this.shape;
    while (partial.length > 0) {
      const slab = partial[partial.length - 1]!;
      if (frames[slab]! >= 0 && used[slab]! < objects) return slab;
      partial.pop();
    }
    return -1;
  }

  private grow(): number {
    // The request may reclaim, and reclaim may shrink this very cache, so nothing may be assumed before it returns.
    const pfn = this.system.allocFixed(this.shape.kind, this.gfp, this.shape.order);
    if (pfn < 0) return -1;
    const slab = this.unusedNumbers.pop() ?? this.newNumber();
    this.frames[slab] = pfn;
    this.used[slab] = 0;
    this.partial.push(slab);
    this.slabs++;
    return slab;
  }

  private newNumber(): number {
    if (this.slabNumbers === this.frames.length) {
      const frames = new Int32Array(2 * this.slabNumbers);
      const used = new Uint16Array(2 * this.slabNumbers);
      frames.set(this.frames);
      used.set(this.used);
      this.frames = frames;
      this.used = used;
    }
    return this.slabNumbers++;
  }

  /**
   * Destroys `n` objects, in runs of up to RUN neighbours each, at random places; returns how many pages became free. What was
   * made together mostly goes together: the files of a directory, the areas of a process.
   */
  destroy(n: number): number {
    let freed = 0;
    for (let left = Math.min(n, this.liveCount); left > 0; ) {
      const run = Math.min(left, RUN);
      const at = this.random.below(this.liveCount - run + 1);
      for (let i = at; i < at + run; i++) freed += this.lose(this.live[i]!);
      const tail = Math.max(at + run, this.liveCount - run);
      this.live.copyWithin(at, tail, this.liveCount);
      this.liveCount -= run;
      left -= run;
    }
    return freed;
  }

  /** A slab loses an object; returns the pages that became free. */
  private lose(slab: number): number {
    if (this.used[slab]! === this.shape.objects) this.partial.push(slab);
    if (--this.used[slab]! > 0) return 0;
    this.system.freeFixed(this.frames[slab]!, this.shape.order);
    this.frames[slab] = -1;
    this.unusedNumbers.push(slab);
    this.slabs--;
    return 1 << this.shape.order;
  }

  /**
   * A pass at priority p destroys one object in 2^p: with seeks of 2, do_shrink_slab() scans a share of the cache that halves with
   * each priority. Modelled: every object can be destroyed.
   */
  shrink(priority: number): number {
    return this.destroy(Math.ceil(this.objects / (1 << priority)));
  }

  /** Destroys every object. */
  drop(): void {
    this.destroy(this.liveCount);
  }
}

/** Lets reclaim shrink `cache`. */
export function shrinkable(system: System, cache: SlabCache): void {
  system.lru.shrinkers.push(cache);
}
