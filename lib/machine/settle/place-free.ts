/**
 * Draws where the free blocks below a page block's order lie. A free block of an order lies in a region of twice its size; the other
 * half must not be free as a whole, or the kernel would have merged the two. So a region is split when a free block goes into it: the
 * half that is left may hold smaller free blocks only. Going from the largest order down, whatever was real finds room.
 */
import { MIGRATE_MOVABLE, MIGRATE_NAMES, MIGRATE_TYPES } from "../../mm/state/migratetype";
import type { StateType } from "../machine-state";
import type { FreeAsked, LargeFree } from "./place-blocks";
import { NoRoom, PARTIAL, type ZoneGround } from "./zone-ground";

/** Regions by the type of their block: first frames. */
type Regions = number[][];

/** Places them all; the list of each is its type's, or since 6.10 that of its block. */
export function placeSmallFree(ground: ZoneGround): LargeFree[] {
  const { m, state } = ground;
  let regions = wholeBlocks(ground);
  const pieces = partialPieces(ground);
  const placed: LargeFree[] = [];
  for (let order = m.pageblockOrder - 1; order >= 0; order--) {
    // Regions of twice the size; what no free block took is halved for the next order.
    if (order + 1 < m.pageblockOrder)
      for (const { pfn, mt } of pieces[order + 1] ?? []) regions[mt]!.push(pfn);
    const asked = MIGRATE_NAMES.map(
      (name, mt): FreeAsked => ({ order, mt, n: countOf(state.free, name, order) }),
    );
    const left = asked.map((a) => ({ ...a, n: a.n - take(ground, a, regions[a.mt]!, placed) }));
    for (const a of left) a.n -= takeWhole(a, pieces[order] ?? [], placed);
    for (const a of left) spill(ground, a, regions, placed);
    regions = halved(regions, order);
  }
  return placed;
}

function countOf(free: ZoneGround["state"]["free"], name: string, order: number): number {
  return free[name as StateType]?.[order] ?? 0;
}

/** Every open block, by its type. */
function wholeBlocks(ground: ZoneGround): Regions {
  const regions: Regions = Array.from({ length: MIGRATE_TYPES }, () => []);
  for (const b of ground.open()) regions[ground.type[b]!]!.push(ground.pfn(b));
  return regions;
}

/** Memory in blocks that are not all of this zone, in its largest aligned pieces, by order. */
function partialPieces(ground: ZoneGround): { pfn: number; mt: number }[][] {
  const { m } = ground;
  const pieces: { pfn: number; mt: number }[][] = [];
  for (const { startPfn, endPfn } of ground.ram)
    for (let p = startPfn; p < endPfn; ) {
      const block = Math.floor(p / m.pageblockPages) - ground.firstBlock;
      if (ground.taken[block] !== PARTIAL) {
        p = ground.pfn(block + 1);
        continue;
      }
      let order = 0;
      while (order + 1 < m.pageblockOrder && p % 2 ** (order + 1) === 0 && p + 2 ** (order + 1) <= endPfn)
        order++;
      pieces[order] ??= [];
      pieces[order]!.push({ pfn: p, mt: ground.type[block]! });
      p += 2 ** order;
    }
  return pieces;
}

/** Marks a region as used by a free block of the order: its frame is replaced by −1 − the half that is left. */
function take(ground: ZoneGround, { order, mt, n }: FreeAsked, from: number[], placed: LargeFree[]): number {
  const { random } = ground;
  let open = 0;
  for (let i = 0; i < from.length; i++) {
    const region = from[i]!;
    if (region < 0) continue;
    // Those not used yet come first.
    from[i] = from[open]!;
    from[open++] = region;
  }
  const taken = Math.min(n, open);
  for (let k = 0; k < taken; k++) {
    const j = k + random.below(open - k);
    const region = from[j]!;
    from[j] = from[k]!;
    const upper = random.chance(0.5);
    placed.push({ pfn: upper ? region + 2 ** order : region, order, mt });
    from[k] = -1 - (upper ? region : region + 2 ** order);
  }
  return taken;
}

/** A piece at the edge of memory may be free as a whole: its other half is no memory, so that nothing merges. */
function takeWhole(
  { order, mt, n }: FreeAsked,
  pieces: { pfn: number; mt: number }[],
  placed: LargeFree[],
): number {
  let taken = 0;
  for (let i = pieces.length - 1; i >= 0 && taken < n; i--) {
    if (pieces[i]!.mt !== mt) continue;
    placed.push({ pfn: pieces[i]!.pfn, order, mt });
    pieces.splice(i, 1);
    taken++;
  }
  return taken;
}

/** Free blocks that found no room in blocks of their type lie in others, as after a fallback. */
function spill(ground: ZoneGround, asked: FreeAsked, regions: Regions, placed: LargeFree[]): void {
  let { n } = asked;
  const types = [MIGRATE_MOVABLE, ...regions.keys()];
  for (const mt of types) {
    if (n === 0) return;
    const listed = ground.m.sw.freelistHygiene ? mt : asked.mt;
    n -= take(ground, { order: asked.order, mt: listed, n }, regions[mt]!, placed);
  }
  if (n > 0) throw new NoRoom(asked.order, n);
}

/** The regions of the next order: the halves that are left, and both halves of regions without a free block. */
function halved(regions: Regions, order: number): Regions {
  if (order === 0) return regions;
  return regions.map((list) => {
    const next: number[] = [];
    for (const region of list)
      if (region < 0) next.push(-1 - region);
      else next.push(region, region + 2 ** order);
    return next;
  });
}
