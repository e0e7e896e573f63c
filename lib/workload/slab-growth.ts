/** `updatedb`: a walk over all files leaves a dentry and an inode for each; reclaim takes them back, slab by slab at best. */
import { filled, number, share } from "../schema/field";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, scaled } from "./load";
import { duration } from "./parameters";

export interface SlabGrowthShape {
  /** Pages of files' objects at which the walk is over; files found later replace random ones. */
  mostPages: number;
  /** Files deleted for each one found. */
  deleted: number;
  caches: KernelCaches;
}

const BATCH = 27;
/** An inode with its dentries and extents. */
const BYTES_A_FILE = 1550;

export class SlabGrowthLoad implements Load {
  private readonly batchPages: number;
  private mostPages: number;
  private readonly shape: SlabGrowthShape;

  constructor(shape: SlabGrowthShape) {
    this.shape = shape;
    this.mostPages = shape.mostPages;
    this.batchPages = Math.ceil(BATCH * shape.caches.pagesAFile);
  }

  /** Trees are deleted: so many objects go, and with them the slabs that they leave empty. */
  scale(factor: number): void {
    const { caches, mostPages } = this.shape;
    this.mostPages = scaled(mostPages, factor);
    const over = caches.filePages - this.mostPages;
    if (over > 0) caches.deleted(Math.floor(over / caches.pagesAFile));
  }

  turn(pages: number): number {
    const { caches, deleted } = this.shape;
    let asked = 0;
    while (asked < pages) {
      const full = caches.filePages >= this.mostPages;
      caches.deleted(full ? BATCH : Math.round(BATCH * deleted));
      const taken = caches.found(BATCH);
      if (taken < 0) return asked;
      // Objects that fit into slabs there are count by their size: a walk is work also where it needs no page.
      asked += Math.max(this.batchPages, taken);
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
    "A walk over the file system creates dentries, an inode and extents for each file. They spread over memory as reclaimable slab of orders 0 to 3 and stay. Reclaim destroys objects, but a slab is freed only with its last object.",
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
    new SlabGrowthLoad({
      mostPages: Math.max(1, Math.floor(system.managedPages * p.most)),
      deleted: p.deleted,
      caches: new KernelCaches(system, random.fork("caches")),
    }),
});
