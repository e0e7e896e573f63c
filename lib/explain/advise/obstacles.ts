/** What stands in the way of contiguous memory: page blocks by what is in them, and whose the pages are that do not move. */
import { log2 } from "../../base/elementary";
import type { SlabLine } from "../../calibration/proc-texts";
import { walkPages } from "../../mm/reports/page-walk";
import type { Memory } from "../../mm/state/memory";
import { MIGRATE_NAMES } from "../../mm/state/migratetype";
import { OWNER_KINDS, type OwnerKind } from "../../mm/state/owners";
import { MOVABLE_PAGE, OWNER_MASK } from "../../mm/state/page-state";

/** Page blocks and pages. */
export interface Held {
  blocks: number;
  pages: number;
}

/** Page blocks of one machine. A block counts once in `free`, `movable` or `fixed`. */
export interface Obstacles {
  blocks: number;
  /** Free as a whole. */
  free: number;
  /** In use, and every page of them may move. */
  movable: number;
  /** With a page that does not move. */
  fixed: number;
  /** Of those, by the type of the page block. */
  fixedByType: Record<string, number>;
  /** Pages that do not move by kind, and page blocks that hold one. A block with two kinds counts in both. */
  kinds: Record<string, Held>;
  /** Aligned ranges of the wanted size: in memory as a whole, and of them without a page that does not move. */
  ranges: number;
  cleanRanges: number;
}

const NAMES = new Map<number, OwnerKind>(
  (Object.entries(OWNER_KINDS) as [OwnerKind, number][]).map(([name, value]) => [value, name]),
);

const FREE = 1;
const MOVES = 2;
const STAYS = 4;
const HOLE = 8;

/** `bytes`: the size of a range, rounded up to a power of two and to a page block. */
export function obstaclesOf(m: Memory, bytes: number, pageSize: number): Obstacles {
  const blocks = Math.ceil(m.endPfn / m.pageblockPages);
  const seen = new Uint8Array(blocks);
  const kinds: Record<string, Held> = {};
  for (const zone of m.zones)
    walkPages(m, zone, (start, pages, use, owner) => {
      const kind = owner & OWNER_MASK;
      const bit =
        use !== "used" ? FREE : kind === OWNER_KINDS.hole ? HOLE : owner & MOVABLE_PAGE ? MOVES : STAYS;
      const first = start >>> m.pageblockOrder;
      const last = (start + pages - 1) >>> m.pageblockOrder;
      for (let b = first; b <= last; b++) seen[b]! |= bit;
      if (bit === STAYS) countKind(kinds, NAMES.get(kind) ?? "unknown", { pages, first, last });
    });
  const found: Obstacles = {
    blocks: 0,
    free: 0,
    movable: 0,
    fixed: 0,
    fixedByType: {},
    kinds: Object.fromEntries(
      Object.entries(kinds).map(([k, { blocks: n, pages }]) => [k, { blocks: n, pages }]),
    ),
    ...rangesIn(seen, 2 ** Math.ceil(log2(Math.max(1, bytes / pageSize / m.pageblockPages)))),
  };
  for (let b = 0; b < blocks; b++) countBlock(m, b, seen[b]!, found);
  return found;
}

/** Runs come in ascending order: a block is new to its kind if it is not the kind's last one. */
function countKind(
  kinds: Record<string, Held & { last?: number }>,
  name: string,
  { pages, first, last }: { pages: number; first: number; last: number },
): void {
  kinds[name] ??= { blocks: 0, pages: 0 };
  const kind = kinds[name]!;
  kind.pages += pages;
  kind.blocks += last - first + (kind.last === first ? 0 : 1);
  kind.last = last;
}

function countBlock(m: Memory, block: number, bits: number, found: Obstacles): void {
  if ((bits & ~HOLE) === 0) return;
  found.blocks++;
  if (bits & STAYS) {
    found.fixed++;
    const type = MIGRATE_NAMES[m.blockType(block << m.pageblockOrder)] ?? "unknown";
    found.fixedByType[type] = (found.fixedByType[type] ?? 0) + 1;
  } else if (bits & MOVES) found.movable++;
  else found.free++;
}

function rangesIn(seen: Uint8Array, step: number): { ranges: number; cleanRanges: number } {
  let ranges = 0;
  let cleanRanges = 0;
  for (let b = 0; b + step <= seen.length; b += step) {
    let bits = 0;
    let whole = true;
    for (let i = b; i < b + step; i++) {
      bits |= seen[i]!;
      whole &&= (seen[i]! & ~HOLE) !== 0;
    }
    if (!whole || bits & HOLE) continue;
    ranges++;
    if ((bits & STAYS) === 0) cleanRanges++;
  }
  return { ranges, cleanRanges };
}

/** Of several machines the one in the middle, by page blocks with pages that do not move: its numbers belong together. */
export function middleObstacles(all: readonly Obstacles[]): Obstacles {
  const sorted = [...all].sort((a, b) => a.fixed - b.fixed);
  return sorted[(sorted.length - 1) >> 1]!;
}

/** A cache of slabinfo and the pages of its slabs. */
export interface SlabHolder {
  name: string;
  pages: number;
}

const CACHES_MOST = 5;

/** The caches with most pages. Which page block a cache's pages are in, slabinfo does not say. */
export function slabHolders(caches: readonly SlabLine[]): SlabHolder[] {
  return caches
    .map(({ name, slabs, pagesPerSlab }) => ({ name, pages: slabs * pagesPerSlab }))
    .filter(({ pages }) => pages > 0)
    .sort((a, b) => b.pages - a.pages || (a.name < b.name ? -1 : 1))
    .slice(0, CACHES_MOST);
}
