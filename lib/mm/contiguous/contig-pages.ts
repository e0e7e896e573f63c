/**
 * alloc_contig_pages() (5.5+; before, hugetlb's alloc_gigantic_page()): finds any range of the requested size. It
 * searches zone by zone from the preferred one (first on the preferred node, then on the others by distance), each
 * zone from its start, in steps of the size. The first success wins; no range crosses a zone or a node. Only
 * power-of-two sizes are naturally aligned. Before 5.13 a range in which a page is in use is passed over, so that
 * nothing ever has to move; the patches of 2018 looked at frame and zone only.
 */
import { InputError } from "../../base/errors";
import { searchOf } from "../decisions/contiguous";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { inUse, OWNER_KINDS, type OwnerKind, orderInUse, ownerKind } from "../state/owners";
import { ALLOCATED, ORDER_MASK, OWNER_HOLE, OWNER_MASK, OWNER_RESERVED } from "../state/page-state";
import type { Zone } from "../state/zone";
import { allocContigRange, type ContigFailure, run } from "./contig-range";
import { freeSingles } from "./free-singles";
import { GIGANTIC_GFP, type GiganticSource, type TriedRange } from "./hugetlb";
import { type ContigObserver, type MigrationStats, type MigrationWorld, ownersWorld } from "./migrate";

/** What alloc_contig_pages() is asked for. */
export interface ContigPagesRequest {
  /** Frames. */
  pages: number;
  gfp: number;
  /** The preferred node (with __GFP_THISNODE: the only one); default the first. */
  nid?: number | undefined;
  /** What the frames become. */
  kind: OwnerKind;
  /** Default: the owners recorded in the machine. */
  world?: MigrationWorld;
  /** Which ranges are tried; default: those that this kernel's pfn_range_valid_contig() lets pass. */
  check?: RangeCheck | undefined;
  /** Called for every range that failed. */
  tried?: (range: TriedRange) => void;
  /** Called with the number of clean file pages dropped in a range. */
  dropped?: (pages: number) => void;
  /** Observes the steps in each range; `stats` are the counters of that range. */
  watch?: ((stats: MigrationStats) => ContigObserver) | undefined;
}

/** Frames of a range that is searched. */
export interface FrameRange {
  start: number;
  pages: number;
}

/** What a search asks of a range before it tries to empty it. Every frame must exist and belong to the zone. */
export interface RangeCheck {
  /** A page in use makes it pass the range over. */
  refusesInUse: boolean;
  /** A reserved page does. */
  refusesReserved: boolean;
  /** A huge page of hugetlb of this order or above does; 0: none does. */
  hugetlbFrom: number;
}

/**
 * contig_pfn_range_valid() of the patches of 2018: "only check for obvious pages which can not be used", the rest is
 * left to the migration. Mike Kravetz, find_alloc_contig_pages(), v2 of 3 May 2018.
 */
export const CHECK_OF_2018: RangeCheck = { refusesInUse: false, refusesReserved: false, hugetlbFrom: 0 };

/** pfn_range_valid_contig(), before 5.5 pfn_range_valid_gigantic(), of this kernel. */
function checkOf({ sw }: Memory, pages: number): RangeCheck {
  const smaller = 32 - Math.clz32(pages - 1);
  const from = { refused: 1, tried: 0, smaller };
  return {
    refusesInUse: sw.contigInUse === "refused",
    refusesReserved: true,
    hugetlbFrom: from[sw.contigHugetlb],
  };
}

/** Returns the first frame of the range, or −1. Throws InputError if the size is not a whole number of frames. */
export function allocContigPages(m: Memory, request: ContigPagesRequest): number {
  const { pages } = request;
  if (!Number.isInteger(pages) || pages < 1)
    throw new InputError(`alloc_contig_pages: pages must be a whole number, 1 or more: got ${pages}`);
  const nid = request.nid ?? m.firstNode;
  const zonelist = m.zonelistOf(nid, request.gfp);
  if (zonelist === undefined)
    throw new InputError(`alloc_contig_pages: the machine has nodes 0 to ${m.nrNodes - 1}: got ${nid}`);
  const check = request.check ?? checkOf(m, pages);
  for (const zone of zonelist) {
    const { first, step, count } = startsOf(m, zone, pages);
    for (let i = 0, start = first; i < count; i++, start += step) {
      if (rangeBarrier(m, zone, { start, pages }, check) < 0 && tryRange(m, zone, start, request))
        return start;
    }
  }
  return -1;
}

/** The first frames of the ranges that are tried: from the lowest, one after the other, or as a change searches. */
function startsOf(m: Memory, zone: Zone, pages: number): { first: number; step: number; count: number } {
  const { from, unit } =
    m.change?.contigSearch === undefined ? { from: "lowest", unit: pages } : searchOf(m, zone, pages);
  const lowest = Math.ceil(zone.startPfn / unit) * unit;
  const count = Math.floor((zone.endPfn - pages - lowest) / unit) + 1;
  if (from === "lowest") return { first: lowest, step: unit, count };
  return { first: lowest + (count - 1) * unit, step: -unit, count };
}

