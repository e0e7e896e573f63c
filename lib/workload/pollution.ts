/** How far pages that do not move have spread: the page blocks that hold at least one of them. */
import type { Memory } from "../mm/state/memory";
import { MIGRATE_RECLAIMABLE } from "../mm/state/migratetype";
import { OWNER_KINDS } from "../mm/state/owners";
import { ALLOCATED, MOVABLE_PAGE, ORDER_MASK, OWNER_MASK } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";

export interface Pollution {
  /** Page blocks of the zones that have frames of their own. */
  blocks: number;
  /** Those with a page that does not move. */
  polluted: number;
  /** Pages in use: movable, reclaimable slab, all others; and pages that are free, per-CPU lists included. */
  movable: number;
  reclaimable: number;
  unmovable: number;
  free: number;
}

/** Counts over `zones` (default: all). A reserved frame counts as unmovable, a hole not at all. */
export function pollution(m: Memory, zones: readonly Zone[] = m.zones): Pollution {
  const sum: Pollution = { blocks: 0, polluted: 0, movable: 0, reclaimable: 0, unmovable: 0, free: 0 };
  for (const zone of zones)
    for (
      let block = zone.startPfn - (zone.startPfn % m.pageblockPages);
      block < zone.endPfn;
      block += m.pageblockPages
    )
      if (!m.notInZone(zone, block)) countBlock(m, zone, block, sum);
  return sum;
}

function countBlock(m: Memory, zone: Zone, block: number, sum: Pollution): void {
  const end = Math.min(zone.endPfn, block + m.pageblockPages);
  let fixed = 0;
  let p = Math.max(zone.startPfn, block);
  while (p < end) {
    const pages = Math.min(end - p, pagesAt(m, p));
    if (isFree(m, p)) sum.free += pages;
    else {
      const owner = m.ownerOf(m.headOf(p));
      const kind = owner & OWNER_MASK;
      if (kind === OWNER_KINDS.hole) {
        p += pages;
        continue;
      }
      if (owner & MOVABLE_PAGE) sum.movable += pages;
      else {
        // What a snapshot calls slab is told apart by the type of its block.
        const inReclaimable = kind === OWNER_KINDS.slab && m.blockType(p) === MIGRATE_RECLAIMABLE;
        if (kind === OWNER_KINDS.slabReclaimable || inReclaimable) sum.reclaimable += pages;
        else sum.unmovable += pages;
        fixed++;
      }
    }
    p += pages;
  }
  sum.blocks++;
  if (fixed > 0) sum.polluted++;
}

function isFree(m: Memory, p: number): boolean {
  const s = m.state[p]!;
  return s !== 0 ? s < ALLOCATED : m.freePlaceOf(p) !== undefined;
}

/** Frames from `p` to the end of what begins there: a free page, a page in use, or one frame. */
function pagesAt(m: Memory, p: number): number {
  const s = m.state[p]!;
  if (s === 0) {
    const place = m.freePlaceOf(p);
    return place === undefined ? 1 : place.head + (1 << place.order) - p;
  }
  if (s >= ALLOCATED) return 1 << (s & ORDER_MASK);
  return s & 0x40 ? 1 << m.pcpOrder(s) : 1 << (s - 1);
}
