/** `updatedb`: a walk over all files leaves a dentry and an inode for each; reclaim takes them back, slab by slab at best. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, share } from "../schema/field";
import { definePaced, type Load, scaled } from "./load";
import { duration } from "./parameters";
import { dentries, inodes, SlabCache, shrinkable } from "./slab-cache";

export interface SlabGrowthShape {
  /** Pages of dentries and inodes at which the walk is over; files found later replace random ones. */
  mostPages: number;
  /** Files deleted for each one found. */
  deleted: number;
}

const BATCH = 27;
/** A dentry and an inode. */
const BYTES_A_FILE = 192 + 1184;

export class SlabGrowthLoad implements Load {
  private readonly dentries: SlabCache;
  private readonly inodes: SlabCache;
  private readonly inodePages: number;
  private readonly batchPages: number;
  private mostPages: number;
  private readonly shape: SlabGrowthShape;

  constructor(system: System, random: Random, shape: SlabGrowthShape) {
    this.shape = shape;
    this.mostPages = shape.mostPages;
    this.batchPages = Math.ceil((BATCH * BYTES_A_FILE) / system.pageSize);
    this.dentries = new SlabCache(system, random.fork("dentries"), dentries(system.pageSize));
    const shapeOfInodes = inodes(system.pageSize);
    this.inodePages = 1 << shapeOfInodes.order;
    this.inodes = new SlabCache(system, random.fork("inodes"), shapeOfInodes);
    shrinkable(system, this.dentries);
    shrinkable(system, this.inodes);
  }

  /** Trees are deleted: so many objects go, and with them the slabs that they leave empty. */
  scale(factor: number): void {
    this.mostPages = scaled(this.shape.mostPages, factor);
    const { inodes, dentries } = this;
    const over = 1 - this.mostPages / Math.max(1, inodes.pages + dentries.pages);
    if (over <= 0) return;
    inodes.destroy(Math.floor(inodes.objects * over));
    dentries.destroy(Math.floor(dentries.objects * over));
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      const full = this.dentries.pages + this.inodes.pages >= this.mostPages;
      const gone = full ? BATCH : Math.round(BATCH * this.shape.deleted);
      this.dentries.destroy(gone);
      this.inodes.destroy(gone);
      const d = this.dentries.make(BATCH);
      const i = this.inodes.make(BATCH);
      if (d < 0 || i < 0) return asked;
      // Objects that fit into slabs there are count by their size: a walk is work also where it needs no page.
      asked += Math.max(this.batchPages, d + i * this.inodePages);
    }
    return asked;
  }

  /** What the walk found stays in memory until reclaim wants it. */
  stop(): void {}
}

export const slabGrowth = definePaced({
  kind: "slab-growth",
  title: "slab growth (updatedb)",
  summary:
    "A walk over the file system creates a dentry and an inode for each file. They spread over memory as reclaimable slab of orders 0 and 3 and stay. Reclaim destroys objects, but a slab is freed only with its last object.",
  parameters: {
    duration: duration("10 minutes"),
    files: filled(number("files found per second", "files/s", { default: 1000 })),
    most: filled(
      share("memory that dentries and inodes take before new ones replace old ones", { default: 0.15 }),
    ),
    deleted: filled(share("files deleted per file found", { default: 0.05 })),
  },
  leaves: ["slabReclaimable"],
  pagesPerSecond: (p, { pageSize }) => (p.files * BYTES_A_FILE) / pageSize,
  load: (system, p, random) =>
    new SlabGrowthLoad(system, random, {
      mostPages: Math.max(1, Math.floor(system.managedPages * p.most)),
      deleted: p.deleted,
    }),
});
