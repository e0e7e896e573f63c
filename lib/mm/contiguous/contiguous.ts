/**
 * Contiguous memory for callers: CMA areas, alloc_contig_range(), alloc_contig_pages() and find_alloc_contig_pages()
 * of the 2018 proposal. A failed request returns a result that can explain itself; an invalid argument throws.
 */
import { GRANTED, type Granted, type Refused } from "../../base/answer";
import { InputError } from "../../base/errors";
import type { KernelRelease } from "../../hardware/kernel-release";
import { cmaAllocFailed } from "../boot/cma-messages";
import {
  type DmaContigAllocation,
  type DmaContigOptions,
  type DmaContigResult,
  dmaAllocContiguous,
  dmaFreeContiguous,
} from "../boot/dma-contiguous";
import { validateCma } from "../reports/validate-cma";
import { closestRelease } from "../state/closest-release";
import { GFP_KERNEL } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../state/migratetype";
import type { OwnerKind } from "../state/owners";
import { ALLOCATED, BLOCK_MT } from "../state/page-state";
import { CmaArea, cmaAlloc, cmaRelease } from "./cma-area";
import {
  type ContigFailureReport,
  explainContigFailure,
  type FailedRange,
  failedRange,
  nearestMiss,
} from "./contig-failure";
import { allocContigPages, CHECK_OF_2018, freeContigRange, type RangeCheck } from "./contig-pages";
import { allocContigRange, type ContigContext, run } from "./contig-range";
import type { ContigStopwatch } from "./contig-timeline";
import { type MigrationStats, type MigrationWorld, ownersWorld } from "./migrate";
import { EBUSY, ENOMEM } from "./page-isolation";

/** Allocated pages: frames [pfn, pfn + count). */
export interface ContigAllocation extends MigrationStats, Granted {
  pfn: number;
  count: number;
  /** Ranges tried before this one, each with its blocking pages. */
  busyRanges: readonly FailedRange[];
}

/**
 * A failed request. `reason`: a few lines. It and `details` are built when they are read, because a search can fail
 * on hundreds of ranges.
 */
export interface FailedContigRequest extends MigrationStats, Refused {
  readonly details: ContigFailureReport & { nearestMiss: FailedRange | null };
  count: number;
  busyRanges: readonly FailedRange[];
  /** The kernel's own message; empty if it fails silently. */
  messages: readonly string[];
  nearestMiss: FailedRange | null;
}

export type ContigResult = ContigAllocation | FailedContigRequest;

/** Options of a request. */
export interface ContigOptions {
  /** The kind that the pages become; default `driver`. */
  owner?: OwnerKind;
  /** Decides whether pages move; default: the owners recorded in the machine. */
  world?: MigrationWorld;
  /** alloc_contig_pages(): the preferred node (with __GFP_THISNODE: the only one); default the first. */
  nid?: number;
  /** alloc_contig_pages(): which ranges are tried; default: those that this kernel tries. */
  check?: RangeCheck | undefined;
  /** Records the modelled time by step; without it nothing is observed. */
  stopwatch?: ContigStopwatch | undefined;
}

/**
 *
 * @example
 * ```ts
 * import { Contiguous, machine } from "pageblock";
 *
 * const booted = machine("qemu-virt").memory("512MiB").cma("64MiB").boot();
 * const contiguous = new Contiguous(booted.start().memory, booted.contiguousAreas());
 * const got = contiguous.cmaAlloc(4096); // 16 MiB of 4 KiB pages
 * got.ok; // => true
 * ```
 */
export class Contiguous {
  readonly memory: Memory;
  /** The areas in order of declaration. */
  readonly areas: CmaArea[];

  /** The release whose wording the messages have. */
  readonly release: KernelRelease;

  /** `areas`: default every run of CMA page blocks. `release`: default the one with the closest switches. */
  constructor(
    memory: Memory,
    areas: CmaArea[] = areasOf(memory),
    release: KernelRelease = closestRelease(memory.sw),
  ) {
    this.memory = memory;
    this.release = release;
    this.areas = areas;
  }

  private context(options: ContigOptions, kind: OwnerKind): { cx: ContigContext; ranges: FailedRange[] } {
    const { memory: m } = this;
    const ranges: FailedRange[] = [];
    const stats: MigrationStats = { migrated: 0, failedAttempts: 0, dropped: 0 };
    const watch = options.stopwatch?.observer(stats);
    let start = 0;
    let end = 0;
    const cx: ContigContext = {
      m,
      world: options.world ?? ownersWorld(m),
      seen: {
        ...watch,
        rangeBegin: (from, to) => {
          start = from;
          end = to;
          watch?.rangeBegin?.(from, to);
        },
      },
      kind,
      stats,
      failed: (failure) => ranges.push(failedRange(m, start, end, failure)),
    };
    return { cx, ranges };
  }

