/**
 * Draws which page blocks have which type, and which blocks are taken whole: by reserved memory, by huge pages, by free blocks as
 * large as a page block or larger.
 *
 * What is known of where: the kernel gives itself memory from one end of the zone while it boots, the lower one since 5.10 (FPI_TO_TAIL
 * of memblock_free_all()), the upper one before; struct pages come from the end of memory, since memblock searches from the top; the
 * kernel's image and initrd lie low. Blocks that were claimed later lie in runs anywhere.
 */

import { append } from "../../base/append";
import { pow } from "../../base/power";
import {
  MIGRATE_CMA,
  MIGRATE_HIGHATOMIC,
  MIGRATE_MOVABLE,
  MIGRATE_NAMES,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
} from "../../mm/state/migratetype";
import type { StateType } from "../machine-state";
import {
  NoRoom,
  OPEN,
  TAKEN_FREE,
  TAKEN_HUGE,
  TAKEN_HUGETLB,
  TAKEN_RESERVED,
  type ZoneGround,
} from "./zone-ground";

/** A free block that is as large as a page block or larger. */
export interface LargeFree {
  pfn: number;
  order: number;
  mt: number;
}

/** Of a zone without pagetypeinfo: at most this share of its blocks holds memory that does not move. */
const UNMOVABLE_SHARE_MOST = 0.2;
const LONGEST_RUN_LOG2 = 6;
/** The chance that all of them are where the booting kernel took its memory. */
const ALL_AT_BOOT_CHANCE = 0.5;

/** Types in the order in which they get their blocks: the fewest choices first. */
const PLACED = [MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE];

/** Blocks by type number. */
export function blocksByType(ground: ZoneGround): number[] {
  const { state, random } = ground;
  const open = ground.open().length;
  const counts = MIGRATE_NAMES.map((name) => state.blocks?.[name as StateType] ?? 0);
  if (state.blocks === undefined) {
    counts[MIGRATE_UNMOVABLE] = Math.floor(open * UNMOVABLE_SHARE_MOST * random.float());
    counts[MIGRATE_RECLAIMABLE] = Math.floor(counts[MIGRATE_UNMOVABLE]! * random.float());
  }
  return counts;
}

/** Sets the type of every block. `reserved` blocks at the end of the zone are Unmovable as far as there are such. */
export function placeTypes(ground: ZoneGround, reserved: { low: number; end: number }): void {
  const counts = blocksByType(ground);
  closeReserved(ground, reserved, counts);
  // The first frames of a machine and the edges of memory are the kernel's.
  for (const b of ground.partial())
    if (counts[MIGRATE_UNMOVABLE]! > 0) {
      ground.type[b] = MIGRATE_UNMOVABLE;
      counts[MIGRATE_UNMOVABLE]!--;
    }
  for (const mt of PLACED) {
    if (mt === MIGRATE_CMA) placeRun(ground, mt, counts[mt]!);
    else scatterRuns(ground, mt, counts[mt]!);
  }
}

/** Reserved memory takes whole blocks at both ends. */
function closeReserved(
  ground: ZoneGround,
  { low, end }: { low: number; end: number },
  counts: number[],
): void {
  const open = ground.open();
  for (const b of open.slice(0, low)) ground.taken[b] = TAKEN_RESERVED;
  for (const b of end > 0 ? open.slice(Math.max(low, open.length - end)) : []) {
    ground.taken[b] = TAKEN_RESERVED;
    if (counts[MIGRATE_UNMOVABLE]! > 0) {
      ground.type[b] = MIGRATE_UNMOVABLE;
      counts[MIGRATE_UNMOVABLE]!--;
    }
  }
}

/** One run of blocks, as a CMA area is. */
function placeRun(ground: ZoneGround, mt: number, n: number): void {
  if (n === 0) return;
  const starts = ground.open().filter((b) => ground.openRun(b, n));
  const from = starts.length === 0 ? 0 : ground.random.pick(starts);
  let left = n;
  for (let b = from; b < ground.blocks && left > 0; b++)
    if (ground.taken[b] === OPEN) {
      ground.type[b] = mt;
      left--;
    }
}

