/**
 * The first request of a recording that was answered with a different frame, and the lists around it at that time.
 */
import { listFrames } from "../mm/state/list-frames";
import type { Memory } from "../mm/state/memory";

/** The first allocation whose frame was not predicted. Frames; −1 is a failed allocation. */
export interface Mismatch {
  file: string;
  line: number;
  order: number;
  gfp: string;
  migratetype: number;
  expected: number;
  predicted: number;
  /** Where the recorded frame was free in the model at the time of the request. */
  expectedPlace: string;
  /** Heads of the relevant lists: the per-CPU list of the request, and the buddy list of its type. */
  lists: { name: string; pfns: number[] }[];
}

/** The first record that the model could not follow, and why. */
export interface LostStep {
  file: string;
  line: number;
  why: string;
}

/** A request that was answered with a frame other than the recorded one. */
export interface WrongRequest {
  expected: number;
  predicted: number;
  order: number;
  mt: number;
  gfp: number;
  line: number;
}

const SHOWN = 10;

/** Must be called before the machine is corrected. */
export function describeMismatch(m: Memory, file: string, request: WrongRequest): Mismatch {
  const { expected, predicted, order, mt, gfp, line } = request;
  return {
    file,
    line,
    order,
    gfp: `0x${gfp.toString(16)}`,
    migratetype: mt,
    expected,
    predicted,
    expectedPlace: placeOf(m, expected),
    lists: listsAround(m, expected >= 0 ? expected : predicted, order, mt),
  };
}

function placeOf(m: Memory, expected: number): string {
  if (expected < 0) return "the recorded allocation failed";
  const place = m.freePlaceOf(expected);
  if (place === undefined) return "in use";
  return `${place.pcp ? "on a per-CPU list" : "in the buddy lists"}, page ${place.head} of order ${place.order}`;
}

function listsAround(m: Memory, pfn: number, order: number, mt: number): { name: string; pfns: number[] }[] {
  const zone = pfn >= 0 ? m.zoneOf(pfn) : m.zonelist[0];
  if (zone === undefined) return [];
  const lists = [];
  if (m.pcpAllowedOrder(order)) {
    const index = m.pindex(order, mt);
    lists.push({
      name: `zone ${zone.name}: ${zone.pcps.length > 1 ? `CPU ${m.cpu} ` : ""}pcplist ${index}`,
      pfns: zone.pcp.lists[index]!.toArray().slice(0, SHOWN),
    });
  }
  for (let o = order; o <= m.maxOrder; o++) {
    const pfns = listFrames(m, zone.listBase + o * 8 + mt);
    if (pfns.length === 0 && o < m.maxOrder) continue;
    lists.push({
      name: `zone ${zone.name}: free list of order ${o}, type ${mt}`,
      pfns: pfns.slice(0, SHOWN),
    });
    break;
  }
  return lists;
}
