/** What a change decides about the page that a request takes from a list: its frames, or the end of the zone it lies at. */
import { type FallbackPage, TYPE_WORDS } from "../state/decisions";
import { getPageFromFreeArea, materialiseZone } from "../state/free-area";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

/** A free page, and the first frame of the piece of it that a request takes. */
export interface ChosenPiece {
  readonly pfn: number;
  readonly order: number;
  readonly piece: number;
}

/** A request as far as lists are concerned. */
interface Wanted {
  readonly order: number;
  readonly mt: number;
}

/** Types a zone and CPU have room for; frame and order of each. */
const TYPES = 8;

/** Where `m.lastTaken` holds the frame that this CPU took last from the zone and type; its order follows. Frames are stored plus 1. */
function slotOf(m: Memory, zone: Zone, mt: number): number {
  const cpus = zone.pcps.length;
  const cpu = zone.pcps.indexOf(zone.pcp);
  return ((m.zones.indexOf(zone) * cpus + cpu) * TYPES + mt) * 2;
}

function taken(m: Memory): Int32Array {
  m.lastTaken ??= new Int32Array(m.zones.length * m.zones[0]!.pcps.length * TYPES * 2);
  return m.lastTaken;
}

/** Notes what a request took, for the next one of this CPU. */
export function noteTaken(m: Memory, zone: Zone, { order, mt }: Wanted, pfn: number): void {
  const slot = slotOf(m, zone, mt);
  const last = taken(m);
  last[slot] = pfn + 1;
  last[slot + 1] = order;
}

/** The page of the lists of `mt` that a change chooses; null: they have none. */
export function choosePiece(m: Memory, zone: Zone, order: number, mt: number): ChosenPiece | null {
  const smallest = smallestOrder(m, zone, order, mt);
  if (smallest < 0) return null;
  const slot = slotOf(m, zone, mt);
  const last = taken(m);
  const wish = m.change!.freePage!({
    zone: zone.name,
    node: zone.nid,
    type: TYPE_WORDS[mt]!,
    order,
    cpu: zone.pcps.indexOf(zone.pcp),
    lastPfn: last[slot]! - 1,
    lastOrder: last[slot]! === 0 ? -1 : last[slot + 1]!,
    zoneStartPfn: zone.startPfn,
    zoneEndPfn: zone.endPfn,
    blockPages: m.pageblockPages,
  });
  if (typeof wish === "object") {
    const found = pieceAt(m, zone, { order, mt }, wish.from) ?? pieceWithin(m, zone, { order, mt }, wish);
    if (found !== null) return found;
  }
  const pfn = endOf(m, zone, { order: smallest, mt }, wish);
  return { pfn, order: smallest, piece: pfn };
}

/** The smallest order from `order` on of which `mt` has a page; −1: none. */
function smallestOrder(m: Memory, zone: Zone, order: number, mt: number): number {
  for (let o = order; o <= m.maxOrder; o++) {
    const head = zone.listBase + (o << 3) + mt;
    if (m.next[head] !== head) return o;
  }
  return -1;
}

/** The first, lowest or highest page of a list that is not empty. */
function endOf(m: Memory, zone: Zone, { order, mt }: Wanted, wish: FallbackPage): number {
  if (wish !== "lowest" && wish !== "highest") return getPageFromFreeArea(m, zone, order, mt);
  if (order === m.maxOrder) materialiseZone(m, zone);
  const head = zone.listBase + (order << 3) + mt;
  let best = m.next[head]!;
  for (let p = m.next[best]!; p !== head; p = m.next[p]!)
    if (wish === "lowest" ? p < best : p > best) best = p;
  return best;
}

/** The free page that holds the frames from `pfn` on, if its block is of the list's type. */
function pieceAt(m: Memory, zone: Zone, { order, mt }: Wanted, pfn: number): ChosenPiece | null {
  if (pfn % (1 << order) !== 0 || pfn < zone.startPfn || pfn + (1 << order) > zone.endPfn) return null;
  const place = m.freePlaceOf(pfn);
  if (place === undefined || place.pcp || place.order < order) return null;
  if (place.order === m.maxOrder) materialiseZone(m, zone);
  return m.blockType(place.head) === mt ? { pfn: place.head, order: place.order, piece: pfn } : null;
}

/** The first free page, smallest order first, with room for the request within the range. */
function pieceWithin(
  m: Memory,
  zone: Zone,
  { order, mt }: Wanted,
  { from, to }: { readonly from: number; readonly to: number },
): ChosenPiece | null {
  const pages = 1 << order;
  const least = Math.ceil(from / pages) * pages;
  for (let o = order; o <= m.maxOrder; o++) {
    if (o === m.maxOrder) materialiseZone(m, zone);
    const head = zone.listBase + (o << 3) + mt;
    for (let p = m.next[head]!; p !== head; p = m.next[p]!) {
      const piece = p > least ? p : least;
      if (piece + pages <= to && piece + pages <= p + (1 << o)) return { pfn: p, order: o, piece };
    }
  }
  return null;
}
