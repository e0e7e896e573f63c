/**
 * What page blocks hold: pages that move, pages that stay, or both. A block of both kinds is mixed: it is the harm that
 * grouping by mobility is there to prevent, since no whole block can be emptied as long as one page of it stays.
 */
import type { Memory } from "../state/memory";
import { OWNER_HOLE, OWNER_MASK } from "../state/page-state";
import { classOfOwner } from "./page-class";
import { walkPages } from "./page-walk";

/** Page blocks by what lies in them. */
export interface BlockUse {
  /** Blocks with memory. */
  blocks: number;
  /** Those with at least one page in use that does not move: kernel memory, slab of either kind, reserved at boot. */
  unmovable: number;
  /** Those with at least one such page and at least one page in use that moves. */
  mixed: number;
}

const MOVES = 1;
const STAYS = 2;
const MEMORY = 4;

/** Counts blocks. Pages of hugetlb and of CMA users are neither kind: they belong to whole blocks of their own. */
export function blockUse(m: Memory): BlockUse {
  const order = m.pageblockOrder;
  const found = new Uint8Array((m.endPfn >>> order) + 1);
  for (const zone of m.zones)
    walkPages(m, zone, (startPfn, pages, use, owner) => {
      const bits = use === "used" ? bitsOf(owner) : MEMORY;
      const last = (startPfn + pages - 1) >>> order;
      for (let b = startPfn >>> order; b <= last; b++) found[b]! |= bits;
    });
  const count = { blocks: 0, unmovable: 0, mixed: 0 };
  for (const bits of found) {
    if (bits !== 0) count.blocks++;
    if ((bits & STAYS) !== 0) count.unmovable++;
    if ((bits & (STAYS | MOVES)) === (STAYS | MOVES)) count.mixed++;
  }
  return count;
}

function bitsOf(owner: number): number {
  if ((owner & OWNER_MASK) === OWNER_HOLE) return 0;
  switch (classOfOwner(owner)) {
    case "movable":
      return MEMORY | MOVES;
    case "unmovable":
    case "reclaimable":
    case "reserved":
      return MEMORY | STAYS;
    default:
      return MEMORY;
  }
}
