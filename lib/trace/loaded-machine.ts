/**
 * A booted machine under the load of a recorded CMA test: a process fills memory, some of its pages are pinned, a
 * buffer is requested from the area, and everything is released. The order of events is that of the recorded test;
 * the pages the kernel took while booting are a measured figure.
 */
import type { BootResult } from "../machine/boot";
import { type HugetlbPools, startHugetlb } from "../machine/hugetlb";
import { startAllocator } from "../machine/start";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { type ContigResult, Contiguous } from "../mm/contiguous/contiguous";
import { type MigrationWorld, ownersWorld } from "../mm/contiguous/migrate";
import { pinLongterm } from "../mm/contiguous/pin-longterm";
import { RoomMaker } from "../mm/reclaim/vmscan";
import {
  __GFP_COMP,
  __GFP_NOWARN,
  __GFP_RECLAIMABLE,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
} from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { forgetHolds, holdPage, type OwnerKind, setOwnerKind } from "../mm/state/owners";
import { finishBoot, takeDmaPools, takeEarlyPages } from "./kernel-pages";

/** The load of the process. */
export interface Load {
  fillPages: number;
  /**
   * Ends the filling early: after the first MiB that leaves at most this many pages free, as /proc/meminfo counts.
   */
  untilFree?: number | undefined;
  fillType: "anon" | "tmpfs" | "thp" | "mlock";
  pin: "none" | "get" | "long" | "pin" | "vmsplice" | "iouring" | "kern";
  /** Pages to pin, spread evenly over the filler. */
  pins: number;
}

const OWNERS: Readonly<Record<Load["fillType"], OwnerKind>> = {
  anon: "anon",
  thp: "anon",
  mlock: "anon",
  tmpfs: "shmem",
};

const MIB = 2 ** 20;

/** struct xa_node on 64 bits: the page cache has one per 64 pages of a file, in reclaimable slabs. */
const XA_NODE_BYTES = 576;
const XA_NODE_PAGES = 64;

/** MemFree of /proc/meminfo, in pages: pages on per-CPU lists do not count. */
function freeOf(m: Memory): number {
  return m.zones.reduce((pages, z) => pages + Math.max(0, z.nrFreePages), 0);
}

export class LoadedMachine {
  readonly memory: Memory;
  readonly contig: Contiguous;
  readonly hugetlb: HugetlbPools;
  private readonly world: MigrationWorld;
  private readonly pageSize: number;
  /** Pages of the process in address order: head and order. */
  private readonly frames: number[] = [];
  private readonly orders: number[] = [];
  private fileBacked = false;
  /** Frame → index of the page there, plus 1. */
  private readonly at: Int32Array;
  private readonly tables: number[] = [];
  private readonly kernelPages: number[] = [];

  /**
   * `usedPages` of the first CMA area are taken; default: the size of the DMA pools. `compaction`: blocked requests
   * compact.
   */
  constructor(
    booted: BootResult,
    { usedPages, compaction = false }: { usedPages?: number | undefined; compaction?: boolean } = {},
  ) {
    const { pageSize } = booted;
    this.pageSize = pageSize;
    this.memory = startAllocator(booted, { watermarkBoost: false }).memory;
    this.at = new Int32Array(this.memory.endPfn);
    this.contig = new Contiguous(this.memory);
    this.world = { ...ownersWorld(this.memory), moved: (from, to) => this.moved(from, to) };
    if (compaction) {
      this.memory.trace = { migrated: (from, to) => this.moved(from, to) };
      this.memory.help = new RoomMaker(this.memory, { reclaim: true, compaction: true });
    }
    if (usedPages === undefined) takeDmaPools(this.contig, pageSize);
    else if (usedPages > 0) this.contig.cmaAlloc(usedPages);
    takeEarlyPages(this.memory, pageSize);
    this.hugetlb = startHugetlb(booted, this.memory, this.world);
    finishBoot(this.memory, booted);
  }

