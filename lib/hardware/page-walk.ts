/**
 * A page walk over four levels of 512 entries (x86-64 and arm64 with 4 KiB pages), its page-walk caches and the
 * caches that serve its loads. A page-walk cache that holds an upper entry saves the loads above it. A load hits the
 * core's L2 cache, its part of the last level, or DRAM; the core's figures state the share of the caches that page
 * tables hold. Modelled, not measured.
 */
import { GiB, KiB, MiB } from "../base/units";
import type { CpuTlb } from "./cpu-tlb-data";
import { type LruCache, lruCache } from "./lru-cache";

/** Bytes that one entry of a level maps: page table, directory, directory pointers, top. */
const COVERS = [4 * KiB, 2 * MiB, GiB, 512 * GiB] as const;

/** Page sizes, and the level whose entry maps such a page. */
export const LEAF_LEVEL: Readonly<Record<number, number>> = { [4 * KiB]: 0, [2 * MiB]: 1, [GiB]: 2 };

const LINE = 64;
const ENTRIES_PER_LINE = 8;
/** First cache tag of each level's lines: below 4 TiB no level extends into the next. */
const FIRST_LINE = [0, 2 ** 27, 2 ** 27 + 2 ** 18, 2 ** 27 + 2 ** 18 + 2 ** 9] as const;

/** Ways of the page-walk caches and of the page tables' share of the caches: modelling choices. */
const WALK_CACHE_WAYS = 4;
const L2_WAYS = 8;
const LLC_WAYS = 8;

/** Entries and lines of entries per byte of address: multiplication is much faster than division. */
const ENTRIES_PER_BYTE = COVERS.map((bytes) => 1 / bytes);
const LINES_PER_BYTE = COVERS.map((bytes) => 1 / (bytes * ENTRIES_PER_LINE));

export class PageWalker {
  /** Loads so far. */
  loads: number;
  private readonly leaf: number;
  /** By level; undefined at and below the leaf. */
  private readonly caches: (LruCache | undefined)[];
  private readonly l2: LruCache;
  private readonly llc: LruCache;
  private readonly walkNs: number;
  private readonly l2Ns: number;
  private readonly llcNs: number;
  private readonly dramNs: number;

  /** `leaf`: the level whose entries map the pages, from LEAF_LEVEL. */
  constructor(cpu: CpuTlb, leaf: number) {
    this.loads = 0;
    this.leaf = leaf;
    const entries = [0, cpu.pdeEntries.value, cpu.pdpteEntries.value, cpu.pml4eEntries.value];
    this.caches = entries.map((n, level) =>
      level > leaf ? lruCache(n, Math.min(n, WALK_CACHE_WAYS)) : undefined,
    );
    this.l2 = linesOf(cpu.tableInL2Bytes.value, L2_WAYS);
    this.llc = linesOf(cpu.tableInLlcBytes.value, LLC_WAYS);
    this.walkNs = cpu.walkCycles.value / cpu.clockGHz.value;
    this.l2Ns = cpu.l2LoadCycles.value / cpu.clockGHz.value;
    this.llcNs = cpu.llcLoadNs.value;
    this.dramNs = cpu.dramLoadNs.value;
  }

  /** Nanoseconds of the walk for `address`, bytes from the start of an aligned area below 4 TiB. */
  walk(address: number): number {
    let level = this.leaf + 1;
    while (level < 4 && !this.caches[level]!.touch((address * ENTRIES_PER_BYTE[level]!) | 0)) level++;
    let ns = this.walkNs;
    for (level--; level >= this.leaf; level--) {
      this.loads++;
      const line = FIRST_LINE[level]! + ((address * LINES_PER_BYTE[level]!) | 0);
      const inL2 = this.l2.touch(line);
      // Only L2 misses reach the last level.
      ns += inL2 ? this.l2Ns : this.llc.touch(line) ? this.llcNs : this.dramNs;
    }
    return ns;
  }
}

function linesOf(bytes: number, ways: number): LruCache {
  return lruCache(Math.floor(bytes / LINE / ways) * ways, ways);
}
