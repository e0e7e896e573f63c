/**
 * A machine that runs: the allocator with owners of pages, LRU lists, kswapd, direct reclaim, compaction and daemons joined
 * to it, each of which can be switched off. Workloads and strategies act on it.
 *
 * Pages that may move or be reclaimed are held by slots (see page-slots.ts); pages that never move by their first frame.
 * Simulated time passes in two ways: `nowMs` is the wall clock of the workload, moved by `advanceTo()`; what making room costs
 * is counted in events and charged to a cost table, and called modelled wherever it is shown.
 */

import { releaseColumns } from "../base/columns";
import { InputError } from "../base/errors";
import { IntStackPool } from "../base/int-stack";
import { type CostTable, DEFAULT_COSTS, type EventCounts, elapsedNs } from "../hardware/costs";
import { allocPages, freeWholePages } from "../mm/allocation/page-alloc";
import { decayPcpHigh } from "../mm/allocation/pcp-free";
import { allocThp, GFP_TRANSHUGE_LIGHT } from "../mm/allocation/thp";
import { fragmentationScore, proactiveCompactNode } from "../mm/compaction/compaction";
import { Contiguous } from "../mm/contiguous/contiguous";
import { type MigrationWorld, migrationTarget, ownersWorld } from "../mm/contiguous/migrate";
import type { Kernel } from "../mm/kernel";
import {
  LRU_ACTIVE_ANON,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  LRU_UNEVICTABLE,
  Lru,
} from "../mm/reclaim/lru";
import { roomMakingEvents } from "../mm/reclaim/simulated-time";
import { RoomMaker } from "../mm/reclaim/vmscan";
import {
  __GFP_COMP,
  __GFP_NOWARN,
  GFP_HIGHUSER_MOVABLE,
  GFP_KERNEL,
  GFP_USER,
  ZONE_MOVABLE,
} from "../mm/state/gfp";
import { type Memory, ORDER_MASK } from "../mm/state/memory";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import {
  extraReferences,
  forgetHolds,
  holdPage,
  holdsOf,
  moveOwner,
  OWNER_KINDS,
  type OwnerKind,
  orderInUse,
  type PageHold,
  releasePage,
} from "../mm/state/owners";
import type { KernelSwitches } from "../mm/state/profile";
import { foldDiffs } from "../mm/state/vmstat";
import { type BootResult, boot } from "./boot";
import type { BootRequest } from "./boot-request";
import { granuleOrder } from "./granules";
import { type HugetlbPools, startHugetlb } from "./hugetlb";
import { PageSlots, SLOT_DROPPED, SLOT_FREE, SLOT_SPLIT, SLOT_SWAPPED } from "./page-slots";
import { startKernel } from "./start";
import { checkedSystemOptions, type ResolvedSystemOptions, type SystemOptions } from "./system-options";

/**
 * Pages the kernel holds soon after boot besides its image, single and unmovable, by page size: the first and the last
 * measured on recorded arm64 machines (docs/fidelity.md), the middle one between them.
 */
const KERNEL_PAGES: Readonly<Record<number, number>> = { 4096: 1600, 16384: 500, 65536: 180 };

/** kcompactd looks every half second, and after a run without progress every 32 s: COMPACT_MAX_DEFER_SHIFT. */
const KCOMPACTD_MS = 500;
const KCOMPACTD_DEFERRED_MS = KCOMPACTD_MS * 64;
/**
 * On machines with granules of order k kcompactd looks every 5 × 2^k minutes, at least twice a day: it walks all of memory, and
 * leaves granules alone, as compaction leaves compound pages. A modelling choice.
 */
const KCOMPACTD_GRANULE_MS = 300_000;
const KCOMPACTD_MOST_MS = 12 * 3_600_000;
/**
 * Pages above order 0 that workloads take as granules do not wait: no reclaim, no compaction, no access to reserves, as THP
 * faults that may not. When none lies free, an order two lower is tried, at last a single frame.
 */
const GFP_GRANULE = GFP_TRANSHUGE_LIGHT;
const GRANULE_STEP = 2;
/** vmstat workers: once a second. */
const VMSTAT_MS = 1000;

