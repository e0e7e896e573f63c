/**
 * What a process, or the machine as a whole, has in memory on a machine like a recorded one. Pages of different kinds are taken in
 * turn, in short runs, as faults, reads and the kernel's own requests alternate: how finely they lie between each other is what
 * free memory looks like after some of them are freed.
 */
import { IntStack } from "../base/int-stack";
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { GFP_KERNEL } from "../mm/state/gfp";
import { SlabCache, shrinkable } from "./slab-cache";
import { takeRun } from "./slot-run";

/** Kinds of pages that are taken in turn. */
const KINDS = ["anon", "file", "kept", "slabReclaimable", "slab", "pageTable", "kernelStack"] as const;
export type LikeKind = (typeof KINDS)[number];
/** Pages by kind. `file` is dropped with its holder, `kept` stays in the page cache. */
export type Amounts = Partial<Record<LikeKind, number>>;

/** How pages are taken. */
export interface LikeShape {
  /** Mean pages taken in a row. */
  anonRun: number;
  fileRun: number;
  /** Shares: of the page cache in large folios, of anonymous memory in huge pages. */
  largeFolios: number;
  huge: number;
  /** Share of slab pages in slabs of order 1, 2 and 3; the rest is in single pages. */
  slabOrders: readonly [number, number, number];
}

/** Readahead makes folios larger step by step, up to its window of 128 KiB: mm/readahead.c page_cache_ra_order(), 6.1. */
const FOLIO_ORDERS = [2, 4, 5];
/** Objects of a slab: how many live ones keep it in place. Between inodes (14 to 27) and dentries (21). */
const OBJECTS = 20;
/** Marks a row of one larger page. */
const LARGE = 0;

/** The slab of the whole machine: reclaim shrinks what can be. */
export class LikeSlab {
  private readonly caches: SlabCache[];
  private readonly system: System;

  constructor(system: System, random: Random) {
    this.system = system;
    this.caches = [0, 1, 2, 3].map((order) => {
      const shape = { kind: "slabReclaimable", order, objects: OBJECTS } as const;
      return new SlabCache(system, random.fork(`slab ${order}`), shape);
    });
    for (const cache of this.caches) shrinkable(system, cache);
  }

  /** One slab; its pages, or 0 if there was no memory. */
  take(order: number, reclaimable: boolean): number {
    if (reclaimable) return this.caches[order]!.make(OBJECTS) < 0 ? 0 : 1 << order;
    return this.system.allocFixed("slab", GFP_KERNEL, order) < 0 ? 0 : 1 << order;
  }
}

export class LikeHolder {
  private readonly owed: Float64Array;
  /** First slot and length; LARGE: one larger page. */
  private readonly rows: IntStack;
  private readonly files: IntStack;
  private readonly fixed: IntStack;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly shape: LikeShape,
    private readonly slab: LikeSlab,
  ) {
    this.owed = new Float64Array(KINDS.length);
    this.rows = new IntStack();
    this.files = new IntStack();
    this.fixed = new IntStack();
  }

  /** Takes so many pages more, of each kind in short runs; false if memory ran out. */
  take(amounts: Amounts): boolean {
    const { owed, random } = this;
    KINDS.forEach((kind, i) => {
      owed[i]! += amounts[kind] ?? 0;
    });
    for (;;) {
      let runs = 0;
      for (let i = 0; i < owed.length; i++) if (owed[i]! >= 1) runs += owed[i]! / this.runOf(i);
      if (runs === 0) return true;
      let draw = random.float() * runs;
      let i = owed.findIndex((pages) => pages >= 1);
      for (let k = i; k < owed.length && draw > 0; k++)
        if (owed[k]! >= 1) {
          i = k;
          draw -= owed[k]! / this.runOf(k);
        }
      const got = this.one(KINDS[i]!);
      if (got === 0) {
        owed.fill(0);
        return false;
      }
      owed[i]! -= got;
    }
  }

  private runOf(i: number): number {
    return i === 0 ? this.shape.anonRun : i <= 2 ? this.shape.fileRun : 1;
  }

  /** One run of a kind; its pages, which may be more than are due, or 0 if there was no memory. */
  private one(kind: LikeKind): number {
    const { random, shape, system } = this;
    switch (kind) {
      case "anon":
        return this.anon();
      case "file":
      case "kept":
        return this.read(kind === "file" ? this.files : null);
      case "slab":
      case "slabReclaimable": {
        let draw = random.float();
        const order = 1 + shape.slabOrders.findIndex((share) => (draw -= share) < 0);
        return this.slab.take(order, kind === "slabReclaimable");
      }
      default: {
        const pfn = system.allocFixed(kind);
        if (pfn >= 0) this.fixed.push(pfn);
        return pfn >= 0 ? 1 : 0;
      }
    }
  }

  private anon(): number {
    const { random, shape, system, rows } = this;
    const huge = 1 << system.memory.thpOrder;
    // A huge page is a run by itself: it is drawn as often as makes its pages the share.
    if (shape.huge > 0 && random.chance((shape.huge / huge) * shape.anonRun)) {
      const slot = system.allocHuge();
      if (slot >= 0) return this.have(rows, slot, LARGE, huge);
    }
    return this.single("anon", rows, run(random, shape.anonRun));
  }

  private read(list: IntStack | null): number {
    const { random, shape, system } = this;
    const order = FOLIO_ORDERS[random.below(FOLIO_ORDERS.length)]!;
    if (shape.largeFolios > 0 && random.chance(largeChance(shape))) {
      const slot = system.alloc("fileClean", order);
      if (slot >= 0) return this.have(list, slot, LARGE, 1 << order);
    }
    return this.single("fileClean", list, run(random, shape.fileRun));
  }

  private single(kind: "anon" | "fileClean", list: IntStack | null, n: number): number {
    const { base, pages } = takeRun(this.system, kind, n);
    return pages === 0 ? 0 : this.have(list, base, pages, pages);
  }

  private have(list: IntStack | null, slot: number, n: number, pages: number): number {
    list?.push(slot);
    list?.push(n);
    return pages;
  }

  /** Frees its memory, page tables and the files that nobody reads again. */
  end(): void {
    const { system, fixed } = this;
    for (const rows of [this.rows, this.files]) {
      for (let i = 0; i < rows.length; i += 2)
        if (rows.at(i + 1) === LARGE) system.free(rows.at(i));
        else system.freeRun(rows.at(i), rows.at(i + 1));
      rows.cut(rows.length);
    }
    system.freeFixedList(fixed.values, fixed.length);
    fixed.cut(fixed.length);
  }
}

/** Pages of a run, at least one. */
function run(random: Random, mean: number): number {
  return 1 + (mean > 1 ? Math.floor(random.exponential(mean - 1)) : 0);
}

/** How often a read is one large folio, so that they are the share of pages. */
function largeChance({ largeFolios, fileRun }: LikeShape): number {
  if (largeFolios >= 1) return 1;
  const folio = FOLIO_ORDERS.reduce((sum, order) => sum + 2 ** order, 0) / FOLIO_ORDERS.length;
  const ratio = ((largeFolios / (1 - largeFolios)) * fileRun) / folio;
  return ratio / (1 + ratio);
}
