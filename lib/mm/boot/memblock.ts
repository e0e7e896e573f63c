/**
 * memblock, the allocator of early boot: it records memory and reservations, and finds the first fit of an aligned
 * range from the top or from the bottom. mm/memblock.c, the same rules in every modelled release. A node is an
 * address range that a search can be confined to; mirrored memory is not modelled.
 *
 * Invariant: both lists are sorted, their ranges do not overlap and do not touch. Addresses are bytes below 2^53.
 */
import { roundDown, roundUp } from "../../base/alignment";

/** Physical addresses [start, end). */
export interface PhysicalRange {
  start: number;
  end: number;
}

export type Direction = "top-down" | "bottom-up";

/** A reservation with the name of its owner, for explanations. */
export interface Claim extends PhysicalRange {
  what: string;
}

const ANYWHERE: PhysicalRange = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** The search range of an allocation for a node. */
export interface NodePlace {
  node: PhysicalRange;
  /** Lowest address of the first attempt; default 0. */
  minAddress?: number;
  /** Only in this node; default false. */
  exact?: boolean;
}

export class Memblock {
  readonly memory: PhysicalRange[] = [];
  readonly reserved: PhysicalRange[] = [];
  /** Owners of the reserved ranges, in order of reservation; adjacent ranges with one name form one claim. */
  readonly claims: Claim[] = [];
  /** MEMBLOCK_HOTPLUG with movable_node: nothing is allocated there (should_skip_region()). */
  hotpluggable: PhysicalRange[] = [];
  /** memblock_find_in_range_node() never returns the first page. */
  readonly pageSize: number;
  /** Where high memory starts, which the kernel does not map: allocations for itself stay below. Default: nowhere. */
  highmemStart = Number.MAX_SAFE_INTEGER;
  /** The direction of a search that names none: memblock_set_bottom_up(). */
  direction: Direction = "top-down";
  /** Digits of an address in the kernel's messages. */
  addressDigits = 16;

  constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  /** memblock_add(): more memory. */
  add(start: number, end: number): void {
    insert(this.memory, start, end);
  }

  /** memblock_remove(): memory the kernel never sees, such as a firmware carve-out. */
  remove(start: number, end: number): void {
    cut(this.memory, start, end);
  }

  /** memblock_reserve(): overlaps with earlier reservations merge, as in the kernel. */
  reserve(what: string, start: number, bytes: number): void {
    if (bytes <= 0) return;
    const end = start + bytes;
    insert(this.reserved, start, end);
    const last = this.claims[this.claims.length - 1];
    if (last?.what === what && last.start === end) last.start = start;
    else if (last?.what === what && last.end === start) last.end = end;
    else this.claims.push({ what, start, end });
  }

  /** memblock_phys_free(): releases a reservation. */
  free(start: number, bytes: number): void {
    cut(this.reserved, start, start + bytes);
    cut(this.claims, start, start + bytes);
  }

  /** memblock_is_region_reserved(): whether any byte of the range is reserved. */
  isRegionReserved(start: number, bytes: number): boolean {
    return this.reserved.some((r) => start < r.end && r.start < start + bytes);
  }

  /** memblock_start_of_DRAM(); 0 without memory. */
  startOfDram(): number {
    return this.memory[0]?.start ?? 0;
  }

  /** memblock_end_of_DRAM(); 0 without memory. */
  endOfDram(): number {
    return this.memory[this.memory.length - 1]?.end ?? 0;
  }

  /** Bytes of memory, without holes. */
  totalBytes(): number {
    return this.memory.reduce((sum, r) => sum + r.end - r.start, 0);
  }

