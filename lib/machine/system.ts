/**
 * A machine that runs: the allocator with owners of pages, LRU lists, kswapd, direct reclaim, compaction and daemons joined
 * to it, each of which can be switched off. Workloads and strategies act on it.
 *
 * Pages that may move or be reclaimed are held by slots (see page-slots.ts); pages that never move by their first frame.
 * Simulated time passes in two ways: `nowMs` is the wall clock of the workload, moved by `advanceTo()`; what making room costs
 * is counted in events and charged to a cost table, and called modelled wherever it is shown.
 */

import { releaseColumns } from "../base/columns";
import { IntStackPool } from "../base/int-stack";
import { type CostTable, DEFAULT_COSTS, type EventCounts, elapsedNs } from "../hardware/costs";
import { Contiguous } from "../mm/contiguous/contiguous";
import type { MigrationWorld } from "../mm/contiguous/migrate";
import type { Kernel } from "../mm/kernel";
import { Lru } from "../mm/reclaim/lru";
import { RoomMaker } from "../mm/reclaim/vmscan";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import type { OwnerKind, PageHold } from "../mm/state/owners";
import type { KernelSwitches } from "../mm/state/profile";
import { type BootResult, boot } from "./boot";
import type { BootRequest } from "./boot-request";
import { Daemons } from "./daemons";
import { FixedPages } from "./fixed-pages";
import { granuleOrder } from "./granules";
import { HeldPages } from "./held-pages";
import { type HugetlbPools, startHugetlb } from "./hugetlb";
import { PageSlots } from "./page-slots";
import type { RunningParts } from "./running-parts";
import { startKernel } from "./start";
import { costedEvents, noCounts, pagesFree, pagesManaged, type SystemCounters } from "./system-counters";
import { checkedSystemOptions, type ResolvedSystemOptions, type SystemOptions } from "./system-options";
import { joinOwners, systemWorld } from "./system-world";
import { TrackedPages } from "./tracked-pages";

export class System {
  readonly booted: BootResult;
  readonly kernel: Kernel;
  readonly memory: Memory;
  readonly lru: Lru;
  readonly slots: PageSlots;
  /** CMA areas and contiguous requests; requests must pass `{ world: system.world }`. */
  readonly contig: Contiguous;
  readonly hugetlb: HugetlbPools;
  /** Who decides whether pages move, and is told: the owners of pages as this machine keeps them. */
  readonly world: MigrationWorld;
  readonly pageSize: number;
  readonly options: ResolvedSystemOptions;
  /** Order of the pieces that allocUpTo() takes where it can. */
  readonly granuleOrder: number;
  readonly costs: CostTable;
  readonly counters: SystemCounters;
  /** Lists for those who hold many pages and come and go. */
  readonly stacks: IntStackPool;
  /** Frames of pages the kernel holds since boot. */
  readonly kernelPages: Int32Array;
  private readonly tracked: TrackedPages;
  private readonly fixed: FixedPages;
  private readonly held: HeldPages;
  private readonly daemons: Daemons;

  constructor(
    booted: BootResult,
    options: SystemOptions = {},
    switches: Partial<KernelSwitches> = {},
    costs = DEFAULT_COSTS as CostTable,
  ) {
    this.booted = booted;
    this.options = checkedSystemOptions(options);
    this.pageSize = booted.pageSize;
    this.costs = costs;
    this.counters = noCounts();
    const grouping = this.options.mobilityGrouping ?? booted.mobilityGrouping;
    this.kernel = startKernel({ ...booted, mobilityGrouping: grouping }, switches);
    const m = this.kernel.memory;
    this.memory = m;
    this.slots = new PageSlots(m.endPfn);
    this.lru = new Lru(m, Math.floor(this.options.swapBytes / this.pageSize));
    const { reclaim, compaction, kswapdLag } = this.options;
    const room = new RoomMaker(m, { reclaim, compaction, kswapdLag });
    this.granuleOrder = Math.min(
      m.pageblockOrder,
      this.options.granuleOrder ?? granuleOrder(this.managedPages * this.pageSize),
    );
    const parts: RunningParts = {
      memory: m,
      lru: this.lru,
      slots: this.slots,
      room,
      counters: this.counters,
      options: this.options,
      granuleOrder: this.granuleOrder,
      thp: booted.thp,
    };
    this.tracked = new TrackedPages(parts);
    this.fixed = new FixedPages(parts);
    this.held = new HeldPages(parts);
    this.daemons = new Daemons(parts);
    this.lru.onReclaim = (pfn, as) => this.tracked.reclaimed(pfn, as);
    m.lru = this.lru;
    m.help = room;
    joinOwners(parts);
    this.world = systemWorld(parts);
    this.hugetlb = startHugetlb(booted, m, this.world);
    this.contig = new Contiguous(m, undefined, booted.kernel);
    this.stacks = new IntStackPool();
    this.kernelPages = this.fixed.takeKernelPages(this.pageSize);
  }

