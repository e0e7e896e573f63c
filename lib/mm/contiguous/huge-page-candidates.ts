/**
 * The places where a huge page could lie, and what stops each: naturally aligned ranges of its size, zone by zone. A place for a
 * gigantic page is what alloc_contig_pages() searches; it passes some over and tries to empty the others. For smaller pages the
 * kernel searches no places: compaction empties what it comes by. So those are judged by what lies in them.
 */
import { wmarkPages, zoneWatermarkOk } from "../allocation/zone-watermark";
import { COMPACT_SKIPPED } from "../compaction/compact-result";
import { compactionSuitable } from "../compaction/compaction-suitable";
import { ALLOC_CMA, ALLOC_WMARK_MIN } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE } from "../state/migratetype";
import { isHeld, isMovablePage, OWNER_KINDS, type OwnerKind, orderInUse, ownerKind } from "../state/owners";
import { ALLOCATED, OWNER_HOLE, OWNER_MASK, OWNER_RESERVED } from "../state/page-state";
import type { Zone } from "../state/zone";
import { describePage, MOVABLE_NOT_MOVED } from "./contig-failure";
import { type FrameRange, searchBarrier } from "./contig-pages";
import type { ContigFailure } from "./contig-range";
import { ENOMEM } from "./page-isolation";

/** What stops a place, by name. */
export const STOP_CAUSES = {
  "unmovable-page": "holds a page that does not move",
  "held-page": "holds a page that something keeps in place",
  reserved: "holds memory reserved at boot",
  hole: "is not all memory of one zone",
  "huge-page": "holds a huge page",
  "page-in-use": "has a page in use, and before 5.13 the search passes such a place over",
  "cma-area": "is part of a CMA area",
  isolated: "is isolated by another request",
  highatomic: "is kept for atomic requests",
  "no-memory": "holds pages that move, but no free memory was left to move them to",
  watermark: "could be had or emptied, but the zone is at its min watermark",
  deferred: "holds pages that move, but compaction of this order is put off after failures",
  "not-compacted": "holds pages that move; compaction ended before it was empty",
  "not-tried": "was not tried: the request ended before",
  "node-not-allowed": "is on a node that the request may not use",
  "pool-limit": "was not asked for: the pool does not grow",
} as const;
export type StopCause = keyof typeof STOP_CAUSES;

/** What stops one place. */
export interface Stop {
  cause: StopCause;
  /** The kind of the page in the way; null if it is no page. */
  kind: OwnerKind | null;
  /** Its frame, or the first frame of the place. */
  pfn: number;
  why: string;
  wouldFree: string | null;
  /** Every page in use there is clean page cache that nothing holds: dropping caches empties it. */
  cacheOnly: boolean;
}

/** A zone and what decides there about places that could be emptied. */
export interface ZoneOfPlaces {
  m: Memory;
  zone: Zone;
  order: number;
  /** Highest zone of the request. */
  highest: number;
  /** Ranges that the last search tried and failed on, by their first frame; null: the buddy allocator serves the order. */
  tried: ReadonlyMap<number, ContigFailure | null> | null;
}

function stop(cause: StopCause, pfn: number, more: Partial<Stop> = {}): Stop {
  return { cause, kind: null, pfn, why: STOP_CAUSES[cause], wouldFree: null, cacheOnly: false, ...more };
}

/** The page at `pfn` as what is in the way. */
function pageStop(m: Memory, pfn: number): Stop {
  const head = m.headOf(pfn);
  const { owner, heldBy, why, wouldFree } = describePage(m, head);
  const told = { kind: owner, why, wouldFree };
  if (owner === "reserved" || owner === "hole") return stop(owner, pfn, told);
  if (heldBy.length > 0) return stop("held-page", head, told);
  if (why === MOVABLE_NOT_MOVED) return stop("not-compacted", head, told);
  return stop(owner === "hugetlb" ? "huge-page" : "unmovable-page", head, told);
}

/** The places in a zone, by their first frames, ascending; a range without any memory of the zone is no place. */
export function* placesIn(m: Memory, zone: Zone, order: number): Generator<number> {
  const pages = 1 << order;
  const step = Math.min(pages, m.pageblockPages);
  for (let start = Math.ceil(zone.startPfn / pages) * pages; start + pages <= zone.endPfn; start += pages) {
    let p = start;
    while (p < start + pages && m.notInZone(zone, p)) p += step;
    if (p < start + pages) yield start;
  }
}

/** What stops the place that begins at `start`. */
export function stopAt(at: ZoneOfPlaces, start: number): Stop {
  return at.tried === null ? stopOfPage(at, start) : stopOfGigantic(at, start, at.tried);
}

