/**
 * A running machine: the allocator together with page owners, LRU lists, kswapd, direct reclaim, compaction and
 * daemons, each of which can be switched off. Workloads and strategies act on it.
 *
 * Pages that may move or be reclaimed are identified by slots (see page-slots.ts), pages that never move by their
 * first frame. Simulated time has two parts. `nowMs` is the wall clock of the workload, advanced by `advanceTo()`.
 * The cost of making room is counted in events and priced by a cost table; it is called modelled wherever it is
 * shown.
 */

import { append } from "../base/append";
import { releaseColumns } from "../base/columns";
import { IntStackPool } from "../base/int-stack";
import type { Random } from "../base/random";
import type { BoundChange } from "../change/decide";
import { installChange } from "../change/install";
import { findBoard } from "../hardware/boards";
import { type CostName, type CostTable, costTable, type EventCounts, elapsedNs } from "../hardware/costs";
import { areasOf, Contiguous } from "../mm/contiguous/contiguous";
import type { MigrationWorld } from "../mm/contiguous/migrate";
import type { PageAllocator } from "../mm/page-allocator";
import { Lru } from "../mm/reclaim/lru";
import { RoomMaker } from "../mm/reclaim/vmscan";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { OWNER_KINDS, type OwnerKind, type PageHold } from "../mm/state/owners";
import type { KernelSwitches } from "../mm/state/profile";
import { type BootResult, boot } from "./boot";
import type { BootRequest } from "./boot-request";
import { BulkPages } from "./bulk-pages";
import { Daemons } from "./daemons";
import { FixedPages } from "./fixed-pages";
import { HeldPages } from "./held-pages";
import { type HugetlbPools, startHugetlb, writeHugePages } from "./hugetlb";
import type { MachineState } from "./machine-state";
import { PageSlots } from "./page-slots";
import { Processors } from "./processors";
import type { RunningParts } from "./running-parts";
import { settle } from "./settle/settle";
import { areaNames, startKernel, writeSysctls } from "./start";
import { costedEvents, noCounts, pagesFree, pagesManaged, type SystemCounters } from "./system-counters";
import { checkedSystemOptions, type EngineOptions, type ResolvedSystemOptions } from "./system-options";
import { joinOwners, systemWorld } from "./system-world";
import { TrackedPages, trackedKind } from "./tracked-pages";

export class System {
  readonly booted: BootResult;
  /** Requests, frees, reports and observers of the page allocator. */
  readonly allocator: PageAllocator;
  readonly memory: Memory;
  readonly lru: Lru;
  readonly slots: PageSlots;
  /** CMA areas and contiguous requests; requests must pass `{ world: system.world }`. */
  readonly contig: Contiguous;
  readonly hugetlb: HugetlbPools;
  /** Decides whether pages move, and is notified: the page owners as this machine records them. */
  readonly world: MigrationWorld;
  readonly pageSize: number;
  readonly options: ResolvedSystemOptions;
  readonly costs: CostTable;
  readonly counters: SystemCounters;
  /** The change at work; null: this is the kernel as it is. */
  readonly change: BoundChange | null;
  /** Lists for holders of many pages that come and go. */
  readonly stacks: IntStackPool;
  /** Frames of pages that the kernel has held since boot. */
  readonly kernelPages: Int32Array;
  /** Which CPU acts for tasks and interrupts. */
  readonly processors: Processors;
  private readonly tracked: TrackedPages;
  private readonly bulk: BulkPages;
  private readonly fixed: FixedPages;
  private readonly held: HeldPages;
  private readonly daemons: Daemons;

