/**
 * Programs whose memory does not fit, on a machine that swaps to zram, as small boards do: what they have not used for
 * longest is compressed into zspages, and comes back when it is used. So anonymous pages, which reclaim could write out, become
 * pages that only migration moves, more than one for every two or three of them.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, share } from "../schema/field";
import { definePaced, type Load } from "./load";
import { duration } from "./parameters";
import { ZsPool, type Zspage } from "./zs-pool";

export interface ZramShape {
  /** Pages that the programs use. */
  mostPages: number;
  /** Of these, pages that stay uncompressed. */
  residentPages: number;
  /** Bytes of a page relative to its mean size after compression. */
  ratio: number;
}

/** SWAP_CLUSTER_MAX (include/linux/swap.h, 6.1): pages of one go of reclaim. */
const CLUSTER = 32;

export class ZramLoad implements Load {
  readonly pool: ZsPool;
  /** Slots of uncompressed pages, a ring in the order of their faults: the oldest are compressed first. */
  private readonly resident: Int32Array;
  private oldest: number;
  residentCount: number;
  /** Where each compressed page lies, in no order. */
  readonly compressed: Zspage[];

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly shape: ZramShape,
  ) {
    this.pool = new ZsPool(system);
    this.resident = new Int32Array(shape.residentPages + CLUSTER);
    this.oldest = 0;
    this.residentCount = 0;
    this.compressed = [];
  }

  /** Faults in new pages until the programs have theirs, then compressed ones, any of them. */
  turn(pages: number): number {
    let asked = 0;
    for (; asked < pages; asked++) {
      if (this.residentCount >= this.shape.residentPages) this.swapOut(CLUSTER);
      if (this.residentCount >= this.resident.length) return asked;
      const { compressed } = this;
      const grows = this.residentCount + compressed.length < this.shape.mostPages;
      if (!grows && compressed.length === 0) return asked;
      if (!this.fault()) return asked;
      if (!grows) this.swapIn();
    }
    return asked;
  }

  /** A page for a program; if there is none, the oldest ones are compressed, and it tries again. */
  private fault(): boolean {
    let slot = this.system.alloc("anon");
    if (slot < 0 && this.swapOut(CLUSTER) > 0) slot = this.system.alloc("anon");
    if (slot < 0) return false;
    this.resident[(this.oldest + this.residentCount++) % this.resident.length] = slot;
    return true;
  }

  /** A compressed page was read into the page that was faulted in last: its object is freed. */
  private swapIn(): void {
    const { compressed } = this;
    const at = this.random.below(compressed.length);
    const zspage = compressed[at]!;
    compressed[at] = compressed.at(-1)!;
    compressed.pop();
    this.pool.drop(zspage);
  }

  /** Compresses the `n` oldest pages; how many it could store. */
  swapOut(n: number): number {
    const { resident } = this;
    let done = 0;
    for (; done < n && this.residentCount > 0; done++) {
      const zspage = this.pool.store(this.compressedBytes());
      if (zspage === null) break;
      this.compressed.push(zspage);
      this.system.free(resident[this.oldest]!);
      this.oldest = (this.oldest + 1) % resident.length;
      this.residentCount--;
    }
    return done;
  }

  /** Between half of the mean size and one and a half, at most a page. */
  private compressedBytes(): number {
    const { pageSize } = this.system;
    const mean = pageSize / this.shape.ratio;
    return Math.min(pageSize, Math.ceil(mean * (0.5 + this.random.float())));
  }

  /** The programs go on living in memory. */
  stop(): void {}
}

export const zram = definePaced({
  kind: "zram",
  title: "swap to zram",
  summary:
    "Programs use more anonymous memory than stays uncompressed. The oldest pages are compressed into zspages of zsmalloc, single pages that are on no LRU list: reclaim cannot take them, but compaction and contiguous requests move them. Compressed pages come back at random, and a zspage is freed only with its last object.",
  parameters: {
    duration: duration("10 minutes"),
    memory: filled(
      number("anonymous memory of the programs, relative to memory", "factor", {
        default: 0.9,
        least: 0,
        most: 4,
      }),
    ),
    resident: filled(share("memory in which they stay uncompressed", { default: 0.4 })),
    ratio: filled(
      number("bytes of a page relative to its mean size after compression", "factor", {
        default: 2,
        least: 1,
        most: 100,
      }),
    ),
    faults: filled(number("pages faulted in per second", "pages/s", { default: 1000 })),
  },
  leaves: ["anon", "zspage"],
  pagesPerSecond: (p) => p.faults,
  load: (system, p, random) =>
    new ZramLoad(system, random.fork("zram"), {
      mostPages: Math.floor(system.managedPages * p.memory),
      residentPages: Math.max(CLUSTER, Math.floor(system.managedPages * p.resident)),
      ratio: p.ratio,
    }),
});
