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

/** dentry: 192 bytes, 21 in a page of 4 KiB; ext4 inode: about 1.1 KB, 27 in an order-3 slab (/proc/slabinfo of 6.1). */
export function dentries(pageSize: number): SlabShape {
  return { kind: "slabReclaimable", order: 0, objects: Math.floor(pageSize / 192) };
}
export function inodes(pageSize: number): SlabShape {
  const order = pageSize > 4096 ? 0 : 3;
  return { kind: "slabReclaimable", order, objects: Math.floor((pageSize << order) / 1184) };
}

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
  /** The slab of every live object, in no order. */
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
    let fresh = 0;
    for (let i = 0; i < n; i++) {
      let slab = this.room();
      if (slab < 0) {
        slab = this.grow();
        if (slab < 0) return -1;
        fresh++;
      }
      this.used[slab]!++;
      if (this.liveCount === this.live.length) {
        const wide = new Int32Array(2 * this.live.length);
        wide.set(this.live);
        this.live = wide;
      }
      this.live[this.liveCount++] = slab;
    }
    return fresh;
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

  /** Destroys `n` objects chosen at random; returns how many pages became free. */
  destroy(n: number): number {
    const { live, used } = this;
    const { objects } = this.shape;
    let freed = 0;
    for (let i = Math.min(n, this.liveCount); i > 0; i--) {
      const at = this.random.below(this.liveCount);
      const slab = live[at]!;
      live[at] = live[--this.liveCount]!;
      if (used[slab]! === objects) this.partial.push(slab);
      if (--used[slab]! > 0) continue;
      this.system.freeFixed(this.frames[slab]!, this.shape.order);
      this.frames[slab] = -1;
      this.unusedNumbers.push(slab);
      this.slabs--;
      freed += 1 << this.shape.order;
    }
    return freed;
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
