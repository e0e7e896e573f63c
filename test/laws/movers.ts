/**
 * Operations that move pages: compaction of all memory, contiguous requests, CMA. The list of pages in use is
 * updated. Immovable pages are chosen by frame, so that runs repeat.
 */
import type { CmaArea } from "../../lib/mm/contiguous/cma-area";
import type { MigrationWorld } from "../../lib/mm/contiguous/migrate";
import type { Memory } from "../../lib/mm/state/memory";
import type { Engine } from "./engine";
import type { Occupancy } from "./occupancy";

/** Pages in use: first frames and orders, in step. */
export interface Live {
  pfns: number[];
  orders: number[];
}

/** Every fifth frame or so is pinned. */
const pinned = (pfn: number) => (Math.imul(pfn, 0x9e3779b1) >>> 16) % 5 === 0;

/** Keeps `live` and the model in step while the engine moves pages. */
class Followers {
  private readonly at = new Map<number, number>();
  private readonly live: Live;
  private readonly occupancy: Occupancy;
  constructor(live: Live, occupancy: Occupancy) {
    this.live = live;
    this.occupancy = occupancy;
    live.pfns.forEach((pfn, i) => this.at.set(pfn, i));
  }

  moved(from: number, to: number, order: number): void {
    let i = this.at.get(from);
    if (i === undefined || this.live.orders[i] !== order) i = this.split(from);
    this.occupancy.take(to, order, 3);
    this.occupancy.give(from, order);
    this.at.delete(from);
    this.at.set(to, i);
    this.live.pfns[i] = to;
  }

  /** The page that holds `pfn` was split into single pages, because no target was large enough. */
  private split(pfn: number): number {
    const { pfns, orders } = this.live;
    for (let order = 0; order <= 20; order++) {
      const head = pfn - (pfn % 2 ** order);
      const i = this.at.get(head);
      if (i === undefined || orders[i]! < order) continue;
      const pages = 2 ** orders[i]!;
      orders[i] = 0;
      for (let p = head + 1; p < head + pages; p++) {
        this.at.set(p, pfns.length);
        pfns.push(p);
        orders.push(0);
      }
      return this.at.get(pfn)!;
    }
    throw new Error(`a page moved from frame ${pfn}, which is not in use`);
  }
}

/** compact_memory, with some pages pinned. */
export function compactAll(e: Engine, m: Memory, live: Live, occupancy: Occupancy): void {
  const followers = new Followers(live, occupancy);
  m.trace = { migrated: (from, to, order) => followers.moved(from, to, order) };
  m.mayIsolate = (pfn) => !pinned(pfn);
  e.compactMemory(m);
  m.mayIsolate = null;
  m.trace = null;
}

function world(e: Engine, m: Memory, live: Live, occupancy: Occupancy): MigrationWorld {
  const followers = new Followers(live, occupancy);
  const owners = e.ownersWorld(m);
  return {
    ...owners,
    isolate: (pfn) => (pinned(pfn) ? -1 : owners.isolate(pfn)),
    moved: (from, to, order) => followers.moved(from, to, order),
  };
}

/** alloc_contig_pages(): the first frame, or −1. */
export function contigPages(e: Engine, m: Memory, pages: number, live: Live, occupancy: Occupancy): number {
  return e.allocContigPages(m, {
    pages,
    gfp: 0x100cca,
    kind: "driver",
    world: world(e, m, live, occupancy),
  });
}

/** cma_alloc(): the first frame, or −1. */
export function cmaPages(
  e: Engine,
  m: Memory,
  area: CmaArea,
  count: number,
  align: number,
  live: Live,
  occupancy: Occupancy,
): number {
  const cx = {
    m,
    world: world(e, m, live, occupancy),
    seen: {},
    kind: "cmaBuffer" as const,
    stats: { migrated: 0, failedAttempts: 0, dropped: 0 },
  };
  return e.run(e.cmaAlloc(cx, area, count, align)).pfn;
}
