/**
 * The workload for races between allocators: order-0, uniform and geometric orders between 70 % and 90 % occupancy, and filling.
 * The driver is that of the C programs it is compared with: xorshift32 seeded 0x9E3779B9, and a hash over every returned frame
 * number.
 */

import { allocPages, freeWholePages } from "../mm/allocation/page-alloc";
import { bootMemory } from "../mm/boot/boot-memory";
import { zonePagesetSize } from "../mm/boot/pageset-size";
import { calculateMinFreeKbytes, setupPerZoneWmarks } from "../mm/boot/watermarks";
import { GFP_HIGHUSER_MOVABLE, ZONE_NORMAL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";

/** The kind of operation: order 0, orders uniform in 0..9, geometric orders, or fill and empty. */
export type ChurnMode = "c0" | "mu" | "mg" | "fill";

export interface ChurnResult {
  /** Operations counted (after settling). */
  ops: number;
  failures: number;
  /** FNV-1a over the frame numbers, as in the C driver. */
  hash: number;
}

/**
 * A machine whose memory is one NORMAL zone of `pages` 4 KiB pages, all of them free, as the C programs' arena is:
 * largest order 10, page blocks of 2 MiB, watermarks and per-CPU lists as 6.1 sizes them.
 */
export function churnMachine(pages: number): Memory {
  const minFreeKbytes = calculateMinFreeKbytes(pages * 4, "6.1");
  const watermarks = setupPerZoneWmarks({ minFreeKbytes, pageSize: 4096 }, [pages])[0]!;
  return bootMemory({
    release: "6.1",
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: false,
    thp: true,
    mobilityDisabled: false,
    dma32: false,
    cpus: 1,
    zones: [
      {
        idx: ZONE_NORMAL,
        name: "Normal",
        startPfn: 0,
        spanned: pages,
        present: pages,
        managed: pages,
        watermarks,
        lowmemReserve: [0],
        pageset: zonePagesetSize(pages, watermarks.low, 1, 4096, "6.1"),
        freeRanges: [{ startPfn: 0, pages }],
      },
    ],
  });
}

/** One run of a mode on `m`; the caller measures time around `measured`. */
export class Churn {
  private seed = 0x9e3779b9 | 0;
  /** Live pages in no order: frame << 4 | order. */
  private readonly livePages: Int32Array;
  private live = 0;
  private used = 0;
  private hash = 0x811c9dc5 | 0;

  constructor(
    private readonly m: Memory,
    private readonly pages: number,
    private readonly mode: ChurnMode,
  ) {
    this.livePages = new Int32Array(pages + 16).fill(1);
  }

  private rnd(): number {
    let x = this.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.seed = x;
    return x;
  }

  private below(n: number): number {
    return Math.floor(((this.rnd() >>> 8) * n) / 16777216);
  }

  private orderOf(r: number): number {
    if (this.mode === "c0") return 0;
    if (this.mode === "mu") return (((r >>> 8) * 10) / 16777216) | 0;
    const v = (r >>> 8) | 0x200;
    return 31 - Math.clz32(v & -v);
  }

  private add(pfn: number, order: number): void {
    this.livePages[this.live++] = (pfn << 4) | order;
    this.used += 1 << order;
    this.hash = Math.imul(this.hash ^ pfn, 0x01000193);
  }

  /** Fills to 80 % and lets a tenth of `ops` settle. */
  prepare(ops: number): void {
    while (this.used < (this.pages * 8) / 10) {
      const order = this.orderOf(this.rnd());
      const pfn = allocPages(this.m, GFP_HIGHUSER_MOVABLE, order);
      if (pfn < 0) break;
      this.add(pfn, order);
    }
    this.churn(Math.floor(ops / 10));
  }

  /**
   * `ops` operations; returns how many requests failed. The driver's state is in locals and its random numbers are
   * inlined, so that only the allocator is timed.
   */
  churn(ops: number): number {
    const { m, livePages } = this;
    const uniform = this.mode === "mu";
    const geometric = this.mode === "mg";
    const low = Math.floor((this.pages * 7) / 10);
    const high = Math.floor((this.pages * 9) / 10);
    let { seed, live, used, hash } = this;
    let failures = 0;
    for (let k = 0; k < ops; k++) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      if (used < low || (used <= high && (seed & 1) !== 0)) {
        let order = 0;
        if (uniform) order = (((seed >>> 8) * 10) / 16777216) | 0;
        else if (geometric) {
          const v = (seed >>> 8) | 0x200;
          order = 31 - Math.clz32(v & -v);
        }
        const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, order);
        if (pfn >= 0) {
          livePages[live++] = (pfn << 4) | order;
          used += 1 << order;
          hash = Math.imul(hash ^ pfn, 0x01000193);
          continue;
        }
        failures++;
        if (live === 0) continue;
      }
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      const i = (((seed >>> 8) * live) / 16777216) | 0;
      const page = livePages[i]!;
      livePages[i] = livePages[--live]!;
      used -= 1 << (page & 15);
      freeWholePages(m, page >>> 4, page & 15);
    }
    this.seed = seed;
    this.live = live;
    this.used = used;
    this.hash = hash;
    return failures;
  }

  /** Order 0 until nothing is left, freed in order; then again, freed at random. Returns the operations done. */
  fill(): number {
    let ops = 0;
    for (let round = 0; round < 2; round++) {
      const n = this.fillUp();
      if (round === 1) this.shuffle(n);
      this.freeAll(n);
      ops += 2 * n;
    }
    return ops;
  }

  /** Order 0 until nothing is left; returns how many pages that were. */
  fillUp(): number {
    const { livePages, m } = this;
    let n = 0;
    for (; n < this.pages; n++) {
      const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
      if (pfn < 0) break;
      livePages[n] = pfn;
      this.hash = Math.imul(this.hash ^ pfn, 0x01000193);
    }
    return n;
  }

  /** The `n` pages of fillUp() in random order. */
  shuffle(n: number): void {
    const { livePages } = this;
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const t = livePages[i]!;
      livePages[i] = livePages[j]!;
      livePages[j] = t;
    }
  }

  /** Frees the `n` pages of fillUp(), in the order they are in. */
  freeAll(n: number): void {
    const { livePages, m } = this;
    for (let i = 0; i < n; i++) freeWholePages(m, livePages[i]!, 0);
  }

  get result(): number {
    return this.hash >>> 0;
  }
}
