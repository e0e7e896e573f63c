/**
 * A model of address translation in one core. Data accesses in a pattern over an area, mapped with pages of one size,
 * pass through the first-level TLB, the second-level TLB and the page walk. Counts come from a simulation with LRU
 * sets (lru-cache.ts); nanoseconds are modelled from the counts and the core's figures (cpu-tlb-data.ts). Dependent
 * accesses (pointer chase) wait for every translation; of the others, as many overlap as the core has page walkers.
 * Other users of the TLB (code, stack, a second thread) are omitted.
 */
import { InputError } from "../base/errors";
import { Random } from "../base/random";
import {
  type AccessPattern,
  addressSource,
  isDependent,
  type PatternName,
  toPattern,
} from "./access-pattern";
import { type CpuTlb, type CpuTlbName, type TlbArray, toCpuTlb } from "./cpu-tlb-data";
import { lruCache } from "./lru-cache";
import { LEAF_LEVEL, PageWalker } from "./page-walk";

export interface TlbOptions {
  /** Accesses that warm TLBs and caches, and accesses counted after them. */
  warmup?: number;
  accesses?: number;
  seed?: number;
}

const DEFAULTS = { warmup: 300_000, accesses: 300_000, seed: 1 };

export interface TlbRun {
  accesses: number;
  /** Accesses that missed the first level. */
  l1Misses: number;
  /** Those that also missed the second level: each takes a page walk. */
  walks: number;
  /** Loads of page-table entries by the walks. */
  walkLoads: number;
  /** Modelled nanoseconds of translation per access; 0 for a hit in the first level. */
  nsPerAccess: number;
}

/**
 * Runs `pattern` over `areaBytes` mapped with pages of `pageBytes`: 4 KiB, 2 MiB or 1 GiB. Throws InputError for another page size or
 * sizes outside the limits of access-pattern.ts.
 * @example
 * ```ts
 * import { runTlb } from "pageblock";
 *
 * // 8 pages of 2 MiB fit the first level: after the warm-up nothing walks.
 * const run = runTlb("haswell", 2 * 2 ** 20, 16 * 2 ** 20, "uniform", { warmup: 1000, accesses: 1000 });
 * run.walks; // => 0
 * ```
 */
export function runTlb(
  cpu: CpuTlbName | CpuTlb,
  pageBytes: number,
  areaBytes: number,
  pattern: PatternName | AccessPattern,
  options: TlbOptions = {},
): TlbRun {
  const core = toCpuTlb(cpu);
  const { warmup, accesses, seed } = { ...DEFAULTS, ...options };
  if (!Object.hasOwn(LEAF_LEVEL, pageBytes))
    throw new InputError(`tlb: pages must be ${Object.keys(LEAF_LEVEL).join(", ")} bytes: got ${pageBytes}`);
  if (!Number.isSafeInteger(accesses) || accesses < 1)
    throw new InputError(`tlb: accesses must be a whole number of at least 1: got ${accesses}`);
  if (!Number.isSafeInteger(warmup) || warmup < 0)
    throw new InputError(`tlb: warmup must be a whole number of at least 0: got ${warmup}`);
  const access = toPattern(pattern);
  const next = addressSource(access, areaBytes, new Random(seed).fork("tlb"));
  const translation = new Translation(core, pageBytes);
  const chunk = new Float64Array(4096);
  for (let done = -warmup; done < accesses; ) {
    if (done === 0) translation.forgetCounts();
    const part = chunk.subarray(0, Math.min(chunk.length, done < 0 ? -done : accesses - done));
    next(part);
    translation.run(part);
    done += part.length;
  }
  return translation.result(accesses, isDependent(access) ? 1 : core.walkers.value);
}

/** Columns of equal length, one row per page size and area. */
export interface TlbCurve {
  pageBytes: number[];
  areaBytes: number[];
  /** Misses per access, 0 to 1. */
  l1MissRate: number[];
  walkRate: number[];
  nsPerAccess: number[];
}

