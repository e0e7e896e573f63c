/**
 * Why a zone refuses a request: the kernel's own check (mm/page_alloc.c __zone_watermark_ok() and the free lists), with
 * every reason that holds, not only the first that the kernel meets.
 *
 * - `watermark`: the pages that the request may use are not above the min watermark;
 * - `lowmem-reserve`: nor, or only because of it, above that mark and what the zone keeps from requests that could use
 *   a higher zone;
 * - `no-block`: no free list that the request may use has a block of its order or above;
 * - `cma-only`, `highatomic`: one of these checks would pass if free CMA pages, or the reserve for atomic requests of
 *   higher order, counted;
 * - `zone-not-allowed`, `node-not-allowed`: its flags or its node mask exclude the zone. Nothing else counts then.
 *
 * What the text lacks is not taken for zero: a zone without a reason is judged only if nothing is missing (`lacks`).
 */
import { gfpIsAtomic, gfpNumbering } from "../hardware/kernel-gfp";
import { markWithRights, unusableFree } from "../mm/allocation/zone-watermark";
import {
  ALLOC_CMA,
  ALLOC_HARDER,
  ALLOC_HIGHATOMIC,
  ALLOC_MIN_RESERVE,
  ALLOC_NO_WATERMARKS,
  ALLOC_OOM,
  ALLOC_WMARK_MASK,
  ALLOC_WMARK_MIN,
} from "../mm/state/gfp";
import { inPages, listed } from "./quantities";
import type { ZoneReading } from "./reading";
import type { Asked } from "./request";
import { type ZoneKind, zoneAllowed } from "./zone-kinds";

/** The words of a reason. */
export const REASONS = [
  "watermark",
  "lowmem-reserve",
  "cma-only",
  "highatomic",
  "no-block",
  "zone-not-allowed",
  "node-not-allowed",
  "cma-area-full",
  "cma-no-target",
  "cma-busy",
  "cma-not-reserved",
  "hugetlb-pool",
] as const;

export type Reason = (typeof REASONS)[number];

/** What the check of one zone counts, in pages. */
export interface ZoneCheck {
  free: number;
  /** Pages that count for this request. */
  usable: number;
  /** The min watermark with boost, as printed. */
  min: number;
  /** What is left of it for a request with these rights. */
  mark: number;
  reserve: number;
  /** Free CMA pages that the request may not take. */
  cma: number;
  /** Pages of the high-atomic reserve that the request may not take. */
  highatomic: number;
  /** Above order 0, before 4.4: the order at which too few pages were left; null elsewhere. */
  failedAtOrder: number | null;
  /** Pages left in blocks of that order and above, and the mark that they must exceed there. */
  leftThere: number;
  markThere: number;
  /** False if the request needs a block and the text lacks the zone's free lists. */
  blocksKnown: boolean;
  allowed: boolean;
  nodeAllowed: boolean;
  /** The request may use one node only, and it was another one. */
  otherNode: boolean;
  /** Watermarks are in the text. */
  marked: boolean;
  largest: number | null;
  reasons: Reason[];
  /** No reason is known, but the text lacks these, so there may be one. */
  lacks: Lack[];
}

/** What a text can lack that a check needs. */
export type Lack = "free-list" | "lowmem-reserve" | "highatomic-reserve" | "own-lines";

/** Whether a node is in a node mask as the kernel prints it, `0-1,3`; any node is if there is none. */
export function inNodeMask(node: number, mask: string | null): boolean {
  if (mask === null || !/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(mask.trim())) return true;
  return mask.split(",").some((part) => {
    const [from, to = from] = part.split("-").map(Number);
    return node >= from! && node <= to!;
  });
}

/** Largest order with a free block, of any type; null if nothing is free or there is no list. */
export function largestFreeOrder(counts: readonly number[] | null): number | null {
  const at = (counts ?? []).map((n) => n > 0).lastIndexOf(true);
  return at < 0 ? null : at;
}

/** Free memory; from the free lists if the counter is missing. */
export function freeBytesOf(zone: ZoneReading, pageBytes: number): number {
  if (zone.freeBytes > 0 || zone.counts === null || listed(zone.minBytes)) return zone.freeBytes;
  return zone.counts.reduce((sum, blocks, order) => sum + blocks * 2 ** order, 0) * pageBytes;
}

/** Whether the free list of an order holds only types in `letters`; false if the text has no letters. */
function onlyTypes(types: readonly string[] | null, order: number, letters: string): boolean {
  const there = types?.[order] ?? "";
  return there !== "" && [...there].every((letter) => letters.includes(letter));
}

/** Letters of types that a request can be barred from, by their names in /proc/pagetypeinfo. */
const LETTERS: Readonly<Record<string, string>> = { HighAtomic: "H", CMA: "C", Isolate: "I" };