  /** for_each_free_mem_range(): memory that is not reserved, ascending. */
  freeRanges(): PhysicalRange[] {
    const free: PhysicalRange[] = [];
    let next = 0;
    for (const { start, end } of this.memory) {
      let from = start;
      while (next < this.reserved.length && this.reserved[next]!.end <= from) next++;
      for (let i = next; i < this.reserved.length && this.reserved[i]!.start < end; i++) {
        if (this.reserved[i]!.start > from) free.push({ start: from, end: this.reserved[i]!.start });
        from = Math.max(from, this.reserved[i]!.end);
      }
      if (from < end) free.push({ start: from, end });
    }
    return free;
  }

  /**
   * memblock_find_in_range_node(): the start of `bytes` free bytes aligned to `align` in [start, end), or undefined.
   * Top-down takes the highest free range that fits, bottom-up the lowest.
   */
  findInRange(
    bytes: number,
    align: number,
    start: number,
    end: number,
    direction: Direction = this.direction,
  ): number | undefined {
    const low = Math.max(start, this.pageSize);
    const high = Math.max(low, end);
    const ranges = this.freeRanges();
    for (const { start, end } of this.hotpluggable) cut(ranges, start, end);
    if (direction === "top-down") ranges.reverse();
    for (const range of ranges) {
      const from = Math.min(Math.max(range.start, low), high);
      const to = Math.min(Math.max(range.end, low), high);
      if (direction === "top-down") {
        if (to < bytes) continue;
        const candidate = roundDown(to - bytes, align);
        if (candidate >= from) return candidate;
      } else {
        const candidate = roundUp(from, align);
        if (candidate < to && to - candidate >= bytes) return candidate;
      }
    }
    return undefined;
  }

  /** memblock_alloc_range_nid(): finds and reserves; undefined if nothing fits. */
  allocRange(
    what: string,
    bytes: number,
    align: number,
    within: PhysicalRange = ANYWHERE,
    direction: Direction = this.direction,
  ): number | undefined {
    const found = this.findInRange(bytes, align, within.start, within.end, direction);
    if (found !== undefined) this.reserve(what, found, bytes);
    return found;
  }

  /**
   * memblock_alloc_internal(): like allocRange, but below high memory, and falls back below `minAddress` if nothing is
   * free above it.
   */
  alloc(
    what: string,
    bytes: number,
    align: number,
    minAddress = 0,
    end = this.highmemStart,
  ): number | undefined {
    return (
      this.allocRange(what, bytes, align, { start: minAddress, end }) ??
      (minAddress > 0 ? this.allocRange(what, bytes, align, { start: 0, end }) : undefined)
    );
  }

  /**
   * memblock_alloc_internal() for a node: above `minAddress` in the node, then in any node, then below it in the same
   * order (memblock_alloc_range_nid()).
   */
  allocNode(what: string, bytes: number, align: number, place: NodePlace): number | undefined {
    const { node, minAddress = 0, exact = false } = place;
    for (const from of minAddress > 0 ? [minAddress, 0] : [0]) {
      const found =
        this.allocRange(what, bytes, align, { start: Math.max(from, node.start), end: node.end }) ??
        (exact ? undefined : this.allocRange(what, bytes, align, { start: from, end: ANYWHERE.end }));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function insert(list: PhysicalRange[], start: number, end: number): void {
  if (end <= start) return;
  let first = list.findIndex((r) => r.end >= start);
  if (first < 0) first = list.length;
  let last = first;
  let from = start;
  let to = end;
  while (last < list.length && list[last]!.start <= end) {
    from = Math.min(from, list[last]!.start);
    to = Math.max(to, list[last]!.end);
    last++;
  }
  list.splice(first, last - first, { start: from, end: to });
}

function cut<T extends PhysicalRange>(list: T[], start: number, end: number): void {
  for (let i = list.length - 1; i >= 0; i--) {
    const r = list[i]!;
    if (r.end <= start || r.start >= end) continue;
    const rest: T[] = [];
    if (r.start < start) rest.push({ ...r, end: start });
    if (r.end > end) rest.push({ ...r, start: end });
    list.splice(i, 1, ...rest);
  }
}
