/**
 * A contiguous memory area (mm/cma.c): a bitmap with one bit per 2^orderPerBit pages, first fit with an alignment
 * mask, and alloc_contig_range() on the range found, one step further after every −EBUSY. Since 6.15 an area can have
 * up to 8 ranges, each with its own bitmap.
 */
import { InputError } from "../../base/errors";
import { freePages } from "../allocation/page-alloc";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA } from "../state/migratetype";
import { inUse, isMovablePage } from "../state/owners";
import { allocContigRange, type ContigContext } from "./contig-range";
import { freeSingles } from "./free-singles";
import { EBUSY, EINVAL, ENOMEM } from "./page-isolation";

/** Result of cma_alloc(). */
export interface CmaResult {
  /** First frame, or −1. */
  pfn: number;
  /** 0 or the kernel's error. */
  errno: number;
  /** Number of busy ranges. */
  busyRetries: number;
  /** The kernel gave up without logging a line. */
  silent: boolean;
}

/** CMA_MAX_RANGES. */
export const CMA_MAX_RANGES = 8;

/** One range of an area: struct cma_memrange. Before 6.15 an area is one range. */
export class CmaRange {
  readonly basePfn: number;
  /** Pages. */
  readonly count: number;
  readonly orderPerBit: number;
  /** One byte per bit: 1 is allocated. */
  readonly bitmap: Uint8Array;

  constructor(name: string, basePfn: number, count: number, orderPerBit: number) {
    if (count % 2 ** orderPerBit !== 0 || count <= 0)
      throw new InputError(
        `CMA area ${name}: its size must be a multiple of ${2 ** orderPerBit} pages (order_per_bit ${orderPerBit}): got ${count}`,
      );
    this.basePfn = basePfn;
    this.count = count;
    this.orderPerBit = orderPerBit;
    this.bitmap = new Uint8Array(count >>> orderPerBit);
  }

  /** Allocated pages, as counted by the bitmap. */
  get used(): number {
    let bits = 0;
    for (const bit of this.bitmap) bits += bit;
    return bits << this.orderPerBit;
  }

  holds(pfn: number, count = 1): boolean {
    return pfn >= this.basePfn && pfn + count <= this.basePfn + this.count;
  }

  /** Takes what is in use in the area and not movable as allocated from it: a machine whose past is not known. */
  markUsed(m: Memory): void {
    for (let p = this.basePfn; p < this.basePfn + this.count; p++) {
      const place = m.freePlaceOf(p);
      if (place !== undefined) p = place.head + 2 ** place.order - 1;
      else if (inUse(m, p) && !isMovablePage(m, m.headOf(p))) this.mark(p, 1, 1);
    }
  }

  private bits(count: number): number {
    return Math.ceil(count / 2 ** this.orderPerBit);
  }

  mark(pfn: number, count: number, value: 0 | 1): void {
    const first = (pfn - this.basePfn) >>> this.orderPerBit;
    this.bitmap.fill(value, first, first + this.bits(count));
  }

  /** bitmap_find_next_zero_area_off(): the first bit at or after `from` with `bits` clear ones, or −1. */
  findZeroArea(from: number, bits: number, mask: number, offset: number): number {
    const { bitmap } = this;
    for (let start = from; ; ) {
      let at = bitmap.indexOf(0, start);
      if (at < 0) return -1;
      at = Math.ceil((at + offset) / (mask + 1)) * (mask + 1) - offset;
      if (at + bits > bitmap.length) return -1;
      const used = bitmap.indexOf(1, at);
      if (used < 0 || used >= at + bits) return at;
      start = used + 1;
    }
  }

  /** Mask and offset in bits for an alignment of 2^align pages. */
  alignment(align: number): { mask: number; offset: number } {
    if (align <= this.orderPerBit) return { mask: 0, offset: 0 };
    return {
      mask: 2 ** (align - this.orderPerBit) - 1,
      offset: (this.basePfn % 2 ** align) >>> this.orderPerBit,
    };
  }
}

/** Position and size of a range of an area, in pages. */
export interface CmaPlace {
  basePfn: number;
  count: number;
}

/**
 * A CMA area. Conservation, in pages: `available` = `count` − `used`.
 * @example
 * ```ts
 * import { CmaArea } from "pageblock";
 *
 * const area = new CmaArea("camera", 0x40000, 16384);
 * area.available; // => 16384
 * ```
 */
export class CmaArea {
  readonly name: string;
  /** Ascending; at most 8. */
  readonly ranges: readonly CmaRange[];
  readonly orderPerBit: number;

  /** One range of `count` pages from `basePfn`. */
  constructor(name: string, basePfn: number, count: number, orderPerBit?: number);
  /** Several ranges. */
  constructor(name: string, ranges: readonly CmaPlace[], orderPerBit?: number);
  constructor(name: string, where: number | readonly CmaPlace[], second = 0, third = 0) {
    const places = typeof where === "number" ? [{ basePfn: where, count: second }] : where;
    this.orderPerBit = typeof where === "number" ? third : second;
    if (places.length < 1 || places.length > CMA_MAX_RANGES)
      throw new InputError(`CMA area ${name}: must have 1 to ${CMA_MAX_RANGES} ranges: got ${places.length}`);
    this.name = name;
    this.ranges = places.map((p) => new CmaRange(name, p.basePfn, p.count, this.orderPerBit));
  }