/** Kinds whose pages are on the LRU lists, and on which they start. */
const LRU_OF = new Uint8Array(16);
LRU_OF[OWNER_KINDS.anon >> 4] = LRU_INACTIVE_ANON;
LRU_OF[OWNER_KINDS.shmem >> 4] = LRU_INACTIVE_ANON;
LRU_OF[OWNER_KINDS.fileClean >> 4] = LRU_INACTIVE_FILE;
LRU_OF[OWNER_KINDS.fileDirty >> 4] = LRU_INACTIVE_FILE;

/** OWNER_KINDS[kind] for the kinds that workloads take by the million: a lookup by name costs as much as an allocation. */
function trackedKind(kind: OwnerKind): number {
  if (kind === "anon") return OWNER_KINDS.anon;
  if (kind === "fileClean") return OWNER_KINDS.fileClean;
  if (kind === "fileDirty") return OWNER_KINDS.fileDirty;
  return kind === "shmem" ? OWNER_KINDS.shmem : OWNER_KINDS[kind];
}

/** What ordinary requests of the machine came to. */
export interface SystemCounters {
  /** Requests of tracked pages, and those that failed. */
  allocations: number;
  failures: number;
  /** Pages that their owners freed, one count a page of any order; what reclaim took is not among them. */
  frees: number;
  /** Huge page faults that got a huge page, and those that fell back to single pages. */
  thpAllocated: number;
  thpFellBack: number;
  /** Pages read back after reclaim took them. */
  refaults: number;
  /** File pages dropped, file pages written, anonymous pages swapped. */
  dropped: number;
  written: number;
  swapped: number;
}

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
  private readonly room: RoomMaker;
  /** Simulated milliseconds since boot. */
  nowMs: number;
  private lastVmstatMs: number;
  private nextKcompactdMs: number;

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
    this.counters = {
      allocations: 0,
      failures: 0,
      frees: 0,
      thpAllocated: 0,
      thpFellBack: 0,
      refaults: 0,
      dropped: 0,
      written: 0,
      swapped: 0,
    };
    const grouping = this.options.mobilityGrouping ?? booted.mobilityGrouping;
    this.kernel = startKernel({ ...booted, mobilityGrouping: grouping }, switches);
    const m = this.kernel.memory;
    this.memory = m;
    this.slots = new PageSlots(m.endPfn);
    this.lru = new Lru(m, Math.floor(this.options.swapBytes / this.pageSize));
    this.lru.onReclaim = (pfn, as) => this.reclaimed(pfn, as);
    m.lru = this.lru;
    m.tracker = (from, to) => this.slots.moved(from, to);
    m.mayIsolate = (pfn) => this.mayIsolate(pfn);
    if (!this.options.migration) m.mayMigrate = () => false;
    else
      m.mayMigrate = (pfn) =>
        holdsOf(m, pfn).every((h) => h.kind === "mlock" || h.kind === "writeback" || h.kind === "locked");
    const { reclaim, compaction, kswapdLag } = this.options;
    this.room = new RoomMaker(m, { reclaim, compaction, kswapdLag });
    m.help = this.room;
    this.world = this.ownWorld();
    this.hugetlb = startHugetlb(booted, m, this.world);
    this.contig = new Contiguous(m, undefined, booted.kernel);
    this.granuleOrder = Math.min(
      m.pageblockOrder,
      this.options.granuleOrder ?? granuleOrder(this.managedPages * this.pageSize),
    );
    this.stacks = new IntStackPool();
    this.nowMs = 0;
    this.lastVmstatMs = 0;
    this.nextKcompactdMs = KCOMPACTD_MS;
    this.kernelPages = new Int32Array(KERNEL_PAGES[this.pageSize] ?? 0);
    for (let i = 0; i < this.kernelPages.length; i++)
      this.kernelPages[i] = this.allocFixed("slab", GFP_KERNEL, 0);
  }

  /** Boots a description and starts it. */
  static boot(request: BootRequest, options: SystemOptions = {}, costs?: CostTable): System {
    return new System(boot(request), options, request.switches ?? {}, costs);
  }

  private ownWorld(): MigrationWorld {
    const m = this.memory;
    const owners = ownersWorld(m);
    const { migration, reclaim } = this.options;
    return {
      ...owners,
      move: (from, to) => (migration ? owners.move(from, to) : -16),
      dropped: (pfn) => reclaim && owners.dropped(pfn),
      moved: (from, to) => {
        this.lru.move(from, to);
        this.slots.moved(from, to);
      },
      gone: (pfn) => {
        this.counters.dropped += 1 << orderInUse(m, pfn);
        const slot = this.slots.slotAt(pfn);
        if (slot >= 0) this.slots.lose(slot, SLOT_DROPPED);
      },
      split: (pfn, order) => {
        this.lru.split(pfn, order);
        this.slots.split(pfn);
      },
      target: (memory, pfn, order) => this.target(memory, pfn, order),
    };
  }

  /**
   * Where a page moves to. A granule stands for single pages, which need no larger target: none is waited for, and where none lies
   * free it is split.
   */
  private target(m: Memory, pfn: number, order: number): number {
    if (order === 0 || this.granuleOrder === 0) return migrationTarget(m, pfn, order);
    return allocPages(m, GFP_GRANULE, order, m.zonelistOf(m.zoneOf(pfn)!.nid, GFP_GRANULE));
  }

  /** Compaction leaves pinned anonymous pages where they are; of others the attempt fails. */
  private mayIsolate(pfn: number): boolean {
    for (const h of holdsOf(this.memory, pfn))
      if (h.kind === "get" || h.kind === "longterm" || h.kind === "noMigrate") return false;
    return true;
  }

  private reclaimed(pfn: number, as: "dropped" | "written" | "swapped"): void {
    this.counters[as] += 1 << orderInUse(this.memory, pfn);
    const slot = this.slots.slotAt(pfn);
    if (slot >= 0) this.slots.lose(slot, as === "swapped" ? SLOT_SWAPPED : SLOT_DROPPED);
  }

  /**
   * A page of 2^order frames that may move: anon, shmem, fileClean, fileDirty. Its slot, or −1 when there was no memory; it is
   * on the LRU lists from now on, but for huge pages of processes. `gfp` as a number; default GFP_HIGHUSER_MOVABLE.
   */
  alloc(kind: OwnerKind, order = 0, gfp: number = GFP_HIGHUSER_MOVABLE): number {
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, order > 0 ? gfp | __GFP_COMP : gfp, order);
    this.counters.allocations++;
    if (pfn < 0) {
      this.counters.failures++;
      return -1;
    }
    return this.own(pfn, order, trackedKind(kind));
  }

  private own(pfn: number, order: number, kind: number): number {
    this.memory.setOwner(pfn, kind | 0x08);
    const list = LRU_OF[kind >> 4]!;
    if (order < this.memory.pageblockOrder || list === LRU_INACTIVE_FILE)
      this.lru.add(pfn, list, kind === OWNER_KINDS.fileDirty);
    return this.slots.add(pfn, order, kind);
  }

  /**
   * One page of at most `most` frames that may move, of the largest order up to the machine's granule that lies free; smaller
   * ones do not wait, a single frame does. Its slot, or −1. pagesOf() says how many frames it has.
   */
  allocUpTo(kind: OwnerKind, most: number): number {
    const { memory: m } = this;
    let order = Math.min(this.granuleOrder, 31 - Math.clz32(most));
    for (; order > 0; order = order > GRANULE_STEP ? order - GRANULE_STEP : 0) {
      const pfn = allocPages(m, GFP_GRANULE, order);
      if (pfn < 0) continue;
      if (this.options.kswapdLag > 0) this.room.tick();
      this.counters.allocations++;
      return this.own(pfn, order, trackedKind(kind));
    }
    return this.alloc(kind);
  }

  /** Frames of the page of a slot. */
  pagesOf(slot: number): number {
    return 1 << this.slots.orderOf(slot);
  }

  /** A huge page fault: a huge page by the machine's defrag mode, else −1 and the caller takes single pages. */
  allocHuge(madvised = true): number {
    const { memory: m, counters } = this;
    if (!this.booted.thp) return -1;
    const pfn = allocThp(m, this.options.thpDefrag, madvised);
    if (pfn < 0) {
      counters.thpFellBack++;
      return -1;
    }
    counters.thpAllocated++;
    return this.own(pfn, m.thpOrder, OWNER_KINDS.anon);
  }

  /** Frees a page by its slot. */
  free(slot: number): void {
    const { slots } = this;
    const pfn = slots.pfn[slot]!;
    if (pfn === SLOT_FREE) throw new InputError(`free: slot ${slot} is not in use`);
    if (pfn === SLOT_SPLIT) for (const part of slots.partsOf(slot)) this.free(part);
    const order = slots.orderOf(slot);
    slots.drop(slot);
    if (pfn >= 0) {
      this.counters.frees++;
      forgetHolds(this.memory, pfn);
      freeWholePages(this.memory, pfn, order);
    } else if (pfn === SLOT_SWAPPED) this.lru.swapFree += 1 << order;
  }

  /**
   * The page is used: it gets its second chance, or is read back where reclaim took it (a refault). False when it could not be
   * read back for want of memory.
   */
  touch(slot: number): boolean {
    const { slots } = this;
    const pfn = slots.pfn[slot]!;
    if (pfn >= 0) {
      this.lru.markAccessed(pfn);
      return true;
    }
    if (pfn === SLOT_SPLIT) {
      let all = true;
      for (const part of slots.partsOf(slot)) all = this.touch(part) && all;
      return all;
    }
    return this.readBack(slot, pfn === SLOT_SWAPPED);
  }

  /** A refault; of a large page, with single frames where no large one is to be had. */
  private readBack(slot: number, swapped: boolean): boolean {
    if (this.options.kswapdLag > 0) this.room.tick();
    const { slots } = this;
    const order = slots.orderOf(slot);
    let fresh = order > 0 ? allocPages(this.memory, GFP_GRANULE, order) : -1;
    if (fresh < 0 && order > 0) {
      slots.breakUp(slot);
      return this.touch(slot);
    }
    if (order === 0) fresh = allocPages(this.memory, GFP_HIGHUSER_MOVABLE, 0);
    if (fresh < 0) {
      this.counters.failures++;
      return false;
    }
    this.counters.refaults += 1 << order;
    if (swapped) this.lru.swapFree += 1 << order;
    // A dirty page was written when it was taken: what is read back is clean.
    const was = slots.kindOf(slot);
    const kind = was === OWNER_KINDS.fileDirty ? OWNER_KINDS.fileClean : was;
    slots.setKind(slot, kind);
    this.memory.setOwner(fresh, kind | 0x08);
    this.lru.add(fresh, LRU_OF[kind >> 4]!);
    slots.refill(slot, fresh);
    return true;
  }

  /** The file page of a slot was written back: it is clean from now on. Nothing to do where reclaim took it. */
  cleaned(slot: number): void {
    const pfn = this.slots.pfn[slot]!;
    this.slots.setKind(slot, OWNER_KINDS.fileClean);
    if (pfn === SLOT_SPLIT) for (const part of this.slots.partsOf(slot)) this.cleaned(part);
    if (pfn < 0) return;
    this.lru.setDirty(pfn, false);
    this.memory.setOwner(pfn, OWNER_KINDS.fileClean | 0x08);
  }

  /** Whether the page of a slot is in memory, all of it. */
  present(slot: number): boolean {
    const pfn = this.slots.pfn[slot]!;
    return pfn === SLOT_SPLIT ? this.slots.partsOf(slot).every((part) => this.present(part)) : pfn >= 0;
  }

  /** A page that never moves: slab, page tables, stacks, buffers, drivers. Its first frame, or −1. */
  allocFixed(kind: OwnerKind, gfp: number = GFP_KERNEL, order = 0): number {
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, order > 0 ? gfp | __GFP_COMP | __GFP_NOWARN : gfp, order);
    this.counters.allocations++;
    if (pfn < 0) {
      this.counters.failures++;
      return -1;
    }
    this.memory.setOwner(pfn, OWNER_KINDS[kind]);
    return pfn;
  }

  /** Frees what allocFixed() gave. */
  freeFixed(pfn: number, order = 0): void {
    this.counters.frees++;
    freeWholePages(this.memory, pfn, order);
  }

  /** Holds the page of a slot where it is: a pin, writeback, a lock (see PageHold). */
  hold(slot: number, kind: PageHold["kind"], by: string): void {
    const pfn = this.slots.pfn[slot]!;
    if (pfn === SLOT_SPLIT) {
      for (const part of this.slots.partsOf(slot)) this.hold(part, kind, by);
      return;
    }
    if (pfn < 0) throw new InputError(`hold: the page of slot ${slot} is not in memory`);
    holdPage(this.memory, pfn, kind, by);
    if (kind === "mlock" && this.lru.listOf(pfn) > 0) {
      this.lru.remove(pfn);
      this.lru.add(pfn, LRU_UNEVICTABLE);
    }
  }

  /**
   * Pins the page of a slot for long (FOLL_LONGTERM): it leaves a CMA area (5.2+) or ZONE_MOVABLE (5.13+) first, where there is
   * another frame for it (check_and_migrate_movable_pages()). False when the page is not in memory.
   */
  pin(slot: number, by: string): boolean {
    const { slots } = this;
    const from = slots.pfn[slot]!;
    if (from === SLOT_SPLIT) return slots.partsOf(slot).every((part) => this.pin(part, by));
    if (from < 0) return false;
    if (this.mustLeave(from)) this.moveOut(from);
    this.hold(slot, "longterm", by);
    return true;
  }

  /** What must stay movable, by the release's rule (switch `longtermPin`). */
  private mustLeave(pfn: number): boolean {
    const { memory: m } = this;
    const rule = m.sw.longtermPin;
    if (rule === "stays") return false;
    if (m.blockType(pfn) === MIGRATE_CMA) return true;
    return rule === "leavesCmaAndMovable" && m.zoneOf(pfn)!.idx === ZONE_MOVABLE;
  }

  private moveOut(from: number): void {
    const { memory: m } = this;
    if (!this.options.migration || extraReferences(m, from) > 0) return;
    const order = m.state[from]! & ORDER_MASK;
    const to = allocPages(m, GFP_USER | __GFP_NOWARN | (order > 0 ? __GFP_COMP : 0), order);
    if (to < 0) return;
    moveOwner(m, from, to);
    this.lru.move(from, to);
    this.slots.moved(from, to);
    m.counters.pgmigrate_success += 1 << order;
    freeWholePages(m, from, order);
  }

  /** Releases one hold; false when there was none such. */
  unhold(slot: number, kind: PageHold["kind"], by: string): boolean {
    const pfn = this.slots.pfn[slot]!;
    if (pfn === SLOT_SPLIT)
      return this.slots.partsOf(slot).reduce((any, part) => this.unhold(part, kind, by) || any, false);
    if (pfn < 0 || !releasePage(this.memory, pfn, kind, by)) return false;
    if (kind === "mlock" && this.lru.listOf(pfn) === LRU_UNEVICTABLE) {
      this.lru.remove(pfn);
      this.lru.add(pfn, LRU_ACTIVE_ANON);
    }
    return true;
  }

  /** Moves the simulated clock: what runs beside the workload (folding of counters, kcompactd) runs as often as a step asks. */
  advanceTo(ms: number): void {
    if (ms < this.nowMs)
      throw new InputError(`advance: time goes forward: got ${ms} ms after ${this.nowMs} ms`);
    this.nowMs = ms;
    const m = this.memory;
    if (ms - this.lastVmstatMs >= VMSTAT_MS) {
      this.lastVmstatMs = ms;
      for (const zone of m.zones)
        for (const pcp of zone.pcps) {
          foldDiffs(zone, pcp);
          if (m.autoTune) decayPcpHigh(m, zone, pcp);
        }
    }
    if (ms >= this.nextKcompactdMs && this.options.compaction) {
      const before = fragmentationScore(m);
      const ran = proactiveCompactNode(m, this.options.proactiveness);
      const helped = !ran || fragmentationScore(m) < before;
      const granules = Math.min(KCOMPACTD_MOST_MS, KCOMPACTD_GRANULE_MS * (1 << this.granuleOrder));
      this.nextKcompactdMs =
        ms + (this.granuleOrder > 0 ? granules : helped ? KCOMPACTD_MS : KCOMPACTD_DEFERRED_MS);
    }
  }

  /** Every event so far that has a cost, without those of contiguous requests (their results tell them). */
  events(): EventCounts {
    const c = this.counters;
    return { ...roomMakingEvents(this.memory), writePage: c.written + c.swapped, refault: c.refaults };
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
    return this.memory.zones.reduce((pages, z) => pages + z.managed, 0);
  }

  /** Pages free, per-CPU lists not counted. */
  get freePages(): number {
    let pages = 0;
    for (const z of this.memory.zones)
      for (let order = 0; order < z.nrFree.length; order++) pages += z.nrFree[order]! * (1 << order);
    return pages;
  }
}