function stopOfGigantic(
  { m, zone, order }: ZoneOfPlaces,
  start: number,
  tried: ReadonlyMap<number, ContigFailure | null>,
): Stop {
  const barrier = searchBarrier(m, zone, { start, pages: 1 << order });
  if (barrier >= 0) return passedOver(m, zone, barrier);
  const failure = tried.get(start);
  if (failure === undefined || failure === null) return stop("not-tried", start);
  if (failure.errno === ENOMEM) return stop("no-memory", start);
  if (failure.pfn < 0) return stop("isolated", start);
  if (m.blockType(failure.pfn) === MIGRATE_CMA) return stop("cma-area", failure.pfn);
  return m.freePlaceOf(failure.pfn) === undefined ? pageStop(m, failure.pfn) : stop("isolated", failure.pfn);
}

function passedOver(m: Memory, zone: Zone, pfn: number): Stop {
  if (m.notInZone(zone, pfn)) return stop("hole", pfn);
  const page = pageStop(m, pfn);
  if (page.cause === "reserved" || page.cause === "hole") return page;
  return stop(page.kind === "hugetlb" ? "huge-page" : "page-in-use", page.pfn, { kind: page.kind });
}

/** What lies in a place. Frames are −1 if there is none of the sort. */
interface Contents {
  hole: number;
  reserved: number;
  hugetlb: number;
  held: number;
  unmovable: number;
  used: number;
  cleanCache: number;
}

function contentsOf(m: Memory, zone: Zone, { start, pages }: FrameRange): Contents {
  const found: Contents = {
    hole: -1,
    reserved: -1,
    hugetlb: -1,
    held: -1,
    unmovable: -1,
    used: 0,
    cleanCache: 0,
  };
  for (let p = start; p < start + pages; ) {
    const atEdge = p === start || p % m.pageblockPages === 0;
    if (atEdge && m.notInZone(zone, p)) return { ...found, hole: p };
    const s = m.state[p]!;
    const free = s < ALLOCATED && (s !== 0 || atEdge) ? m.freePlaceOf(p) : undefined;
    if (free !== undefined) {
      p = free.head + (1 << free.order);
      continue;
    }
    const head = atEdge ? m.headOf(p) : p;
    const size = 1 << orderInUse(m, head);
    note(found, m, head, Math.min(size, start + pages - p));
    if (found.hole >= 0) return found;
    p = head + size;
  }
  return found;
}

function note(found: Contents, m: Memory, head: number, frames: number): void {
  const kind = m.ownerOf(head) & OWNER_MASK;
  found.used += frames;
  const first = (of: "hole" | "reserved" | "hugetlb" | "held" | "unmovable") => {
    if (found[of] < 0) found[of] = head;
  };
  if (kind === OWNER_HOLE) first("hole");
  else if (kind === OWNER_RESERVED) first("reserved");
  else if (kind === OWNER_KINDS.hugetlb) first("hugetlb");
  else if (!isMovablePage(m, head)) first("unmovable");
  else if (isHeld(m, head) && describePage(m, head).heldBy.length > 0) first("held");
  else if (ownerKind(m, head) === "fileClean") found.cleanCache += frames;
}

/** A page that the buddy allocator gives: what can never be moved counts first, then what is in the way at its first frame. */
function stopOfPage(at: ZoneOfPlaces, start: number): Stop {
  const { m, zone, order } = at;
  const found = contentsOf(m, zone, { start, pages: 1 << order });
  if (found.hole >= 0) return stop("hole", found.hole, { kind: "hole" });
  if (found.reserved >= 0) return pageStop(m, found.reserved);
  if (found.hugetlb >= 0) return stop("huge-page", found.hugetlb, { kind: "hugetlb" });
  const { held, unmovable } = found;
  if (unmovable >= 0 && (held < 0 || unmovable < held)) return pageStop(m, unmovable);
  if (held >= 0) return pageStop(m, held);
  const cacheOnly = found.used > 0 && found.used === found.cleanCache;
  return stop(movableCause(at, start, found.used > 0), start, { cacheOnly });
}

/** Why a place that is free, or holds nothing but pages that move, gave no huge page. */
function movableCause({ m, zone, order, highest }: ZoneOfPlaces, start: number, used: boolean): StopCause {
  const type = m.blockType(start);
  if (type === MIGRATE_ISOLATE) return "isolated";
  if (type === MIGRATE_HIGHATOMIC) return "highatomic";
  if (belowMin(m, zone, order, highest) || !used) return "watermark";
  if (compactionSuitable(m, zone, order, ALLOC_WMARK_MIN, highest) === COMPACT_SKIPPED) return "no-memory";
  const { orderFailed, deferShift, considered } = zone.compact;
  return order >= orderFailed && considered < 1 << deferShift ? "deferred" : "not-compacted";
}

/** Whether the zone is too low for 2^order more frames, in whatever pages they come. */
export function belowMin(m: Memory, zone: Zone, order: number, highest: number): boolean {
  const free = Math.max(0, zone.nrFreePages) - ((1 << order) - 1);
  return !zoneWatermarkOk(
    m,
    zone,
    0,
    wmarkPages(zone, ALLOC_WMARK_MIN),
    highest,
    m.cma ? ALLOC_CMA : 0,
    free,
  );
}