  /** Fills memory until it runs out. */
  fill(load: Load): void {
    const m = this.memory;
    const huge = load.fillType === "thp" ? m.pageblockOrder : 0;
    const tableReach = this.pageSize / 8;
    this.fileBacked = load.fillType === "tmpfs";
    const slabReach = XA_NODE_PAGES * Math.floor(this.pageSize / XA_NODE_BYTES);
    let filled = 0;
    let tabled = 0;
    const chunk = MIB / this.pageSize;
    while (filled < load.fillPages) {
      if (load.untilFree !== undefined && filled % chunk === 0 && freeOf(m) <= load.untilFree) break;
      if (filled >= tabled) {
        const table = allocPages(m, GFP_KERNEL, 0);
        if (table >= 0) this.tables.push(table);
        tabled += tableReach;
      }
      if (this.fileBacked && filled % slabReach === 0) {
        const slab = allocPages(m, GFP_KERNEL | __GFP_RECLAIMABLE, 0);
        if (slab >= 0) this.tables.push(slab);
      }
      // Touching the first page in a huge page's range allocates the huge page, even if little of it is touched in
      // the end.
      let order = huge > 0 && filled % 2 ** huge === 0 ? huge : 0;
      let pfn = allocPages(m, GFP_HIGHUSER_MOVABLE | __GFP_COMP | (order > 0 ? __GFP_NOWARN : 0), order);
      if (pfn < 0 && order > 0) {
        order = 0;
        pfn = allocPages(m, GFP_HIGHUSER_MOVABLE | __GFP_COMP, 0);
      }
      if (pfn < 0) break;
      setOwnerKind(m, pfn, OWNERS[load.fillType]);
      this.at[pfn] = this.frames.length + 1;
      this.frames.push(pfn);
      this.orders.push(order);
      filled += 2 ** order;
    }
    this.pinPages(load);
  }

  private pinPages(load: Load): void {
    const { memory: m, frames } = this;
    if (load.pin === "none") return;
    if (load.pin === "kern") {
      for (let i = 0; i < load.pins; i++) {
        const pfn = allocPages(m, GFP_KERNEL, 0);
        if (pfn >= 0) this.kernelPages.push(pfn);
      }
      return;
    }
    const longterm = load.pin === "long" || load.pin === "iouring";
    for (let i = 0; i < load.pins && i < frames.length; i++) {
      const index = Math.floor((i * frames.length) / load.pins);
      const by = `a pin of the test (${load.pin})`;
      // 6.1 moves the page out of CMA first; if it cannot, there is no pin.
      if (longterm) pinLongterm(m, [frames[index]!], by, this.world);
      else holdPage(m, frames[index]!, "get", by);
    }
  }

  private moved(from: number, to: number): void {
    const index = this.at[from]!;
    this.at[from] = 0;
    if (index === 0) return;
    this.at[to] = index;
    this.frames[index - 1] = to;
  }

  /** Pages of the filler that are in the area. */
  fillerInCma(): number {
    let pages = 0;
    this.frames.forEach((pfn, i) => {
      if (this.memory.blockType(pfn) === MIGRATE_CMA) pages += 2 ** this.orders[i]!;
    });
    return pages;
  }

  /** Requests `pages` from the area, without alignment. */
  allocate(pages: number): ContigResult {
    return this.contig.cmaAlloc(pages, 0, 0, { world: this.world });
  }

  /**
   * The order in which an exiting process's pages are freed: by ascending address, but release_pages() reverses the
   * single pages of each batch and frees huge ones at once. A batch is the content of the mmu_gather (8 pages, then
   * 510 in each of its 19 further pages) or, for the pages of a file, a pagevec of 15.
   */
  private *freeOrder(): Generator<number> {
    const pages = this.frames.length;
    let batches = 0;
    for (let start = 0; start < pages; ) {
      const size = this.fileBacked ? 15 : batches % 20 === 0 ? 8 : this.pageSize / 8 - 2;
      const end = Math.min(start + size, pages);
      for (let i = start; i < end; i++) if (this.orders[i] !== 0) yield i;
      for (let i = end - 1; i >= start; i--) if (this.orders[i] === 0) yield i;
      start = end;
      batches++;
    }
  }

  /** Releases the buffer, ends the process. */
  end(got: ContigResult): void {
    if (got.ok) this.contig.cmaRelease(got.pfn, got.count);
    this.endProcess();
  }

  /** Frees everything the process has. */
  endProcess(): void {
    const { memory: m } = this;
    for (const pfn of this.kernelPages) freePages(m, pfn, 0);
    for (const i of this.freeOrder()) {
      const pfn = this.frames[i]!;
      forgetHolds(m, pfn);
      this.at[pfn] = 0;
      freePages(m, pfn, this.orders[i]!);
    }
    for (const pfn of this.tables) freePages(m, pfn, 0);
    this.frames.length = this.orders.length = this.tables.length = this.kernelPages.length = 0;
  }
}