/** The frame that makes the search of this kernel pass over the range, or −1: it tries to empty it. */
export function searchBarrier(m: Memory, zone: Zone, range: FrameRange): number {
  return rangeBarrier(m, zone, range, checkOf(m, range.pages));
}

/** The first frame that does not exist, belongs to another zone, or is of a page that the search does not take; or −1. */
function rangeBarrier(m: Memory, zone: Zone, { start, pages }: FrameRange, check: RangeCheck): number {
  for (let p = start; p < start + pages; p++) {
    if ((p === start || p % m.pageblockPages === 0) && m.notInZone(zone, p)) return p;
    // Free pages, including untouched ones and the second half of larger ones, need no per-frame check.
    if (p === start || p % m.pageblockPages === 0 || m.state[p] !== 0) {
      const free = m.state[p]! < ALLOCATED ? m.freePlaceOf(p) : undefined;
      if (free !== undefined) {
        p = free.head + (1 << free.order) - 1;
        continue;
      }
    }
    const order = m.state[p]! >= ALLOCATED ? m.state[p]! & ORDER_MASK : 0;
    if (order > 0) {
      // A large page in use is skipped whole, up to the end of the block.
      if (check.refusesInUse || refusesHugetlb(m, p, order, check)) return p;
      p += Math.min(1 << order, m.pageblockPages - (p % m.pageblockPages)) - 1;
    } else if (refusesFrame(m, p, check)) return p;
  }
  return -1;
}

/** A frame that is the only one of its page, or that belongs to a larger page which begins before it. */
function refusesFrame(m: Memory, p: number, check: RangeCheck): boolean {
  const kind = m.ownerOf(p) & OWNER_MASK;
  if (kind === OWNER_HOLE) return true;
  if (kind === OWNER_RESERVED) return check.refusesReserved;
  // page_count() of a frame inside a larger page is 0. It may still carry its last owner's kind, as a free one may.
  if (check.refusesInUse && inUse(m, p) && m.headOf(p) === p) return true;
  if (kind !== OWNER_KINDS.hugetlb || m.freePlaceOf(p) !== undefined) return false;
  const head = m.headOf(p);
  return ownerKind(m, head) === "hugetlb" && refusesHugetlb(m, head, orderInUse(m, head), check);
}

/** Frames of a gigantic page are noted one by one, as order 0. None is smaller than a range that is searched for. */
function refusesHugetlb(m: Memory, head: number, order: number, { hugetlbFrom }: RangeCheck): boolean {
  if (hugetlbFrom === 0 || (m.ownerOf(head) & OWNER_MASK) !== OWNER_KINDS.hugetlb) return false;
  return order === 0 || order >= hugetlbFrom;
}

/** __alloc_contig_pages(): one range. Updates the counters of /proc/vmstat. */
function tryRange(m: Memory, zone: Zone, start: number, request: ContigPagesRequest): boolean {
  const stats: MigrationStats = { migrated: 0, failedAttempts: 0, dropped: 0 };
  let failure: ContigFailure | null = null;
  let isolated = 0;
  const ret = run(
    allocContigRange(
      {
        m,
        world: request.world ?? ownersWorld(m),
        kind: request.kind,
        stats,
        seen: {
          ...request.watch?.(stats),
          scanned: (_from, _to, taken) => {
            isolated += taken;
          },
        },
        failed: (f) => {
          failure = f;
        },
      },
      zone,
      start,
      start + request.pages,
      MIGRATE_MOVABLE,
    ),
  );
  m.counters.pgmigrate_success += stats.migrated;
  m.counters.pgmigrate_fail += stats.failedAttempts;
  m.counters.compact_isolated += isolated + (ret === 0 ? request.pages : 0);
  request.dropped?.(stats.dropped);
  if (ret !== 0) request.tried?.({ start, failure });
  return ret === 0;
}

/** free_contig_range(): frame by frame, through the per-CPU lists. */
export function freeContigRange(m: Memory, start: number, pages: number): void {
  freeSingles(m, start, pages);
}

/** alloc_gigantic_page(): gigantic huge pages from anywhere in memory. */
export function giganticFromAnywhere(m: Memory, world: MigrationWorld = ownersWorld(m)): GiganticSource {
  return {
    take: (order, nid, tried) =>
      allocContigPages(m, {
        pages: 1 << order,
        gfp: GIGANTIC_GFP,
        nid,
        kind: "hugetlb",
        world,
        ...(tried && { tried }),
      }),
    give: (pfn, order) => freeContigRange(m, pfn, 1 << order),
  };
}
