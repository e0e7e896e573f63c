/** A running machine that tells a watcher of the passing of time and of large requests. Nothing else differs. */
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { OwnerKind } from "../mm/state/owners";
import type { BootResult } from "./boot";
import { System } from "./system";
import type { EngineOptions } from "./system-options";

/** Receives what a recorded machine does. */
export interface SystemWatcher {
  /** The clock was moved to `nowMs`. */
  tick(nowMs: number): void;
  /** A request of 2^order pages of the workload, order above 0; `reclaimed`: pages that reclaim took during it. */
  large(request: { order: number; granted: boolean; reclaimed: number }): void;
  /** A huge page fault, with its modelled nanoseconds: making room and, if it got a huge page, taking and clearing it. */
  hugeFault(fault: { granted: boolean; ns: number }): void;
}

type Booting = ConstructorParameters<typeof System>;

export class RecordedSystem extends System {
  private watcher: SystemWatcher | null;

  constructor(
    booted: BootResult,
    options: EngineOptions = {},
    switches: Booting[2] = {},
    costs: Booting[3] = {},
  ) {
    super(booted, options, switches, costs);
    this.watcher = null;
  }

  /** From now on `watcher` is told; null stops it. */
  watch(watcher: SystemWatcher | null): void {
    this.watcher = watcher;
  }

  override advanceTo(ms: number): void {
    super.advanceTo(ms);
    this.watcher?.tick(ms);
  }

  override alloc(kind: OwnerKind, order = 0, gfp: number = GFP_HIGHUSER_MOVABLE): number {
    if (order === 0) return super.alloc(kind, order, gfp);
    return this.watched(order, () => super.alloc(kind, order, gfp));
  }

  override allocFolio(kind: "fileClean" | "fileDirty", order: number, slot: number): boolean {
    return this.watched(order, () => (super.allocFolio(kind, order, slot) ? 0 : -1)) >= 0;
  }

  override allocFixed(kind: OwnerKind, gfp: number = GFP_KERNEL, order = 0): number {
    if (order === 0) return super.allocFixed(kind, gfp, order);
    return this.watched(order, () => super.allocFixed(kind, gfp, order));
  }

  override allocHuge(madvised = true): number {
    const { watcher, memory } = this;
    if (watcher === null || !this.booted.thp) return super.allocHuge(madvised);
    const before = this.events();
    const got = this.watched(memory.thpOrder, () => super.allocHuge(madvised));
    const pages = 1 << memory.thpOrder;
    const taking = got < 0 ? 0 : this.costs.buddyTake.ns + pages * this.costs.zeroPage.ns;
    watcher.hugeFault({ granted: got >= 0, ns: Math.round(this.elapsedNs(before) + taking) });
    return got;
  }

  /** Pages that reclaim took since boot. */
  get reclaimedPages(): number {
    const { dropped, written, swapped } = this.counters;
    return dropped + written + swapped;
  }

  private watched(order: number, request: () => number): number {
    const { watcher } = this;
    if (watcher === null) return request();
    const before = this.reclaimedPages;
    const got = request();
    watcher.large({ order, granted: got >= 0, reclaimed: this.reclaimedPages - before });
    return got;
  }
}