  /** First frame of the first range. */
  get basePfn(): number {
    return this.ranges[0]!.basePfn;
  }

  /** Pages of all ranges. */
  get count(): number {
    return this.ranges.reduce((n, r) => n + r.count, 0);
  }

  /** The bitmap of the first range. */
  get bitmap(): Uint8Array {
    return this.ranges[0]!.bitmap;
  }

  /** Allocated pages, as counted by the bitmaps. */
  get used(): number {
    return this.ranges.reduce((n, r) => n + r.used, 0);
  }

  /** available_count: pages not allocated. */
  get available(): number {
    return this.count - this.used;
  }

  /** Sets the bits of pages in one of its ranges. */
  mark(pfn: number, count: number, value: 0 | 1): void {
    this.rangeOf(pfn)?.mark(pfn, count, value);
  }

  /** The range that contains all of these pages. */
  rangeOf(pfn: number, count = 1): CmaRange | undefined {
    return this.ranges.find((r) => r.holds(pfn, count));
  }

  holds(pfn: number, count = 1): boolean {
    return this.rangeOf(pfn, count) !== undefined;
  }

  /** Takes what is in use in the area and not movable as allocated from it: a machine whose past is not known. */
  markUsed(m: Memory): void {
    for (const range of this.ranges) range.markUsed(m);
  }
}

/**
 * cma_alloc(): `count` pages aligned to 2^align. −ENOMEM: no room in the bitmap at the first search, or no target for
 * a migration. −EBUSY: there were ranges, but each held a page that did not move. Since 6.15 (6.19 here) the ranges
 * of an area are tried in turn while the area has that many pages left, and an area that is merely full also returns
 * −EBUSY.
 */
export function* cmaAlloc(
  cx: ContigContext,
  area: CmaArea,
  count: number,
  align: number,
  tried?: (pfn: number, errno: number) => void,
): Generator<void, CmaResult> {
  const result: CmaResult = {
    pfn: -1,
    errno: cx.m.sw.cmaRanges ? EBUSY : ENOMEM,
    busyRetries: 0,
    silent: false,
  };
  // The kernel's caller only gets NULL; the errno is ours.
  if (count === 0) return { ...result, errno: EINVAL, silent: true };
  // Earlier kernels give up here without a message and without their trace point.
  if (!cx.m.sw.cmaRanges && Math.ceil(count / 2 ** area.orderPerBit) > area.bitmap.length)
    return { ...result, silent: true };
  for (const range of area.ranges) {
    yield* cmaRangeAlloc(cx, range, { area, count, align, tried }, result);
    if (result.errno !== EBUSY) break;
  }
  cx.seen.finish?.(result.pfn, count);
  yield;
  return result;
}

/** A request to cma_alloc(). */
interface CmaRequest {
  area: CmaArea;
  count: number;
  align: number;
  tried: ((pfn: number, errno: number) => void) | undefined;
}

/** cma_range_alloc(), or the loop of cma_alloc() before areas had ranges; stores the outcome in `result`. */
function* cmaRangeAlloc(
  cx: ContigContext,
  range: CmaRange,
  { area, count, align, tried }: CmaRequest,
  result: CmaResult,
): Generator<void, void> {
  const { m, seen } = cx;
  const { mask, offset } = range.alignment(align);
  const bits = Math.ceil(count / 2 ** range.orderPerBit);
  if (bits > range.bitmap.length) return;
  const zone = m.zoneOf(range.basePfn)!;
  for (let start = 0; ; ) {
    if (m.sw.cmaRanges && count > area.available) return;
    const bit = range.findZeroArea(start, bits, mask, offset);
    if (bit < 0) return;
    const first = range.basePfn + bit * 2 ** range.orderPerBit;
    range.mark(first, count, 1);
    result.errno = yield* allocContigRange(cx, zone, first, first + count, MIGRATE_CMA);
    if (result.errno === 0) {
      result.pfn = first;
      return;
    }
    tried?.(first, result.errno);
    range.mark(first, count, 0);
    if (result.errno !== EBUSY) return;
    result.busyRetries++;
    seen.busyRetry?.(first, count);
    start = bit + mask + 1;
  }
}

/**
 * cma_release(): frees page by page, ascending, through the per-CPU lists. Throws if the pages are not in the area
 * (the kernel returns false) or not allocated.
 */
export function cmaRelease(
  cx: Pick<ContigContext, "m" | "seen">,
  area: CmaArea,
  pfn: number,
  count: number,
): void {
  const range = area.rangeOf(pfn, count);
  if (range === undefined) {
    const places = area.ranges.map((r) => `${r.basePfn} to ${r.basePfn + r.count - 1}`);
    throw new InputError(
      `cma_release: pages ${pfn} to ${pfn + count - 1} must be in the area, ${places.join(", ")}`,
    );
  }
  for (let p = pfn; p < pfn + count; p++)
    if (range.bitmap[(p - range.basePfn) >>> range.orderPerBit] === 0)
      throw new InputError(`cma_release: page ${p} is not allocated from area ${area.name}`);
  if (cx.seen.free === undefined) freeSingles(cx.m, pfn, count);
  else
    for (let p = pfn; p < pfn + count; p++) {
      cx.seen.free(p, 0);
      freePages(cx.m, p, 0);
    }
  range.mark(pfn, count, 0);
}