/** A part at the end where the booting kernel took its memory, with gaps; the rest in runs anywhere. */
function scatterRuns(ground: ZoneGround, mt: number, n: number): void {
  const { random, type } = ground;
  const left = ground.open(MIGRATE_MOVABLE);
  if (!ground.m.sw.bootFreeToTail) left.reverse();
  const atBoot = random.chance(ALL_AT_BOOT_CHANCE) ? n : Math.round(n * random.float());
  const density = 0.6 + 0.4 * random.float();
  let placed = 0;
  for (let i = 0; i < left.length && placed < Math.min(atBoot, n); i++)
    if (random.chance(density) || left.length - i <= n - placed) {
      type[left[i]!] = mt;
      placed++;
    }
  const run = pow(2, random.float() * LONGEST_RUN_LOG2);
  while (placed < n) {
    const open = ground.open(MIGRATE_MOVABLE);
    if (open.length === 0) return;
    const from = random.below(open.length);
    const length = Math.min(n - placed, Math.max(1, Math.round(random.exponential(run))), open.length - from);
    for (let i = 0; i < length; i++) type[open[from + i]!] = mt;
    placed += length;
  }
}

/** Huge pages of processes and of pools take whole Movable blocks. As many as there is room for; how many of each. */
export function placeHuge(ground: ZoneGround): { huge: number[]; hugetlb: number[] } {
  const { state, random, taken } = ground;
  const open = random.shuffle(ground.open(MIGRATE_MOVABLE));
  const hugetlb = open.slice(0, state.hugetlb);
  const huge = open.slice(hugetlb.length, hugetlb.length + state.hugePages);
  for (const b of hugetlb) taken[b] = TAKEN_HUGETLB;
  for (const b of huge) taken[b] = TAKEN_HUGE;
  return { huge, hugetlb };
}

/** Free blocks of the order of a page block and above, the largest first; no two of one order are buddies. */
export function placeLargeFree(ground: ZoneGround): LargeFree[] {
  const { m } = ground;
  const placed: LargeFree[] = [];
  const orderAt = new Int8Array(ground.blocks).fill(-1);
  for (let order = m.maxOrder; order >= m.pageblockOrder; order--)
    for (const [mt, name] of MIGRATE_NAMES.entries()) {
      const n = ground.state.free[name as StateType]?.[order] ?? 0;
      if (n > 0) append(placed, placeOrder(ground, { order, mt, n }, orderAt));
    }
  return placed;
}

/** What is asked for: so many free blocks of an order and type. */
export interface FreeAsked {
  order: number;
  mt: number;
  n: number;
}

function placeOrder(ground: ZoneGround, { order, mt, n }: FreeAsked, orderAt: Int8Array): LargeFree[] {
  const { m, random } = ground;
  const span = 1 << (order - m.pageblockOrder);
  const first = (span - (ground.firstBlock % span)) % span;
  const starts: number[] = [];
  for (let b = first; b + span <= ground.blocks; b += span) if (ground.openRun(b, span)) starts.push(b);
  const own = (b: number) => {
    for (let i = b; i < b + span; i++) if (ground.type[i] !== mt) return 1;
    return 0;
  };
  // Those of the type first; each half in random order.
  random.shuffle(starts).sort((a, b) => own(a) - own(b));
  const placed: LargeFree[] = [];
  for (const b of starts) {
    if (placed.length === n) break;
    const buddy = (((ground.firstBlock + b) ^ span) - ground.firstBlock) | 0;
    if (order < m.maxOrder && buddy >= 0 && buddy < ground.blocks && orderAt[buddy] === order) continue;
    for (let i = b; i < b + span; i++) {
      ground.taken[i] = TAKEN_FREE;
      orderAt[i] = order;
      retype(ground, i, mt);
    }
    placed.push({ pfn: ground.pfn(b), order, mt });
  }
  if (placed.length < n) throw new NoRoom(order, n - placed.length);
  return placed;
}

/** The block gets the type; an open block that had it gets the other type in exchange. */
function retype(ground: ZoneGround, block: number, mt: number): void {
  const { type } = ground;
  const was = type[block]!;
  if (was === mt) return;
  type[block] = mt;
  const other = ground.open(mt);
  if (other.length > 0) type[ground.random.pick(other)] = was;
}