/** Whether a block of `order` or above lies on a list that none of `barred` types names alone. */
function hasBlock(zone: ZoneReading, order: number, barred: string): boolean {
  if (zone.countsByType !== null)
    return Object.entries(zone.countsByType).some(
      ([type, counts]) =>
        !barred.includes(LETTERS[type] ?? "-") && counts.some((n, o) => o >= order && n > 0),
    );
  return zone.counts!.some((n, o) => o >= order && n > 0 && !onlyTypes(zone.types, o, barred));
}

/** lowmem_reserve[] for this request's highest zone, in pages; null if the text does not say. */
function reserveOf(zone: ZoneReading, { kinds, highest }: Asked): number | null {
  const reserve = zone.lowmemReserve;
  if (zone.name === highest) return 0;
  if (reserve === null || reserve.length === 0) return null;
  const at = kinds.indexOf(highest as ZoneKind);
  return reserve[Math.min(at < 0 ? reserve.length - 1 : at, reserve.length - 1)] ?? null;
}

/** Whether `usable` pages fail the watermark check, without the search for a block; at which order, and by how much. */
function failsAt(
  { judged, rules }: Asked,
  zone: ZoneReading,
  check: ZoneCheck,
  usable: number,
): { order: number; left: number; mark: number } | null {
  if (usable <= check.mark) return { order: 0, left: usable, mark: check.mark };
  if (!rules.everyOrder || judged === 0 || zone.counts === null) return null;
  let left = rules.cmaInOrders ? check.free - (2 ** judged - 1) : usable;
  let min = check.mark;
  for (let order = 0; order < judged; order++) {
    left -= (zone.counts[order] ?? 0) * 2 ** order;
    min = Math.floor(min / 2);
    if (left <= min) return { order: order + 1, left, mark: min };
  }
  return null;
}

/** The check of one zone for a request, as the kernel of the report makes it. */
export function checkZone(zone: ZoneReading, asked: Asked, nodeMask: string | null): ZoneCheck {
  const { allocFlags, rules, judged, pageBytes } = asked;
  const pages = (bytes: number | null) => inPages(bytes, pageBytes);
  const free = pages(freeBytesOf(zone, pageBytes));
  const min = pages(zone.minBytes);
  const reserved = zone.reservedHighatomicBytes ?? (showsReserve(zone, asked) ? asked.blockBytesLeast : 0);
  const counters = {
    nrReservedHighatomic: pages(reserved),
    nrFreeHighatomic: pages(zone.freeHighatomicBytes ?? reserved),
    nrFreeCma: pages(zone.freeCmaBytes),
  };
  const flags = allocFlags | (asked.mayTakeCma ? ALLOC_CMA : 0);
  const unusable = unusableFree(rules, counters, judged, flags);
  const barsCma = !asked.mayTakeCma && rules.cmaApart;
  const cma = barsCma ? counters.nrFreeCma : 0;
  const highatomic = unusable - (2 ** judged - 1) - cma;
  const boost = overlooksBoost(asked) ? pages(zone.boostBytes) : 0;
  const check: ZoneCheck = {
    free,
    usable: free - unusable,
    min,
    mark: markWithRights(rules, min - boost, flags),
    reserve: reserveOf(zone, asked) ?? 0,
    cma,
    highatomic,
    failedAtOrder: null,
    leftThere: 0,
    markThere: 0,
    blocksKnown: judged === 0 || zone.counts !== null,
    allowed: zoneAllowed(zone.name, asked.highest),
    nodeAllowed: inNodeMask(zone.node, nodeMask),
    otherNode: false,
    marked: listed(zone.minBytes) && listed(zone.freeBytes) && !unmarked(zone),
    largest: largestFreeOrder(zone.counts),
    reasons: [],
    lacks: [],
  };
  check.reasons = reasonsOf(zone, asked, check);
  if (check.reasons.length === 0 && check.marked) check.lacks = lacksOf(zone, asked, check);
  return check;
}

/** What a zone without a reason lacks in the text. */
function lacksOf(zone: ZoneReading, asked: Asked, check: ZoneCheck): Lack[] {
  const lacks: Lack[] = [];
  const bound = (asked.allocFlags & ALLOC_NO_WATERMARKS) === 0;
  if (asked.judged > 0 && zone.counts === null && !cutListHas(zone, asked)) lacks.push("free-list");
  if (bound && reserveOf(zone, asked) === null) lacks.push("lowmem-reserve");
  const counts = bound && !passesByShortcut(asked, check);
  if (counts && check.highatomic > 0 && zone.reservedHighatomicBytes === null) {
    const most = mostReserve(zone, asked) / asked.pageBytes;
    if (check.usable + check.highatomic - most <= check.mark + check.reserve)
      lacks.push("highatomic-reserve");
  }
  return lacks;
}

/** Whether the beginning of a cut free list has a block that the request may take. */
function cutListHas(zone: ZoneReading, asked: Asked): boolean {
  return (
    zone.countsCut !== null && hasBlock({ ...zone, counts: zone.countsCut }, asked.judged, barredTypes(asked))
  );
}

