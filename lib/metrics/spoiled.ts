/**
 * Where pages lie that no request can move: how many page blocks hold one, in how many separate places, and how many ranges
 * of a size are free of them. A search for a range asks nothing else of a machine that has room for what must move.
 */
import { InputError } from "../base/errors";
import type { BlockSummary } from "./block-summary";

/** Page blocks with memory, by whether a page that does not move lies in them. */
export interface Spoiled {
  /** Page blocks with memory. */
  blocks: number;
  /** Those that hold a page which does not move: unmovable, reclaimable slab, or reserved since boot. */
  spoiled: number;
  /** Runs of adjacent spoiled page blocks. */
  places: number;
}

/** Classes that bar a range; hugetlb and CMA pages are their owners' matter. */
const FIXED = ["unmovable", "reclaimable", "reserved", "hole"] as const;

function spoils({ classPages }: BlockSummary, at: number): boolean {
  return FIXED.some((name) => (classPages[name][at] ?? 0) > 0);
}

/**
 * Counts spoiled page blocks and their places. Slab that could be shrunk counts as spoiled, because a request does not shrink
 * it. Throws InputError unless `summary` has one page block per group.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * const { blocks } = metrics.spoiledPlaces(metrics.blockSummary(memory, { blocksPerGroup: 1 }));
 * blocks; // => 256
 * ```
 */
export function spoiledPlaces(summary: BlockSummary): Spoiled {
  single(summary, "spoiled places");
  const { startPfn, pageblockPages } = summary;
  const found = { blocks: startPfn.length, spoiled: 0, places: 0 };
  let last = -1;
  startPfn.forEach((pfn, at) => {
    if (!spoils(summary, at)) return;
    found.spoiled++;
    if (last < 0 || pfn !== last + pageblockPages) found.places++;
    last = pfn;
  });
  return found;
}

/**
 * Ranges of `pages` frames, at multiples of their size and inside one zone other than ZONE_MOVABLE, in which nothing lies that
 * does not move: those that alloc_contig_pages() can empty. Throws InputError unless `summary` has one page block per group
 * and `pages` is a multiple of it.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("pc-x86-64").memory("4GiB").start();
 * const summary = metrics.blockSummary(memory, { blocksPerGroup: 1 });
 * metrics.cleanRanges(summary, 2 ** 18); // => 1
 * ```
 */
export function cleanRanges(summary: BlockSummary, pages: number): number {
  single(summary, "clean ranges");
  const { startPfn, zone, pageblockPages } = summary;
  const k = pages / pageblockPages;
  if (!Number.isInteger(k) || k < 1)
    throw new InputError(
      `clean ranges: pages must be a multiple of a page block (${pageblockPages}): got ${pages}`,
    );
  let found = 0;
  let clean = 0;
  startPfn.forEach((pfn, at) => {
    const begins = pfn % pages === 0;
    const follows = at > 0 && startPfn[at - 1]! + pageblockPages === pfn && zone[at - 1] === zone[at];
    if (begins) clean = 0;
    else if (!follows) clean = Number.NaN;
    // A range that is barred once stays so until the next one begins.
    clean = spoils(summary, at) || zone[at] === "Movable" ? Number.NaN : clean + 1;
    if (clean === k) found++;
  });
  return found;
}

function single({ blocksPerGroup }: BlockSummary, what: string): void {
  if (blocksPerGroup !== 1)
    throw new InputError(`${what}: the summary must have one page block per group: got ${blocksPerGroup}`);
}