  constructor(
    booted: BootResult,
    options: EngineOptions = {},
    switches: Partial<KernelSwitches> = {},
    costs: Partial<Record<CostName, number>> = {},
  ) {
    this.booted = booted;
    this.options = checkedSystemOptions(options);
    this.pageSize = booted.pageSize;
    this.costs = costTable(costs, { pageSize: this.pageSize, speed: findBoard(booted.board).speed });
    this.counters = noCounts();
    const grouping = this.options.mobilityGrouping ?? booted.mobilityGrouping;
    this.allocator = startKernel({ ...booted, mobilityGrouping: grouping }, switches);
    const m = this.allocator.memory;
    this.memory = m;
    this.change = booted.change === undefined ? null : installChange(m, booted.change);
    if (this.change !== null) options.watch?.(this as never);
    this.slots = new PageSlots(m.endPfn);
    this.lru = new Lru(m, Math.floor(this.options.swapBytes / this.pageSize));
    const { reclaim, compaction, kswapdLag } = this.options;
    const room = new RoomMaker(m, { reclaim, compaction, kswapdLag, pageSize: this.pageSize });
    m.smp = this.options.smp && booted.cpus > 1;
    this.processors = new Processors(m);
    m.bulk = this.options.bulk && this.change === null;
    const parts: RunningParts = {
      memory: m,
      lru: this.lru,
      slots: this.slots,
      room,
      counters: this.counters,
      options: this.options,
      thp: booted.thp,
    };
    this.tracked = new TrackedPages(parts);
    this.fixed = new FixedPages(parts);
    this.bulk = new BulkPages(parts, this.tracked, this.fixed);
    this.held = new HeldPages(parts);
    this.daemons = new Daemons(parts);
    this.lru.onReclaim = (pfn, as) => this.tracked.reclaimed(pfn, as);
    m.lru = this.lru;
    m.help = room;
    joinOwners(parts);
    this.world = systemWorld(parts);
    this.hugetlb = startHugetlb(booted, m, this.world);
    this.stacks = new IntStackPool();
    const areas = () => new Contiguous(m, areasOf(m, areaNames(booted)), booted.kernel);
    if (booted.state === undefined) {
      this.contig = areas();
      this.kernelPages = this.fixed.takeKernelPages(this.pageSize, findBoard(booted.board).driverBytes);
    } else {
      // A machine with a state has its CMA page blocks only once the state is laid out.
      this.kernelPages = this.settleInto(booted.state);
      this.contig = areas();
    }
    writeSysctls(m, booted);
    writeHugePages(booted, this.hugetlb);
  }

  /** The machine runs already: its frames come into the state. Its kernel's pages are not known one by one. */
  private settleInto(state: MachineState): Int32Array {
    const { pageSize, options } = this;
    const { hugetlb } = settle(this.memory, this.tracked, state, { pageSize, seed: options.placement });
    const pool = this.hugetlb.pools.get(this.booted.pageblockBytes);
    if (pool !== undefined) append(pool.free, hugetlb.free);
    for (const pfn of hugetlb.used) pool?.used.add(pfn);
    return new Int32Array(0);
  }

  /** Boots and starts the machine described. `costs`: nanoseconds that replace figures of the machine's table. */
  static boot(
    request: BootRequest,
    options: EngineOptions = {},
    costs?: Partial<Record<CostName, number>>,
  ): System {
    return new System(boot(request), options, request.switches ?? {}, costs);
  }

  /** Simulated milliseconds since boot. */
  get nowMs(): number {
    return this.daemons.nowMs;
  }

  /**
   * A page of 2^order frames that may move: anon, shmem, fileClean, fileDirty. Returns its slot, or −1 if there was
   * no memory. The page joins the LRU lists, except huge pages of processes. `gfp` is a number; default
   * GFP_HIGHUSER_MOVABLE.
   */
  alloc(kind: OwnerKind, order = 0, gfp: number = GFP_HIGHUSER_MOVABLE): number {
    return this.tracked.alloc(kind, order, gfp);
  }

  /** `n` slots in a row without pages yet, for allocRun(); the first. */
  reserveSlots(n: number): number {
    return this.slots.reserve(n);
  }

  /** Slots that were reserved and have no page are not wanted. */
  returnSlots(base: number, n: number): void {
    this.slots.giveBack(base, n);
  }

  /**
   * Single pages that may move for the slots in a row from `base` on, which were reserved; for how many there was memory. The
   * same as so many requests.
   */
  allocRun(kind: OwnerKind, base: number, n: number): number {
    return this.bulk.alloc(trackedKind(kind), base, n);
  }

  /** A large folio of the page cache for a slot that was reserved; false: none was had at the price of one try. */
  allocFolio(kind: "fileClean" | "fileDirty", order: number, slot: number): boolean {
    return this.tracked.allocFolio(trackedKind(kind), order, slot);
  }

  /** Frees the pages of the slots from `from` to `to`, both included, upwards or downwards; the slots stay reserved. */
  vacate(from: number, to: number): void {
    this.bulk.free(from, to);
  }

  /** Frees the pages of `n` slots in a row, from `base` up, and the slots. */
  freeRun(base: number, n: number): void {
    if (n > 0) this.bulk.free(base, base + n - 1);
    this.slots.giveBack(base, n);
  }

  /** touch() of `n` slots in a row: frames that were read back, −1 when there was no memory for one. */
  touchRun(base: number, n: number): number {
    return this.bulk.touch(base, n);
  }