  /**
   * cma_alloc(): `count` pages aligned to 2^`align` pages, from area `area` (its index, default 0). A count of 0
   * fails silently; −22 is our errno for it, the kernel's caller gets NULL.
   */
  cmaAlloc(count: number, align = 0, area = 0, options: ContigOptions = {}): ContigResult {
    const from = this.area(area);
    wholePages("cma_alloc", count, 0);
    if (!Number.isInteger(align) || align < 0 || align > 20)
      throw new InputError(`cma_alloc: align must be an order from 0 to 20: got ${align}`);
    const { cx, ranges } = this.context(options, "cmaBuffer");
    const { pfn, errno, silent } = run(cmaAlloc(cx, from, count, align));
    this.charge(cx);
    const reason =
      count === 0
        ? "A request for 0 pages gets none."
        : count > from.count
          ? `The area ${from.name} has ${from.count} pages in all.`
          : `The area ${from.name} has no free run of ${count} pages with that alignment: ${from.used} of ${from.count} pages are taken by CMA users.`;
    const messages = silent ? [] : [cmaAllocFailed(this.release, from.name, count, errno)];
    const request = `cma_alloc of ${count} pages, align ${align}`;
    return result(cx, { pfn, count, errno, ranges }, { request, reason, messages });
  }

  /**
   * dma_alloc_contiguous() (dma_alloc_from_contiguous() in 4.17) and the fallback of dma_direct_alloc_pages():
   * `bytes` for a device, rounded up to whole pages. More than one page comes from area `area`, aligned to order
   * min(get_order(bytes), CONFIG_CMA_ALIGNMENT). Single pages, and requests the area has no room for, come from the
   * buddy allocator, which keeps the 2^order pages together. `fromArea` tells which.
   */
  dmaAllocContiguous(bytes: number, pageSize: number, options: DmaContigOptions = {}): DmaContigResult {
    return dmaAllocContiguous(this, bytes, pageSize, options);
  }

  /** dma_free_contiguous(): returns pages from dmaAllocContiguous() to where they came from. */
  dmaFreeContiguous(got: DmaContigAllocation): void {
    dmaFreeContiguous(this, got);
  }

  /** Counts a request's migrations in /proc/vmstat. */
  private charge({ stats }: ContigContext): void {
    this.memory.counters.pgmigrate_success += stats.migrated;
    this.memory.counters.pgmigrate_fail += stats.failedAttempts;
  }

  /** cma_release(). */
  cmaRelease(pfn: number, count: number): void {
    const area = this.areas.find((a) => a.holds(pfn, count));
    if (area === undefined)
      throw new InputError(`cma_release: pages ${pfn} to ${pfn + count - 1} are not in any area`);
    cmaRelease({ m: this.memory, seen: {} }, area, pfn, count);
  }

  /** alloc_contig_range() for [start, end); `mt`, MOVABLE or CMA, is the type restored to its blocks. */
  allocContigRange(
    start: number,
    end: number,
    mt = MIGRATE_MOVABLE,
    options: ContigOptions = {},
  ): ContigResult {
    const zone = this.memory.zoneOf(start);
    if (
      zone === undefined ||
      end <= start ||
      !zone.pieces.some((p) => start >= p.startPfn && end <= p.endPfn)
    )
      throw new InputError(`alloc_contig_range: frames ${start} to ${end - 1} must be in one zone`);
    const { cx, ranges } = this.context(options, options.owner ?? "driver");
    const errno = run(allocContigRange(cx, zone, start, end, mt));
    this.charge(cx);
    const pfn = errno === 0 ? start : -1;
    const request = `alloc_contig_range of ${end - start} pages`;
    return result(cx, { pfn, count: end - start, errno, ranges }, { request, reason: "" });
  }

