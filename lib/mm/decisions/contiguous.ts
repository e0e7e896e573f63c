/** What a change decides about alloc_contig_pages(): from which end it searches, and in which steps. */
import type { ContigSearch } from "../state/decisions";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

export function searchOf(m: Memory, zone: Zone, pages: number): ContigSearch {
  const { name, nid: node, startPfn: zoneStartPfn, endPfn: zoneEndPfn } = zone;
  return m.change!.contigSearch!({
    zone: name,
    node,
    pages,
    blockPages: m.pageblockPages,
    zoneStartPfn,
    zoneEndPfn,
  });
}
