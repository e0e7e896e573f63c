/**
 * The contract of every allocator, whatever its lists look like, with one byte per frame. Shares no code with the
 * engine.
 */

/** A zone as the model sees it: its number and frames. */
export interface OccupancyZone {
  idx: number;
  startPfn: number;
  endPfn: number;
}

const NEVER = 0;
const FREE = 1;
const OUT = 2;

export class Occupancy {
  private readonly frames: Uint8Array;
  private readonly zones: OccupancyZone[];
  /** Free frames by zone, in the order of `zones`. */
  readonly free: number[];

  /** `ranges` are the frames [from, to) given to the allocator at boot. */
  constructor(zones: OccupancyZone[], ranges: (readonly [number, number])[]) {
    this.zones = zones;
    this.frames = new Uint8Array(zones.reduce((end, z) => Math.max(end, z.endPfn), 0));
    this.free = zones.map(() => 0);
    for (const [from, to] of ranges) {
      this.frames.fill(FREE, from, to);
      this.free[this.zoneIndex(from)]! += to - from;
    }
  }

  private zoneIndex(pfn: number): number {
    return this.zones.findIndex((z) => pfn >= z.startPfn && pfn < z.endPfn);
  }

  /** Records an allocation of 2^order frames that may come from zones up to `highest`. */
  take(pfn: number, order: number, highest: number): void {
    const pages = 2 ** order;
    const i = this.zoneIndex(pfn);
    const zone = this.zones[i];
    if (zone === undefined) throw new Error(`occupancy: frame ${pfn} is outside every zone`);
    if (pfn % pages !== 0) throw new Error(`occupancy: frame ${pfn} is not aligned to order ${order}`);
    if (zone.idx > highest)
      throw new Error(`occupancy: frame ${pfn} is in zone ${zone.idx}, allowed are zones up to ${highest}`);
    if (pfn + pages > zone.endPfn) throw new Error(`occupancy: frame ${pfn}, order ${order} leaves its zone`);
    this.takeFrames(i, pfn, pages);
  }

  /** Records an allocation of a range of any length by a contiguous request. */
  takeRange(pfn: number, pages: number): void {
    const i = this.zoneIndex(pfn);
    if (i < 0 || pfn + pages > this.zones[i]!.endPfn)
      throw new Error(`occupancy: range ${pfn} leaves its zone`);
    this.takeFrames(i, pfn, pages);
  }

  private takeFrames(i: number, pfn: number, pages: number): void {
    for (let p = pfn; p < pfn + pages; p++) {
      if (this.frames[p] !== FREE)
        throw new Error(
          `occupancy: frame ${p} was handed out but is ${this.frames[p] === OUT ? "in use" : "not memory"}`,
        );
      this.frames[p] = OUT;
    }
    this.free[i]! -= pages;
  }

  /** Records a free of 2^order frames. */
  give(pfn: number, order: number): void {
    const pages = 2 ** order;
    for (let p = pfn; p < pfn + pages; p++) {
      if (this.frames[p] !== OUT) throw new Error(`occupancy: frame ${p} is freed but not in use`);
      this.frames[p] = FREE;
    }
    this.free[this.zoneIndex(pfn)]! += pages;
  }

  /** Whether a zone up to `highest` has 2^order free, aligned, adjacent frames. */
  hasRun(order: number, highest: number): boolean {
    const pages = 2 ** order;
    for (const z of this.zones) {
      if (z.idx > highest) continue;
      for (let p = Math.ceil(z.startPfn / pages) * pages; p + pages <= z.endPfn; p += pages) {
        let q = p;
        while (q < p + pages && this.frames[q] === FREE) q++;
        if (q === p + pages) return true;
      }
    }
    return false;
  }

  /** Frames that were never given to the allocator stay out of it. */
  isMemory(pfn: number): boolean {
    return this.frames[pfn] !== NEVER;
  }
}
