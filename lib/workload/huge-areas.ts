/**
 * Anonymous memory of programs that is touched for the first time, an area of the size of a huge page after the other: each is a huge
 * page, or as many single pages. The times of both are measured.
 */
import type { EventCounts } from "../hardware/costs";
import type { System } from "../machine/system";
import type { Probe } from "./probe";
import { takeRun } from "./slot-run";

/** Single pages of an area are in so many slots in a row. */
interface Row {
  base: number;
  pages: number;
}

export class HugeAreas {
  private readonly huge: number[];
  private readonly rows: Row[];
  /** Pages of an area. */
  readonly areaPages: number;

  constructor(
    private readonly system: System,
    private readonly madvised = true,
  ) {
    this.huge = [];
    this.rows = [];
    this.areaPages = 1 << system.memory.thpOrder;
  }

  /** Faults in one area; false if there was no memory for all of it. `probe` counts huge pages as granted. */
  fault(probe: Probe): boolean {
    const { system, areaPages } = this;
    let got = areaPages;
    probe.measure(
      system,
      () => {
        const slot = system.allocHuge(this.madvised);
        if (slot >= 0) this.huge.push(slot);
        else got = this.faultSingle();
        return slot >= 0;
      },
      (granted) => ownCosts(granted, got),
    );
    return got === areaPages;
  }

  /** The whole area, page by page; returns how many there was memory for. */
  private faultSingle(): number {
    const run = takeRun(this.system, "anon", this.areaPages);
    if (run.pages > 0) this.rows.push(run);
    return run.pages;
  }

  /** Unmaps the upper half of every area; huge pages are split for it. */
  punch(): void {
    const { system, areaPages } = this;
    const half = areaPages >> 1;
    for (const slot of this.huge.splice(0)) {
      const parts = system.split(slot);
      for (const part of parts.subarray(half)) system.free(part);
      for (const part of parts.subarray(0, half)) this.rows.push({ base: part, pages: 1 });
    }
    for (const row of this.rows) {
      if (row.pages <= half) continue;
      system.freeRun(row.base + half, row.pages - half);
      row.pages = half;
    }
  }

  /** Frees everything. */
  unmap(): void {
    const { system } = this;
    for (const slot of this.huge.splice(0)) system.free(slot);
    for (const { base, pages } of this.rows.splice(0)) system.freeRun(base, pages);
  }
}

/** What a fault costs besides making room. Pages are cleared either way. */
function ownCosts(granted: boolean, pages: number): EventCounts {
  return granted ? { buddyTake: 1, zeroPage: pages } : { pcpHit: pages, zeroPage: pages };
}