  /**
   * alloc_contig_pages(): the first range that succeeds, in steps of `count` pages through the zones the request may
   * use.
   */
  allocContigPages(count: number, gfp: number = GFP_KERNEL, options: ContigOptions = {}): ContigResult {
    wholePages("alloc_contig_pages", count);
    const { memory: m } = this;
    const { cx, ranges } = this.context(options, options.owner ?? "driver");
    const { pgmigrate_success, pgmigrate_fail } = m.counters;
    const pfn = allocContigPages(m, {
      pages: count,
      gfp,
      ...(options.nid !== undefined && { nid: options.nid }),
      kind: cx.kind,
      world: cx.world,
      check: options.check,
      dropped: (pages) => {
        cx.stats.dropped += pages;
      },
      watch: options.stopwatch === undefined ? undefined : (stats) => options.stopwatch!.observer(stats),
      tried: ({ start, failure }) => {
        ranges.push(failedRange(m, start, start + count, failure ?? { errno: EBUSY, step: "test", pfn: -1 }));
      },
    });
    cx.stats.migrated = m.counters.pgmigrate_success - pgmigrate_success;
    cx.stats.failedAttempts = m.counters.pgmigrate_fail - pgmigrate_fail;
    const inUse = (options.check?.refusesInUse ?? m.sw.contigInUse === "refused") ? ", and none in use" : "";
    const reason = `No zone has ${count} consecutive pages without reserved memory or huge pages${inUse}.`;
    const errno = pfn >= 0 ? 0 : ranges.length > 0 ? EBUSY : ENOMEM;
    const request = `alloc_contig_pages of ${count} pages`;
    return result(cx, { pfn, count, errno, ranges }, { request, reason });
  }

  /**
   * find_alloc_contig_pages() of the 2018 proposal: 2^order pages. It is the search of the merged version, but moves
   * pages out of the way on every release.
   */
  findAllocContigPages(order: number, gfp?: number, options: ContigOptions = {}): ContigResult {
    if (!Number.isInteger(order) || order < 0 || order > 30)
      throw new InputError(
        `find_alloc_contig_pages: order must be a whole number from 0 to 30: got ${order}`,
      );
    return this.allocContigPages(1 << order, gfp, { check: CHECK_OF_2018, ...options });
  }

  /** free_contig_range(): page by page, ascending. */
  freeContigRange(pfn: number, count: number): void {
    const { state } = this.memory;
    for (let p = pfn; p < pfn + count; p++) {
      if (state[p]! < ALLOCATED && this.memory.freePlaceOf(p) !== undefined)
        throw new InputError(`free_contig_range: frame ${p} is free already`);
    }
    freeContigRange(this.memory, pfn, count);
  }

  /** Broken laws of the areas, in words; empty if all hold. */
  validate(): string[] {
    return validateCma(this.memory, this.areas);
  }

  private area(index: number): CmaArea {
    const area = this.areas[index];
    if (area === undefined)
      throw new InputError(`cma_alloc: there is no area ${index}: the machine has ${this.areas.length}`);
    return area;
  }
}

function wholePages(what: string, count: number, least = 1): void {
  if (!Number.isInteger(count) || count < least)
    throw new InputError(`${what}: count must be a whole number of pages, at least ${least}: got ${count}`);
}

/**
 * Runs of CMA page blocks, one area each, with their names where `nameAt` knows the first frame; pages in use there that are
 * not movable count as taken.
 */
export function areasOf(m: Memory, nameAt: (pfn: number) => string | undefined = () => undefined): CmaArea[] {
  const areas: CmaArea[] = [];
  const isCma = (p: number) => (m.blocks[p >>> m.pageblockOrder]! & BLOCK_MT) === MIGRATE_CMA;
  for (const zone of m.zones.flatMap((z) => z.pieces)) {
    for (let p = Math.ceil(zone.startPfn / m.pageblockPages) * m.pageblockPages; p < zone.endPfn; ) {
      let end = p;
      while (end < zone.endPfn && isCma(end)) end += m.pageblockPages;
      if (end > p)
        areas.push(new CmaArea(nameAt(p) ?? `cma${areas.length}`, p, Math.min(end, zone.endPfn) - p));
      p = end > p ? end : p + m.pageblockPages;
    }
  }
  for (const area of areas) area.markUsed(m);
  return areas;
}

/** Result of a request: `ranges` are those that failed. */
interface Outcome {
  pfn: number;
  count: number;
  errno: number;
  ranges: FailedRange[];
}

/** Explains a failed request: what was requested, and the reason if no range was tried. */
interface Words {
  request: string;
  reason: string;
  messages?: readonly string[];
}

function result(cx: ContigContext, outcome: Outcome, words: Words): ContigResult {
  const { pfn, count, errno, ranges: busyRanges } = outcome;
  const { request, reason, messages = [] } = words;
  if (errno === 0) return { ...GRANTED, pfn, count, busyRanges, ...cx.stats };
  const report: ContigFailureReport = { request, errno, ranges: busyRanges, reason };
  const miss = nearestMiss(busyRanges);
  return {
    ok: false,
    errno,
    get reason() {
      return explainContigFailure(report);
    },
    get details() {
      return { ...report, nearestMiss: miss };
    },
    count,
    busyRanges,
    messages,
    nearestMiss: miss,
    ...cx.stats,
  };
}
