/**
 * A machine with a given mix of pages: shares of memory that are movable, reclaimable, unmovable and free, and the share of page
 * blocks that hold pages which do not move. It is put together at once, not grown: where nothing is known of how a machine got
 * where it is, as with a recorded snapshot.
 */
import { groupBy, sortBy } from "lodash";
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { isolateFreePage } from "../mm/allocation/isolate-free-page";
import { freePages } from "../mm/allocation/page-alloc";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE } from "../mm/state/migratetype";
import { markTaken } from "../mm/state/owners";
import type { Zone } from "../mm/state/zone";
import { filled, type OutOf, optional, share, whole } from "../schema/field";
import { duration } from "./parameters";
import { pollution } from "./pollution";
import { giveBack, ordinaryBlocks, settle } from "./take-frames";
import { type Actor, defineWorkload } from "./workload";

/** Times that movable memory is brought up to its share. */
const PASSES = 4;

class Mix implements Actor {
  nextMs: number;
  done: boolean;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: OutOf<typeof PARAMETERS>,
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.done = false;
  }

  step(): void {
    // A state is set up, not lived through: no fallback on the way shall make kswapd take page cache away.
    const { memory } = this.system;
    const boost = memory.watermarkBoostFactor;
    memory.watermarkBoostFactor = 0;
    this.placeFixed();
    this.placeMovable();
    memory.watermarkBoostFactor = boost;
    this.nextMs = Number.POSITIVE_INFINITY;
    this.done = true;
  }

  /** Pages that do not move, spread evenly over page blocks chosen at random among those that are free as a whole. */
  private placeFixed(): void {
    const { system, p } = this;
    const { memory: m } = system;
    settle(m);
    const now = shares(system);
    const managed = system.managedPages;
    let reclaimable = Math.round(Math.max(0, p.reclaimable - now.reclaimable) * managed);
    let unmovable = Math.round(Math.max(0, p.unmovable - now.unmovable) * managed);
    const candidates = this.candidates();
    const wanted = Math.round((p.polluted - now.polluted) * now.blocks);
    // So few blocks cannot hold so many pages: then as many as they need.
    const least = Math.ceil(reclaimable / m.pageblockPages) + Math.ceil(unmovable / m.pageblockPages);
    const n = Math.min(candidates.length, Math.max(least, wanted, 0));
    let forReclaimable = Math.round((n * reclaimable) / Math.max(1, reclaimable + unmovable));
    // Every block gets a page at least, also if the shares of memory are reached already: the share of page blocks counts too.
    for (let i = 0; i < n; i++) {
      const isReclaimable = forReclaimable > 0;
      const pages = isReclaimable
        ? Math.ceil(reclaimable / forReclaimable--)
        : Math.max(1, Math.ceil(unmovable / Math.max(1, n - i)));
      if (isReclaimable) reclaimable -= this.fill(candidates[i]!, pages, isReclaimable);
      else unmovable -= this.fill(candidates[i]!, pages, isReclaimable);
    }
  }

  /** Page blocks that are free as a whole, in the order in which they are spoiled; those of a run follow one another. */
  private candidates(): number[] {
    const { system, random, p } = this;
    const { memory: m } = system;
    const free = ordinaryBlocks(m).filter((block) => wholeFree(m, block));
    const run = p.run ?? 1;
    if (run === 1) return random.shuffle(free);
    const places = groupBy(free, (block) => Math.floor(block / (run * m.pageblockPages)));
    return random.shuffle(sortBy(Object.values(places), ([first]) => first)).flat();
  }

  /** Takes `pages` frames at random places of a free block, and gives the block their type. */
  private fill(block: number, pages: number, reclaimable: boolean): number {
    const { memory: m } = this.system;
    const zone = m.zoneOf(block)!;
    takeBlock(m, zone, block);
    m.setBlockType(block, reclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE);
    const frames = Array.from({ length: m.pageblockPages }, (_, i) => block + i);
    this.random.shuffle(frames);
    const n = Math.min(pages, frames.length);
    for (let i = 0; i < n; i++)
      markTaken(m, frames[i]!, frames[i]! + 1, reclaimable ? "slabReclaimable" : "slab");
    for (let i = n; i < frames.length; i++) freePages(m, frames[i]!, 0);
    return n;
  }

  private placeMovable(): void {
    const { system, random, p } = this;
    // Near the watermarks kswapd takes page cache away as it comes; what lacks is made up with anonymous pages.
    for (let pass = 0, pageCache = p.pageCache; pass < PASSES; pass++, pageCache = 0)
      for (let n = Math.round((p.movable - shares(system).movable) * system.managedPages); n > 0; n--)
        if (system.alloc(random.chance(pageCache) ? "fileClean" : "anon") < 0) return;
  }

  /** The mix is the machine's state: it stays. */
  stop(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

/** Shares of managed memory and of page blocks; frames that the allocator does not manage count nowhere but in `polluted`. */
export function shares(system: Pick<System, "memory" | "managedPages">): {
  movable: number;
  reclaimable: number;
  unmovable: number;
  free: number;
  polluted: number;
  blocks: number;
} {
  const { movable, reclaimable, free, polluted, blocks } = pollution(system.memory);
  const managed = system.managedPages;
  return {
    movable: movable / managed,
    reclaimable: reclaimable / managed,
    unmovable: Math.max(0, managed - movable - reclaimable - free) / managed,
    free: free / managed,
    polluted: polluted / blocks,
    blocks,
  };
}

function wholeFree(m: Memory, block: number): boolean {
  const place = m.freePlaceOf(block);
  return place !== undefined && !place.pcp && place.order >= m.pageblockOrder;
}

/** Takes a whole free block off the lists; the rest of a larger free page goes back. */
function takeBlock(m: Memory, zone: Zone, block: number): void {
  const { head, order } = m.freePlaceOf(block)!;
  const types: number[] = [];
  for (let b = head; b < head + 2 ** order; b += m.pageblockPages) types.push(m.blockType(b));
  isolateFreePage(m, zone, head, order);
  for (let b = head, i = 0; b < head + 2 ** order; b += m.pageblockPages) {
    m.setBlockType(b, types[i++]!);
    if (b !== block) giveBack(m, b, b + m.pageblockPages);
  }
}

const PARAMETERS = {
  duration: duration("1s"),
  movable: filled(share("memory in movable pages", { default: 0.6 })),
  reclaimable: filled(share("memory in reclaimable slab", { default: 0.03 })),
  unmovable: filled(
    share("memory in other pages that do not move, including the kernel's own since boot", { default: 0.05 }),
  ),
  polluted: filled(
    share("page blocks that hold a page which does not move, including those of the boot", { default: 0.2 }),
  ),
  run: optional(
    whole("adjacent page blocks that hold such pages together", "page blocks", {
      least: 1,
      most: 1 << 20,
      default: 1,
    }),
  ),
  pageCache: filled(
    share("movable pages that are clean page cache; the others are anonymous", { default: 0.5 }),
  ),
};

export const mix = defineWorkload({
  kind: "mix",
  title: "a given mix of pages",
  summary:
    "Sets up a machine that has the given shares of movable, reclaimable, unmovable and free memory, and the given share of page blocks with pages that do not move. fitSnapshot() derives one from a recorded snapshot.",
  parameters: PARAMETERS,
  leaves: ["anon", "fileClean", "slab", "slabReclaimable"],
  durationMs: (p) => p.duration,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) => new Mix(system, random, p, startMs),
});
