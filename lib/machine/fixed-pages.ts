/** Pages that never move, identified by their first frame: slab, page tables, stacks, buffers, drivers. */
import { allocPages, freeWholePages } from "../mm/allocation/page-alloc";
import type { RoomMaker } from "../mm/reclaim/vmscan";
import { __GFP_COMP, __GFP_NOWARN, GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { OWNER_KINDS, type OwnerKind } from "../mm/state/owners";
import type { RunningParts } from "./running-parts";
import type { SystemCounters } from "./system-counters";
import type { ResolvedSystemOptions } from "./system-options";

/**
 * Single unmovable pages that the kernel holds soon after boot besides its image, by page size, on a small virtual
 * machine with one CPU. The first and the last value were measured on recorded arm64 machines (docs/fidelity.md); the
 * middle one is interpolated.
 */
const KERNEL_PAGES: Readonly<Record<number, number>> = { 4096: 1600, 16384: 500, 65536: 180 };
/**
 * What every further CPU adds: its threads' stacks and tasks, queues of devices, /sys. What memory adds: drivers, block
 * devices of sections, tables, as the square root of its size. Modelling choices: with them, machines soon after boot have a
 * third of the unreclaimable slab to all of it that logs of real ones show (docs/calibration.md).
 */
const BYTES_A_CPU = 2 ** 20;
const DRIVER_BYTES = 8 * 2 ** 20;
const REFERENCE_BYTES = 4 * 2 ** 30;

export class FixedPages {
  private readonly memory: Memory;
  private readonly room: RoomMaker;
  private readonly counters: SystemCounters;
  private readonly options: ResolvedSystemOptions;

  constructor(parts: RunningParts) {
    this.memory = parts.memory;
    this.room = parts.room;
    this.counters = parts.counters;
    this.options = parts.options;
  }

  /** A page that never moves: slab, page tables, stacks, buffers, drivers. Its first frame, or −1. */
  allocFixed(kind: OwnerKind, gfp: number = GFP_KERNEL, order = 0): number {
    if (this.memory.change !== null) this.memory.change.between?.();
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

  /** allocFixed() of a single page with GFP_KERNEL; the kind as OWNER_KINDS has it. */
  allocOne(kind: number): number {
    if (this.memory.change !== null) this.memory.change.between?.();
    if (this.options.kswapdLag > 0) this.room.tick();
    const pfn = allocPages(this.memory, GFP_KERNEL, 0);
    this.counters.allocations++;
    if (pfn < 0) {
      this.counters.failures++;
      return -1;
    }
    this.memory.setOwner(pfn, kind);
    return pfn;
  }

  /** Frees what allocFixed() gave. */
  freeFixed(pfn: number, order = 0): void {
    this.counters.frees++;
    freeWholePages(this.memory, pfn, order);
  }

  /** Allocates the pages that the kernel holds soon after boot on a machine with pages of `pageSize` bytes. */
  takeKernelPages(pageSize: number, driverBytes = DRIVER_BYTES): Int32Array {
    const { zones } = this.memory;
    const bytes = zones.reduce((pages, z) => pages + z.managed, 0) * pageSize;
    const further = (zones[0]!.pcps.length - 1) * BYTES_A_CPU;
    const drivers = driverBytes * Math.sqrt(bytes / REFERENCE_BYTES);
    const frames = new Int32Array((KERNEL_PAGES[pageSize] ?? 0) + Math.floor((further + drivers) / pageSize));
    for (let i = 0; i < frames.length; i++) frames[i] = this.allocFixed("slab", GFP_KERNEL, 0);
    return frames;
  }
}
