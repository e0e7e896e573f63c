/**
 * alloc_contig_pages() (5.5+; before, hugetlb's alloc_gigantic_page()): finds any range of the requested size. It
 * searches zone by zone from the preferred one (first on the preferred node, then on the others by distance), each
 * zone from its start, in steps of the size. The first success wins; no range crosses a zone or a node. Only
 * power-of-two sizes are naturally aligned.
 */
import { InputError } from "../../base/errors";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import { OWNER_KINDS, type OwnerKind, ownerKind } from "../state/owners";
import { ALLOCATED, ORDER_MASK, OWNER_HOLE, OWNER_MASK, OWNER_RESERVED } from "../state/page-state";
import type { Zone } from "../state/zone";
import { allocContigRange, type ContigFailure, run } from "./contig-range";
import { freeSingles } from "./free-singles";
import type { GiganticSource } from "./hugetlb";
import { GIGANTIC_GFP } from "./hugetlb";
import { type ContigObserver, type MigrationStats, type MigrationWorld, ownersWorld } from "./migrate";

/** A range that was tried and failed. */
export interface TriedRange {
  start: number;
  failure: ContigFailure | null;
}

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
  /** Called for every range that failed. */
  tried?: (range: TriedRange) => void;
  /** Called with the number of clean file pages dropped in a range. */
  dropped?: (pages: number) => void;
  /** Observes the steps in each range; `stats` are the counters of that range. */
  watch?: ((stats: MigrationStats) => ContigObserver) | undefined;
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
  for (const zone of zonelist) {
    for (let start = Math.ceil(zone.startPfn / pages) * pages; start + pages <= zone.endPfn; start += pages) {
      if (rangeIsValid(m, zone, start, pages) && tryRange(m, zone, start, request)) return start;
    }
  }
  return -1;
}

/** pfn_range_valid_contig(): every frame exists and belongs to the zone; none is reserved or a hugetlb page. */
function rangeIsValid(m: Memory, zone: Zone, start: number, pages: number): boolean {
  for (let p = start; p < start + pages; p++) {
    if ((p === start || p % m.pageblockPages === 0) && m.notInZone(zone, p)) return false;
    // Free pages, including untouched ones and the second half of larger ones, need no per-frame check.
    if (p === start || p % m.pageblockPages === 0 || m.state[p] !== 0) {
      const free = m.state[p]! < ALLOCATED ? m.freePlaceOf(p) : undefined;
      if (free !== undefined) {
        p = free.head + (1 << free.order) - 1;
        continue;
      }
    }
    const s = m.state[p]!;
    if (s >= ALLOCATED && (s & ORDER_MASK) > 0) {
      // A large page in use is skipped whole, up to the end of the block.
      if ((m.ownerOf(p) & OWNER_MASK) === OWNER_KINDS.hugetlb) return false;
      p += Math.min(1 << (s & ORDER_MASK), m.pageblockPages - (p % m.pageblockPages)) - 1;
      continue;
    }
    const kind = m.ownerOf(p) & OWNER_MASK;
    if (kind === OWNER_RESERVED || kind === OWNER_HOLE) return false;
    // A frame that is free or inside another page may still carry its last owner's kind.
    if (
      kind === OWNER_KINDS.hugetlb &&
      m.freePlaceOf(p) === undefined &&
      ownerKind(m, m.headOf(p)) === "hugetlb"
    )
      return false;
  }
  return true;
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
    take: (order, nid) =>
      allocContigPages(m, { pages: 1 << order, gfp: GIGANTIC_GFP, nid, kind: "hugetlb", world }),
    give: (pfn, order) => freeContigRange(m, pfn, 1 << order),
  };
}