/** The reserve grows by a page block while it is below one hundredth of the zone and a block. */
function mostReserve(zone: ZoneReading, { pageBytes }: Asked): number {
  const largest = pageBytes * 2 ** ((zone.counts?.length ?? 11) - 1);
  return (zone.managedBytes ?? zone.presentBytes ?? Number.POSITIVE_INFINITY) / 100 + 2 * largest;
}

/**
 * Reports before 5.3 do not print the high-atomic reserve. Where a list has its letter, it is one page block at least,
 * since it is kept in whole page blocks.
 */
function showsReserve({ types }: ZoneReading, { rules }: Asked): boolean {
  return !rules.everyOrder && (types ?? []).some((letters) => letters.includes("H"));
}

/** A zone of a text without watermarks, such as buddyinfo, has zeros or nothing in their place. */
function unmarked(zone: ZoneReading): boolean {
  return zone.minBytes === 0 && zone.lowBytes === 0 && zone.highBytes === 0 && zone.lowmemReserve === null;
}

/** zone_watermark_fast(): whether the boost of the min watermark does not bind the request. */
function overlooksBoost({ judged, allocFlags, gfp, rules, kernel }: Asked): boolean {
  if (judged > 0 || (allocFlags & ALLOC_WMARK_MASK) !== ALLOC_WMARK_MIN) return false;
  const { boostExempt } = rules.sw;
  if (boostExempt === "none") return false;
  return boostExempt === "atomic"
    ? gfpIsAtomic(gfp.has, gfpNumbering(kernel.series))
    : (allocFlags & ALLOC_MIN_RESERVE) !== 0;
}

/** zone_watermark_fast() from 4.7 to 5.8: order 0 passes above the whole mark, the high-atomic reserve counted as free. */
function passesByShortcut({ judged, rules }: Asked, { free, cma, min, reserve }: ZoneCheck): boolean {
  return judged === 0 && rules.reserveOverlooked && free - cma > min + reserve;
}

function reasonsOf(zone: ZoneReading, asked: Asked, check: ZoneCheck): Reason[] {
  if (!check.allowed) return ["zone-not-allowed"];
  if (!check.nodeAllowed) return ["node-not-allowed"];
  const found = new Set<Reason>();
  if (check.marked && (asked.allocFlags & ALLOC_NO_WATERMARKS) === 0)
    watermarkReasons(zone, asked, check, found);
  if (zone.counts !== null) blockReasons(zone, asked, check, found);
  return REASONS.filter((reason) => found.has(reason));
}

function watermarkReasons(zone: ZoneReading, asked: Asked, check: ZoneCheck, found: Set<Reason>): void {
  const { usable, mark, reserve, cma, highatomic } = check;
  if (passesByShortcut(asked, check)) return;
  const fails = (pages: number) => failsAt(asked, zone, check, pages) !== null || pages <= mark + reserve;
  const below = usable <= mark;
  const at = failsAt(asked, zone, check, usable);
  // Before 4.4 the loop fails by itself if no block is large enough; that is `no-block`.
  const loop = at !== null && at.order > 0 && zone.counts!.some((n, order) => order >= asked.judged && n > 0);
  if (below || loop) found.add("watermark");
  if (loop) {
    check.failedAtOrder = at.order;
    check.leftThere = at.left;
    check.markThere = at.mark;
  }
  if (reserve > 0 && usable <= mark + reserve) found.add("lowmem-reserve");
  if (!below && !loop && usable > mark + reserve) return;
  const both = !fails(usable + cma + highatomic);
  if (cma > 0 && (!fails(usable + cma) || (both && fails(usable + highatomic)))) found.add("cma-only");
  if (highatomic > 0 && (!fails(usable + highatomic) || (both && fails(usable + cma))))
    found.add("highatomic");
}

/** Letters of the types whose blocks the request may not take. */
function barredTypes({ judged, rules, allocFlags, mayTakeCma }: Asked): string {
  const mayDig = (allocFlags & (ALLOC_OOM | (rules.hardAtomic ? ALLOC_HARDER : ALLOC_HIGHATOMIC))) !== 0;
  return `I${mayDig && judged > 0 ? "" : "H"}${mayTakeCma ? "" : "C"}`;
}

function blockReasons(zone: ZoneReading, asked: Asked, check: ZoneCheck, found: Set<Reason>): void {
  const { judged } = asked;
  const barred = barredTypes(asked);
  // Above the marks a page can be had, unless the shortcut took the high-atomic reserve for one.
  if (judged === 0 && check.free > 0 && !passesByShortcut(asked, check)) return;
  if (hasBlock(zone, judged, barred)) return;
  found.add("no-block");
  if (barred.includes("C") && hasOnly(zone, judged, "C")) found.add("cma-only");
  if (barred.includes("H") && hasOnly(zone, judged, "H")) found.add("highatomic");
}

/** Whether blocks of the order or above lie on the list of a barred type. */
function hasOnly(zone: ZoneReading, order: number, letter: string): boolean {
  return zone.counts!.some((n, o) => o >= order && n > 0 && (zone.types?.[o] ?? "").includes(letter));
}
