/**
 * What the frames hold that are not free: reserved memory, pages that never move, pages that may. How many there are of each is
 * known from zoneinfo; without it the pages that do not move in Movable blocks are drawn.
 */

import { append } from "../../base/append";
import { pow } from "../../base/power";
import type { Random } from "../../base/random";
import { MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE } from "../../mm/state/migratetype";
import { OWNER_KINDS } from "../../mm/state/owners";
import type { MachineState } from "../machine-state";
import { ABSENT, OPEN, PARTIAL, type Past, TAKEN_RESERVED, type ZoneGround } from "./zone-ground";

/** Frames of one zone by what they hold. */
export interface PlacedPages {
  reserved: number[];
  /** Pages that never move, and their OWNER_KINDS. */
  fixed: number[];
  fixedKinds: number[];
  /** Pages that may move, in random order; the first `anon` of them are of processes, then come those of files. */
  movable: Int32Array;
  anon: number;
  /** Single pages on per-CPU lists. */
  perCpu: number[];
}

/** Of zones of which only the lists are known: the chance that no page in a Movable block is fixed, and else the range of their share. */
const CLEAN_CHANCE = 0.25;
/**
 * The same where whole blocks are free: requests of the kernel that find no page of their type take the largest free block and claim
 * it (mm/page_alloc.c: __rmqueue_fallback()), so that single pages go into Movable blocks only once no large block is left.
 */
const CLEAN_CHANCE_WITH_BLOCKS = 0.75;
const FIXED_SHARE: readonly [number, number] = [0.0005, 0.15];
/** Fixed pages in a block where such lie, as a share of the block. */
const FIXED_IN_BLOCK: readonly [number, number] = [1 / 32, 1 / 2];
/** The chance that such blocks lie side by side. */
const SIDE_BY_SIDE_CHANCE = 0.5;

/** What no text tells, once for all zones. */
export function drawPast(random: Random): Past {
  return { clean: random.float(), fixedShare: logUniform(random, FIXED_SHARE) };
}

/** A number between two, each power of two equally likely. */
function logUniform(random: Random, [least, most]: readonly [number, number]): number {
  return least * pow(most / least, random.float());
}

/** `isFree`: one byte a frame from the zone's first. `reserved`: pages still to be reserved in blocks that are not reserved whole. */
export function placePages(
  ground: ZoneGround,
  isFree: Uint8Array,
  reserved: number,
  kernel: MachineState["kernel"],
): PlacedPages {
  const { state } = ground;
  const used = usedFrames(ground, isFree);
  const kept: PlacedPages = {
    reserved: used.reserved,
    fixed: [],
    fixedKinds: [],
    movable: new Int32Array(0),
    anon: 0,
    perCpu: [],
  };
  keepReserved(ground, used, reserved, kept.reserved);
  kept.perCpu = perCpuPages(ground, used);
  const counts = countFixed(ground, used);
  moveOut(ground, used, counts);
  kept.fixed = used.fixed;
  kept.fixedKinds = fixedKinds(ground, kept.fixed, kernel);
  kept.movable = ground.random.shuffle(Int32Array.from(used.movable));
  kept.anon = Math.min(kept.movable.length, anonPages(state, kept.movable.length));
  return kept;
}

/** Frames in use by the kind of their block, ascending. */
interface Used {
  reserved: number[];
  fixed: number[];
  movable: number[];
}

function usedFrames(ground: ZoneGround, isFree: Uint8Array): Used {
  const used: Used = { reserved: [], fixed: [], movable: [] };
  const { startPfn } = ground.zone;
  for (const r of ground.ram)
    for (let p = r.startPfn; p < r.endPfn; p++) {
      if (isFree[p - startPfn] === 1) continue;
      const block = Math.floor(p / ground.pageblockPages) - ground.firstBlock;
      const taken = ground.taken[block]!;
      if (taken === TAKEN_RESERVED) used.reserved.push(p);
      else if (taken === OPEN || taken === PARTIAL || taken === ABSENT)
        (movableBlock(ground.type[block]!) ? used.movable : used.fixed).push(p);
    }
  return used;
}

function movableBlock(mt: number): boolean {
  return mt === MIGRATE_MOVABLE || mt === MIGRATE_CMA;
}

/** More reserved frames, the lowest in use first: the first page, tables, the kernel's image; or too many give some back. */
function keepReserved(ground: ZoneGround, used: Used, wanted: number, reserved: number[]): void {
  let left = wanted - reserved.length;
  const from = used.fixed.length > used.movable.length ? used.fixed : used.movable;
  const first = from.splice(0, Math.max(0, Math.min(left, from.length)));
  left -= first.length;
  const other = from === used.fixed ? used.movable : used.fixed;
  const more = other.splice(0, Math.max(0, Math.min(left, other.length)));
  const back = left < 0 ? reserved.splice(reserved.length + left, -left) : [];
  for (const part of [first, more]) append(reserved, part);
  // What the block was too large for is in use by the kernel.
  append(used.fixed, back);
  if (back.length > 0 && ground.state.managed === undefined) used.fixed.sort((a, b) => a - b);
}

