/**
 * The page blocks of one zone while its state is drawn: which exist, their type, and what already takes them whole. Numbers of
 * blocks count from the zone's first.
 */
import type { Random } from "../../base/random";
import type { Memory } from "../../mm/state/memory";
import { MIGRATE_MOVABLE } from "../../mm/state/migratetype";
import type { Zone } from "../../mm/state/zone";
import type { FrameSpan } from "../../mm/state/zone-frames";
import type { MachineState, ZoneState } from "../machine-state";

/** What a block is taken by. */
export const OPEN = 0;
export const TAKEN_FREE = 1;
export const TAKEN_RESERVED = 2;
export const TAKEN_HUGE = 3;
export const TAKEN_HUGETLB = 4;
/** Not all of the block has memory of this zone. */
export const PARTIAL = 5;
/** None of it has. */
export const ABSENT = 255;

/** More free blocks than there is room for; the draw is tried again with more room. */
export class NoRoom extends Error {
  constructor(
    readonly order: number,
    readonly blocks: number,
  ) {
    super(`no room for ${blocks} free blocks of order ${order}`);
  }
}

/** What is drawn once for a machine: how much pressure its kernel's requests were under. */
export interface Past {
  /** Below the chance of a zone, no page that does not move lies in its Movable blocks. */
  clean: number;
  /** Otherwise the share of pages in use that do. */
  fixedShare: number;
}

/** The state of the zone, the machine's past, and where memory is, if that is known. */
export interface GroundInput {
  state: ZoneState;
  past: Past;
  ram: MachineState["ram"];
  /** Where frames without memory lie that nothing tells: beside the first frames, or the last. */
  holesFirst: boolean;
}

export class ZoneGround {
  readonly state: ZoneState;
  readonly past: Past;
  readonly pageblockPages: number;
  /** Number of the zone's first block in the machine. */
  readonly firstBlock: number;
  readonly blocks: number;
  readonly type: Uint8Array;
  readonly taken: Uint8Array;
  /** Memory of the zone, ascending. */
  readonly ram: readonly FrameSpan[];

  constructor(
    readonly m: Memory,
    readonly zone: Zone,
    { state, past, ram, holesFirst }: GroundInput,
    readonly random: Random,
  ) {
    this.state = state;
    this.past = past;
    this.pageblockPages = m.pageblockPages;
    this.firstBlock = Math.floor(zone.startPfn / m.pageblockPages);
    this.blocks = Math.ceil(zone.endPfn / m.pageblockPages) - this.firstBlock;
    this.ram = ramOf(m, zone, state, { ram, holesFirst });
    this.type = new Uint8Array(this.blocks).fill(MIGRATE_MOVABLE);
    this.taken = new Uint8Array(this.blocks).fill(ABSENT);
    for (const { startPfn, endPfn } of this.ram) {
      const from = Math.ceil(startPfn / m.pageblockPages) - this.firstBlock;
      const to = Math.floor(endPfn / m.pageblockPages) - this.firstBlock;
      for (const b of [from - 1, to]) if (this.taken[b] === ABSENT) this.taken[b] = PARTIAL;
      if (to > from) this.taken.fill(OPEN, from, to);
    }
    this.closeEmpty();
  }

  /** Edges that touch no memory are no blocks. */
  private closeEmpty(): void {
    for (let b = 0; b < this.blocks; b++) {
      const from = this.pfn(b);
      const to = from + this.pageblockPages;
      const some = this.ram.some((r) => r.startPfn < to && r.endPfn > from);
      if (this.taken[b] === PARTIAL && !some) this.taken[b] = ABSENT;
    }
  }

  /** First frame of a block. */
  pfn(block: number): number {
    return (this.firstBlock + block) * this.pageblockPages;
  }

  /** Blocks with a part of their memory, ascending. */
  partial(): number[] {
    const found: number[] = [];
    for (let b = 0; b < this.blocks; b++) if (this.taken[b] === PARTIAL) found.push(b);
    return found;
  }

  /** Open blocks, ascending. */
  open(type = -1): number[] {
    const found: number[] = [];
    for (let b = 0; b < this.blocks; b++)
      if (this.taken[b] === OPEN && (type < 0 || this.type[b] === type)) found.push(b);
    return found;
  }

  /** Whether `n` blocks from `block` on are open. */
  openRun(block: number, n: number): boolean {
    if (block < 0 || block + n > this.blocks) return false;
    for (let b = block; b < block + n; b++) if (this.taken[b] !== OPEN) return false;
    return true;
  }
}

/**
 * Where the memory of a zone is: as known; else in its first page blocks, as many as pagetypeinfo counts (zones below 4 GiB end in a
 * hole), with the holes that are left beside the first frame or the last.
 */
function ramOf(
  m: Memory,
  zone: Zone,
  { present, blocks }: ZoneState,
  { ram, holesFirst }: Pick<GroundInput, "ram" | "holesFirst">,
): FrameSpan[] {
  const known = (ram ?? []).flatMap(({ startPfn, pages }) => {
    const from = Math.max(startPfn, zone.startPfn);
    const to = Math.min(startPfn + pages, zone.endPfn);
    return to > from ? [{ startPfn: from, endPfn: to }] : [];
  });
  const pages = known.reduce((n, r) => n + r.endPfn - r.startPfn, 0);
  // A map that shows less than the zone has is none of this machine.
  if (pages >= 0.99 * present) return known.sort((a, b) => a.startPfn - b.startPfn);
  const { startPfn } = zone;
  const counted = Object.values(blocks ?? {}).reduce((n, b) => n + b, 0);
  const first = startPfn - (startPfn % m.pageblockPages);
  const blocksEnd = counted === 0 ? startPfn + present : first + counted * m.pageblockPages;
  const endPfn = Math.min(zone.endPfn, Math.max(startPfn + present, blocksEnd));
  const hole = endPfn - startPfn - present;
  if (hole === 0) return [{ startPfn, endPfn }];
  if (!holesFirst) return [{ startPfn, endPfn: endPfn - hole }];
  // The first frame itself is memory: the zone begins with it.
  return [
    { startPfn, endPfn: startPfn + 1 },
    { startPfn: startPfn + 1 + hole, endPfn },
  ];
}
