/**
 * A contiguous memory area (mm/cma.c): a bitmap with one bit for 2^orderPerBit pages, first fit with an alignment mask, and
 * alloc_contig_range() on what the bitmap offers, one step further after every −EBUSY.
 */
import { InputError } from "../base/errors";
import { allocContigRange, type ContigContext } from "./contig-range";
import type { Memory } from "./memory";
import { MIGRATE_CMA } from "./migratetype";
import { inUse, isMovablePage } from "./owners";
import { freePages } from "./page-alloc";
import { EBUSY, EINVAL, ENOMEM } from "./page-isolation";

/** What cma_alloc() came to. */
export interface CmaResult {
  /** First frame, or −1. */
  pfn: number;
  /** 0 or the kernel's error. */
  errno: number;
  /** Ranges that were busy. */
  busyRetries: number;
}

export class CmaArea {
  readonly name: string;
  readonly basePfn: number;
  /** Pages. */
  readonly count: number;
  readonly orderPerBit: number;
  /** One byte a bit: 1 is allocated. */
  readonly bitmap: Uint8Array;

  constructor(name: string, basePfn: number, count: number, orderPerBit = 0) {
    if (count % 2 ** orderPerBit !== 0 || count <= 0)
      throw new InputError(
        `CMA area ${name}: its size must be a multiple of ${2 ** orderPerBit} pages (order_per_bit ${orderPerBit}): got ${count}`,
      );
    this.name = name;
    this.basePfn = basePfn;
    this.count = count;
    this.orderPerBit = orderPerBit;
    this.bitmap = new Uint8Array(count >>> orderPerBit);
  }

  /** Pages allocated, as the bitmap counts them. */
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

/**
 * cma_alloc(): `count` pages aligned to 2^align. −ENOMEM: no room in the bitmap at the first look, or no target for a
 * migration; −EBUSY: ranges were there, and each held a page that would not move. Since 6.19 an area that is merely full
 * says −EBUSY too.
 */
export function* cmaAlloc(
  cx: ContigContext,
  area: CmaArea,
  count: number,
  align: number,
  tried?: (pfn: number, errno: number) => void,
): Generator<void, CmaResult> {
  const { m, seen } = cx;
  let errno = m.sw.isolateBit ? EBUSY : ENOMEM;
  if (count === 0) return { pfn: -1, errno: EINVAL, busyRetries: 0 };
  const { mask, offset } = area.alignment(align);
  const bits = Math.ceil(count / 2 ** area.orderPerBit);
  const zone = m.zoneOf(area.basePfn)!;
  let busyRetries = 0;
  let pfn = -1;
  if (bits > area.bitmap.length) return { pfn, errno, busyRetries };
  for (let start = 0; ; ) {
    const bit = area.findZeroArea(start, bits, mask, offset);
    if (bit < 0) break;
    const first = area.basePfn + bit * 2 ** area.orderPerBit;
    area.mark(first, count, 1);
    errno = yield* allocContigRange(cx, zone, first, first + count, MIGRATE_CMA);
    if (errno === 0) {
      pfn = first;
      break;
    }
    tried?.(first, errno);
    area.mark(first, count, 0);
    if (errno !== EBUSY) break;
    busyRetries++;
    seen.busyRetry?.(first, count);
    start = bit + mask + 1;
  }
  seen.finish?.(pfn, count);
  yield;
  return { pfn, errno, busyRetries };
}

/** cma_release(): page by page, ascending, through the per-CPU lists. Throws where the pages are not the area's. */
export function cmaRelease(
  cx: Pick<ContigContext, "m" | "seen">,
  area: CmaArea,
  pfn: number,
  count: number,
): void {
  if (!area.holds(pfn, count))
    throw new InputError(
      `cma_release: pages ${pfn} to ${pfn + count - 1} must lie in the area, ${area.basePfn} to ${area.basePfn + area.count - 1}`,
    );
  for (let p = pfn; p < pfn + count; p++)
    if (area.bitmap[(p - area.basePfn) >>> area.orderPerBit] === 0)
      throw new InputError(`cma_release: page ${p} is not allocated from area ${area.name}`);
  for (let p = pfn; p < pfn + count; p++) {
    cx.seen.free?.(p, 0);
    freePages(cx.m, p, 0);
  }
  area.mark(pfn, count, 0);
}