  /** Boots a description and starts it. */
  static boot(request: BootRequest, options: SystemOptions = {}, costs?: CostTable): System {
    return new System(boot(request), options, request.switches ?? {}, costs);
  }

  /** Simulated milliseconds since boot. */
  get nowMs(): number {
    return this.daemons.nowMs;
  }

  /**
   * A page of 2^order frames that may move: anon, shmem, fileClean, fileDirty. Its slot, or −1 when there was no memory; it is
   * on the LRU lists from now on, but for huge pages of processes. `gfp` as a number; default GFP_HIGHUSER_MOVABLE.
   */
  alloc(kind: OwnerKind, order = 0, gfp: number = GFP_HIGHUSER_MOVABLE): number {
    return this.tracked.alloc(kind, order, gfp);
  }

  /**
   * One page of at most `most` frames that may move, of the largest order up to the machine's granule that lies free; smaller
   * ones do not wait, a single frame does. Its slot, or −1. pagesOf() says how many frames it has.
   */
  allocUpTo(kind: OwnerKind, most: number): number {
    return this.tracked.allocUpTo(kind, most);
  }

  /** Frames of the page of a slot. */
  pagesOf(slot: number): number {
    return 1 << this.slots.orderOf(slot);
  }

  /** A huge page fault: a huge page by the machine's defrag mode, else −1 and the caller takes single pages. */
  allocHuge(madvised = true): number {
    return this.tracked.allocHuge(madvised);
  }

  /** Frees a page by its slot. */
  free(slot: number): void {
    this.tracked.free(slot);
  }

  /**
   * The page is used: it gets its second chance, or is read back where reclaim took it (a refault). False when it could not be
   * read back for want of memory.
   */
  touch(slot: number): boolean {
    return this.tracked.touch(slot);
  }

  /** The file page of a slot was written back: it is clean from now on. Nothing to do where reclaim took it. */
  cleaned(slot: number): void {
    this.tracked.cleaned(slot);
  }

  /** Whether the page of a slot is in memory, all of it. */
  present(slot: number): boolean {
    return this.tracked.present(slot);
  }

  /** A page that never moves: slab, page tables, stacks, buffers, drivers. Its first frame, or −1. */
  allocFixed(kind: OwnerKind, gfp: number = GFP_KERNEL, order = 0): number {
    return this.fixed.allocFixed(kind, gfp, order);
  }

  /** Frees what allocFixed() gave. */
  freeFixed(pfn: number, order = 0): void {
    this.fixed.freeFixed(pfn, order);
  }

  /** Holds the page of a slot where it is: a pin, writeback, a lock (see PageHold). */
  hold(slot: number, kind: PageHold["kind"], by: string): void {
    this.held.hold(slot, kind, by);
  }

  /**
   * Pins the page of a slot for long (FOLL_LONGTERM): it leaves a CMA area (5.2+) or ZONE_MOVABLE (5.13+) first, where there is
   * another frame for it (check_and_migrate_movable_pages()). False when the page is not in memory.
   */
  pin(slot: number, by: string): boolean {
    return this.held.pin(slot, by);
  }

  /** Releases one hold; false when there was none such. */
  unhold(slot: number, kind: PageHold["kind"], by: string): boolean {
    return this.held.unhold(slot, kind, by);
  }

  /** Moves the simulated clock: what runs beside the workload (folding of counters, kcompactd) runs as often as a step asks. */
  advanceTo(ms: number): void {
    this.daemons.advanceTo(ms);
  }

  /** Every event so far that has a cost, without those of contiguous requests (their results tell them). */
  events(): EventCounts {
    return costedEvents(this.memory, this.counters);
  }

  /** Modelled nanoseconds from `before` (of events()) to now. */
  elapsedNs(before: EventCounts): number {
    return elapsedNs(this.events(), this.costs) - elapsedNs(before, this.costs);
  }

  /** The machine is not used any more: its columns serve the next one. */
  release(): void {
    const { next, prev, state, owner } = this.memory;
    releaseColumns([next, prev, state, owner, this.lru.page, this.slots.at]);
  }

  /** Pages of all zones that belong to the allocator. */
  get managedPages(): number {
    return pagesManaged(this.memory);
  }

  /** Pages free, per-CPU lists not counted. */
  get freePages(): number {
    return pagesFree(this.memory);
  }
}
