/**
 * Fragmentation with dials: a constant amount of memory in use, of which given shares are unmovable and reclaimable, in blocks of given
 * orders, any of which are freed and replaced all the time. The cost of a run is proportional to the blocks replaced, its memory
 * to the blocks in use: neither depends on how long it lasts otherwise.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { __GFP_RECLAIMABLE, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { OwnerKind } from "../mm/state/owners";
import { filled, number, type OutOf, share } from "../schema/field";
import { type Load, Paced } from "./load";
import { checkOrders, drawOrder, duration, type OrderWeight, orderWeights, totalWeight } from "./parameters";
import { SideBySide } from "./side-by-side";
import { type Actor, defineWorkload, type RatedMachine } from "./workload";

/** A block is its slot or first frame times this, plus its order. */
const BY_ORDER = 32;

/** Parts in which memory is filled: a modelling choice. */
const FILL_PARTS = 1024;

const KINDS = [
  { owner: "anon", gfp: GFP_HIGHUSER_MOVABLE },
  { owner: "slab", gfp: GFP_KERNEL },
  { owner: "slabReclaimable", gfp: GFP_KERNEL | __GFP_RECLAIMABLE },
] as const satisfies readonly { owner: OwnerKind; gfp: number }[];

/** Blocks of one mobility. */
export class ChurnedBlocks {
  heldPages: number;
  private readonly blocks: number[];
  private readonly weight: number;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly orders: readonly OrderWeight[],
    private readonly kind: (typeof KINDS)[number],
    /** Pages it holds; more by less than one block. */
    readonly wantedPages: number,
  ) {
    this.heldPages = 0;
    this.blocks = [];
    this.weight = totalWeight(orders);
  }

  /**
   * Requests blocks until it holds `pages`, by default all of its own. A large block that is not to be had becomes a single page.
   */
  fill(pages = this.wantedPages): void {
    while (this.heldPages < pages) {
      const order = drawOrder(this.orders, this.weight, this.random);
      if (!this.take(order) && (order === 0 || !this.take(0))) return;
    }
  }

  private take(order: number): boolean {
    const { system, kind } = this;
    const id =
      kind.owner === "anon"
        ? system.alloc(kind.owner, order, kind.gfp)
        : system.allocFixed(kind.owner, kind.gfp, order);
    if (id < 0) return false;
    this.blocks.push(id * BY_ORDER + order);
    this.heldPages += 1 << order;
    return true;
  }

  /** Frees a block chosen at random; returns its pages. */
  drop(): number {
    const { blocks, system } = this;
    const at = this.random.below(blocks.length);
    const block = blocks[at]!;
    blocks[at] = blocks.at(-1)!;
    blocks.pop();
    const order = block % BY_ORDER;
    const id = (block - order) / BY_ORDER;
    if (this.kind.owner === "anon") system.free(id);
    else system.freeFixed(id, order);
    this.heldPages -= 1 << order;
    return 1 << order;
  }
}

export class ChurnLoad implements Load {
  constructor(
    private readonly system: System,
    private readonly random: Random,
    readonly kinds: readonly ChurnedBlocks[],
  ) {}

  /** All get their pages, in turn by small parts, so that none has memory to itself. */
  fill(): void {
    for (let part = 1; part <= FILL_PARTS; part++)
      for (const kind of this.kinds) kind.fill(Math.ceil((kind.wantedPages * part) / FILL_PARTS));
  }

  /** Replaces blocks of about `pages` pages in all; the kind of each is drawn by the pages that the kinds hold. */
  turn(pages: number): number {
    this.system.runAnywhere(this.random);
    let replaced = 0;
    while (replaced < pages) {
      const kind = this.draw();
      if (kind === undefined) return replaced;
      replaced += kind.drop();
      kind.fill();
    }
    return replaced;
  }

  private draw(): ChurnedBlocks | undefined {
    let at = this.kinds.reduce((pages, kind) => pages + kind.heldPages, 0);
    if (at === 0) return undefined;
    at = this.random.below(at);
    return this.kinds.find((kind) => {
      at -= kind.heldPages;
      return at < 0;
    });
  }

  /** What is in use stays in use. */
  stop(): void {}
}

/** Fills memory at once, when the workload begins. */
class Filling implements Actor {
  constructor(
    private readonly load: ChurnLoad,
    public nextMs: number,
  ) {}

  step(): void {
    this.load.fill();
    this.nextMs = Number.POSITIVE_INFINITY;
  }

  stop(): void {}
}

const PARAMETERS = {
  duration: duration("10 minutes"),
  fill: filled(
    share("memory in use, with what is in use when it begins", { default: 0.7, source: "modelling choice" }),
  ),
  unmovable: filled(
    share("of what it holds, pages that do not move", { default: 0.1, source: "modelling choice" }),
  ),
  reclaimable: filled(
    share("of what it holds, pages that do not move but lie among reclaimable ones", {
      default: 0.05,
      source: "modelling choice",
    }),
  ),
  orders: orderWeights("sizes of blocks, by number of requests", "0:90 1:4 2:3 3:3"),
  turnover: filled(
    number("share of what it holds that is freed and requested anew per second", "1/s", {
      default: 0.02,
      most: 1000,
      source: "modelling choice",
    }),
  ),
};

type Parameters = OutOf<typeof PARAMETERS>;

/** Pages that it will hold. */
function wantedPages(system: RatedMachine, p: Parameters): number {
  const used = system.managedPages - system.freePages;
  return Math.max(0, Math.floor(system.managedPages * p.fill) - used);
}

/** The load for a machine as it is now. Unmovable and reclaimable shares beyond 1 together are cut to 1. */
export function churnLoad(system: System, p: Parameters, random: Random): ChurnLoad {
  checkOrders("churn", p.orders, system.memory.maxOrder);
  const pages = wantedPages(system, p);
  const unmovable = Math.round(pages * p.unmovable);
  const reclaimable = Math.min(pages - unmovable, Math.round(pages * p.reclaimable));
  const wanted = [pages - unmovable - reclaimable, unmovable, reclaimable];
  const kinds = KINDS.map(
    (kind, at) => new ChurnedBlocks(system, random.fork(kind.owner), p.orders, kind, wanted[at]!),
  );
  return new ChurnLoad(system, random.fork("churn"), kinds);
}

export const churn = defineWorkload({
  kind: "churn",
  title: "fragmentation with dials",
  summary:
    "Keeps a share of memory in use, of which given shares do not move or are reclaimable, in blocks of given orders. Blocks chosen at random are freed and requested anew all the time, for as long as one likes.",
  parameters: PARAMETERS,
  leaves: ["anon", "slab", "slabReclaimable"],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, system) => p.turnover * wantedPages(system, p),
  start: (system, p, random, startMs) => {
    const perSecond = p.turnover * wantedPages(system, p);
    const load = churnLoad(system, p, random);
    return new SideBySide([new Filling(load, startMs), new Paced(load, perSecond, startMs)]);
  },
});