/**
 * Runs the pattern for every page size and every area, page sizes outermost; returns columns for a chart.
 * @example
 * ```ts
 * import { tlbCurve } from "pageblock";
 *
 * const curve = tlbCurve("zen2", [4096], [2 ** 20, 2 ** 30], "uniform", { accesses: 100 });
 * curve.areaBytes; // => [1048576, 1073741824]
 * ```
 */
export function tlbCurve(
  cpu: CpuTlbName | CpuTlb,
  pageBytes: readonly number[],
  areaBytes: readonly number[],
  pattern: PatternName | AccessPattern,
  options: TlbOptions = {},
): TlbCurve {
  const curve: TlbCurve = { pageBytes: [], areaBytes: [], l1MissRate: [], walkRate: [], nsPerAccess: [] };
  for (const page of pageBytes)
    for (const area of areaBytes) {
      const run = runTlb(cpu, page, area, pattern, options);
      curve.pageBytes.push(page);
      curve.areaBytes.push(area);
      curve.l1MissRate.push(run.l1Misses / run.accesses);
      curve.walkRate.push(run.walks / run.accesses);
      curve.nsPerAccess.push(run.nsPerAccess);
    }
  return curve;
}

/**
 * Bytes that pages of one size can cover in the first and in the second level: entries times the bytes each covers.
 * @example
 * ```ts
 * import { tlbReach } from "pageblock";
 *
 * tlbReach("haswell", 4096).l1Bytes === 64 * 4096; // => true
 * ```
 */
export function tlbReach(cpu: CpuTlbName | CpuTlb, pageBytes: number): { l1Bytes: number; l2Bytes: number } {
  const core = toCpuTlb(cpu);
  const bytes = (arrays: readonly TlbArray[]) => {
    const holder = arrays.find((a) => Object.hasOwn(a.holds, pageBytes));
    return holder === undefined ? 0 : holder.entries * holder.holds[pageBytes]!;
  };
  return { l1Bytes: bytes(core.l1), l2Bytes: bytes(core.l2) };
}

class Translation {
  private readonly l1: Level;
  private readonly l2: Level;
  private readonly walker: PageWalker;
  private readonly secondLevelNs: number;
  private l1Misses: number;
  private walks: number;
  private walkNs: number;

  constructor(core: CpuTlb, pageBytes: number) {
    this.l1 = levelFor(core.l1, pageBytes);
    this.l2 = levelFor(core.l2, pageBytes);
    this.walker = new PageWalker(core, LEAF_LEVEL[pageBytes]!);
    this.secondLevelNs = core.secondLevelCycles.value / core.clockGHz.value;
    this.l1Misses = 0;
    this.walks = 0;
    this.walkNs = 0;
  }

  forgetCounts(): void {
    this.l1Misses = 0;
    this.walks = 0;
    this.walkNs = 0;
    this.walker.loads = 0;
  }

  run(addresses: Float64Array): void {
    const { l1, l2, walker } = this;
    let misses = 0;
    let walks = 0;
    let ns = 0;
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[i]!;
      if (l1.cache?.touch((address * l1.perByte) | 0)) continue;
      misses++;
      if (l2.cache?.touch((address * l2.perByte) | 0)) continue;
      walks++;
      ns += walker.walk(address);
    }
    this.l1Misses += misses;
    this.walks += walks;
    this.walkNs += ns;
  }

  result(accesses: number, overlap: number): TlbRun {
    // If the second level does not hold the page size, the core walks at once.
    const looked = this.l2.cache === undefined ? 0 : this.l1Misses;
    return {
      accesses,
      l1Misses: this.l1Misses,
      walks: this.walks,
      walkLoads: this.walker.loads,
      nsPerAccess: (looked * this.secondLevelNs + this.walkNs) / overlap / accesses,
    };
  }
}

/** The array of a level that holds the page size, and its granules per byte. */
interface Level {
  cache: ReturnType<typeof lruCache> | undefined;
  perByte: number;
}

function levelFor(arrays: readonly TlbArray[], pageBytes: number): Level {
  const holder = arrays.find((a) => Object.hasOwn(a.holds, pageBytes));
  return holder === undefined
    ? { cache: undefined, perByte: 0 }
    : { cache: lruCache(holder.entries, holder.ways), perByte: 1 / holder.holds[pageBytes]! };
}