/** Pages on per-CPU lists: single ones, of no block that is free beside them. */
function perCpuPages(ground: ZoneGround, used: Used): number[] {
  const wanted = ground.state.perCpu ?? ground.random.below(ground.state.high + 1);
  const from = used.movable.length >= wanted ? used.movable : used.fixed;
  const n = Math.min(wanted, from.length);
  const taken: number[] = [];
  for (let i = 0; i < n; i++) {
    const j = ground.random.below(from.length);
    taken.push(from[j]!);
    from[j] = from[from.length - 1]!;
    from.pop();
  }
  if (n > 0) from.sort((a, b) => a - b);
  return taken;
}

/** How many fixed pages lie in Movable blocks, and how many that may move in others. */
function countFixed(
  { m, state, past, random, zone, pageblockPages }: ZoneGround,
  used: Used,
): { stray: number; guests: number } {
  const may = used.movable.length;
  if (state.anon !== undefined || state.file !== undefined) {
    const huge = Math.min(state.anon ?? 0, state.hugePages * pageblockPages);
    const moving = (state.anon ?? 0) + (state.file ?? 0) - huge;
    const fixed = Math.max(0, used.fixed.length + may - moving);
    return { stray: Math.max(0, fixed - used.fixed.length), guests: Math.max(0, used.fixed.length - fixed) };
  }
  const whole = Object.values(state.free).some((counts) =>
    counts.some((n, o) => n > 0 && o >= m.pageblockOrder),
  );
  if (zone.name === "Movable" || past.clean < (whole ? CLEAN_CHANCE_WITH_BLOCKS : CLEAN_CHANCE))
    return { stray: 0, guests: 0 };
  const share = past.fixedShare * (0.5 + random.float());
  return { stray: Math.min(Math.round(share * (may + used.fixed.length)), Math.floor(may * 0.9)), guests: 0 };
}

/** Puts fixed pages into Movable blocks, some tens into each of a part of them; and pages that may move into others. */
function moveOut(g: ZoneGround, used: Used, { stray, guests }: { stray: number; guests: number }): void {
  const { random } = g;
  if (stray > 0) {
    const [kept, moved] = strayPages(g, used.movable, stray);
    used.movable = kept;
    used.fixed = [...used.fixed, ...moved];
  }
  if (guests > 0) {
    random.shuffle(used.fixed);
    append(used.movable, used.fixed.splice(used.fixed.length - guests, guests));
  }
}

function strayPages(g: ZoneGround, frames: number[], stray: number): [kept: number[], moved: number[]] {
  const { random, pageblockPages } = g;
  const byBlock = new Map<number, number[]>();
  for (const p of frames) {
    const block = Math.floor(p / pageblockPages);
    const list = byBlock.get(block);
    if (list === undefined) byBlock.set(block, [p]);
    else list.push(p);
  }
  const inBlock = Math.max(1, Math.round(logUniform(random, FIXED_IN_BLOCK) * pageblockPages));
  const blocks = [...byBlock.values()];
  if (random.chance(SIDE_BY_SIDE_CHANCE)) {
    const from = random.below(blocks.length);
    append(blocks, blocks.splice(0, from));
  } else random.shuffle(blocks);
  const kept: number[] = [];
  const moved: number[] = [];
  let left = stray;
  for (const [i, list] of blocks.entries()) {
    // Never fewer than what has to fit into the blocks that are left.
    const least = Math.ceil(left / (blocks.length - i));
    const n = Math.min(list.length, left, Math.max(inBlock, least));
    random.shuffle(list);
    append(moved, list.slice(0, n));
    append(kept, list.slice(n));
    left -= n;
  }
  return [kept, moved];
}

/** Kinds of the pages that never move: in Reclaimable blocks slab that shrinks, elsewhere as the machine's totals are. */
function fixedKinds(g: ZoneGround, fixed: readonly number[], kernel: MachineState["kernel"]): number[] {
  const { slab = 0, pageTable = 0, kernelStack = 0, slabReclaimable = 0 } = kernel;
  const known = slab + pageTable + kernelStack;
  return fixed.map((p) => {
    const block = Math.floor(p / g.pageblockPages) - g.firstBlock;
    if (g.type[block] === MIGRATE_RECLAIMABLE) return OWNER_KINDS.slabReclaimable;
    if (known + slabReclaimable === 0) return OWNER_KINDS.slab;
    const at = g.random.float() * Math.max(fixed.length, known);
    if (at < slab) return OWNER_KINDS.slab;
    if (at < slab + pageTable) return OWNER_KINDS.pageTable;
    return at < known ? OWNER_KINDS.kernelStack : OWNER_KINDS.driver;
  });
}

function anonPages({ anon, file }: ZoneGround["state"], movable: number): number {
  if (anon === undefined && file === undefined) return movable;
  const sum = (anon ?? 0) + (file ?? 0);
  return sum === 0 ? movable : Math.round((movable * (anon ?? 0)) / sum);
}