  /** Frames of the page of a slot. */
  pagesOf(slot: number): number {
    return 1 << this.slots.orderOf(slot);
  }

  /** A huge page fault: takes a huge page by the machine's defrag mode; on −1 the caller takes single pages. */
  allocHuge(madvised = true): number {
    return this.tracked.allocHuge(madvised);
  }

  /**
   * Splits the page of a slot into single pages, as split_huge_page() does, and gives the slot up: the slots of its parts are the
   * caller's, in the order of their frames. The page must be in memory as a whole.
   */
  split(slot: number): Int32Array {
    return this.tracked.split(slot);
  }

  /** Frees a page by its slot. */
  free(slot: number): void {
    this.tracked.free(slot);
  }

  /**
   * Accesses the page: it gets its second chance, or is read back if reclaim took it (a refault). False if there was
   * no memory to read it back.
   */
  touch(slot: number): boolean {
    return this.tracked.touch(slot);
  }

  /** The file page of a slot was written back and is clean from now on. Does nothing if reclaim took it. */
  cleaned(slot: number): void {
    this.tracked.cleaned(slot);
  }

  /** cleaned() of `n` slots in a row. */
  cleanedRun(base: number, n: number): void {
    for (let slot = base; slot < base + n; slot++) this.tracked.cleaned(slot);
  }

  /** Whether the whole page of a slot is in memory. */
  present(slot: number): boolean {
    return this.tracked.present(slot);
  }

  /** A page that never moves: slab, page tables, stacks, buffers, drivers. Its first frame, or −1. */
  allocFixed(kind: OwnerKind, gfp: number = GFP_KERNEL, order = 0): number {
    return this.fixed.allocFixed(kind, gfp, order);
  }

  /** Single pages that never move; their frames go to `list` from index `at` on; for how many there was memory. */
  allocFixedList(kind: OwnerKind, n: number, list: Int32Array, at: number): number {
    return this.bulk.allocFixed(OWNER_KINDS[kind], n, list, at);
  }

  /** Frees the single pages list[0] to list[n − 1] that never move, in this order. */
  freeFixedList(list: Int32Array, n: number): void {
    this.bulk.freeFixed(list, n);
  }

  /** Frees a page from allocFixed(). */
  freeFixed(pfn: number, order = 0): void {
    this.fixed.freeFixed(pfn, order);
  }

  /** Holds the page of a slot in place: a pin, writeback, a lock (see PageHold). */
  hold(slot: number, kind: PageHold["kind"], by: string): void {
    this.held.hold(slot, kind, by);
  }

  /**
   * Pins the page of a slot long-term (FOLL_LONGTERM): it first leaves a CMA area (5.1+) or ZONE_MOVABLE (5.13+) if
   * there is another frame for it (check_and_migrate_movable_pages()). False if the page is not in memory.
   */
  pin(slot: number, by: string): boolean {
    return this.held.pin(slot, by);
  }

  /** Releases one hold; false if there was no such hold. */
  unhold(slot: number, kind: PageHold["kind"], by: string): boolean {
    return this.held.unhold(slot, kind, by);
  }

  /** Advances the simulated clock: daemons (folding of counters, kcompactd) run as often as the step requires. */
  advanceTo(ms: number): void {
    this.daemons.advanceTo(ms);
  }

  /** All events with a cost so far, without those of contiguous requests (which are in their results). */
  events(): EventCounts {
    return costedEvents(this.memory, this.counters);
  }

  /** Modelled nanoseconds from `before` (of events()) to now. */
  elapsedNs(before: EventCounts): number {
    return elapsedNs(this.events(), this.costs) - elapsedNs(before, this.costs);
  }

  /** Ends the use of the machine: the next one reuses its columns. */
  release(): void {
    const { next, prev, state, owner } = this.memory;
    const { at, pfn, what } = this.slots;
    releaseColumns([next, prev, state, owner, this.lru.page, at, pfn, what]);
  }

  /** Processors, each with its own lists of free pages. */
  get cpus(): number {
    return this.memory.zones[0]!.pcps.length;
  }

  /** What follows comes from some processor: the scheduler runs processes anywhere, and what one takes another one frees. */
  runAnywhere(random: Random): void {
    this.memory.runOn(random.below(this.cpus));
  }

  /** Pages that the allocator manages, in all zones. */
  get managedPages(): number {
    return pagesManaged(this.memory);
  }

  /** Free pages, without those on per-CPU lists. */
  get freePages(): number {
    return pagesFree(this.memory);
  }
}
