/**
 * The quantities in which a model machine and a real one are compared. Pages everywhere, and shares of memory where the name says
 * so; a quantity that a sample does not tell is missing. measureSample() and measureSystem() fill them by the same rules.
 */
import type { KnownPages } from "../workload/fit-series";
import type { FrameCounts } from "./frame-counter";

export interface Quantities extends KnownPages {
  pageSize: number;
  shmem?: number;
  free?: number;
  /** On per-CPU lists. */
  perCpu?: number;
  /** Free pages by the order of the free page that they are part of. */
  freeByOrder?: number[];
  /** Page blocks by migrate type, over all zones. */
  blocksByType?: Readonly<Record<string, number>>;
  /** Of the class map: where pages lie. */
  frames?: FrameCounts;
}

/** A number that is compared, with its meaning. */
export interface Compared {
  name: string;
  unit: "pages" | "share";
  meaning: string;
  of: (q: Quantities) => number | undefined;
}

const sum = (q: Quantities, from: number, to: number) =>
  q.freeByOrder?.reduce((n, pages, order) => (order >= from && order <= to ? n + pages : n), 0);

/** Pages of a page block if no text says: 2 MiB on a machine with pages of 4 KiB. */
const USUAL_BLOCK = 512;

const ofBlocks = (q: Quantities, blocks: number | undefined) =>
  blocks === undefined ? undefined : (blocks * (q.frames?.blockPages ?? USUAL_BLOCK)) / q.memoryPages;

/** The six quantities of the measure that docs/calibration.md states. */
export const MEASURE: readonly Compared[] = [
  {
    name: "slab",
    unit: "pages",
    meaning: "slab, reclaimable and not",
    of: (q) =>
      q.slabReclaimable === undefined || q.slabUnreclaimable === undefined
        ? undefined
        : q.slabReclaimable + q.slabUnreclaimable,
  },
  { name: "pageTables", unit: "pages", meaning: "page tables", of: (q) => q.pageTables },
  {
    name: "unmovableBlocks",
    unit: "share",
    meaning: "page blocks that hold a slab page or a page table, of all page blocks",
    of: (q) => ofBlocks(q, q.frames?.unmovableBlocks),
  },
  { name: "free0to3", unit: "pages", meaning: "free pages of order 0 to 3", of: (q) => sum(q, 0, 3) },
  { name: "free4to8", unit: "pages", meaning: "free pages of order 4 to 8", of: (q) => sum(q, 4, 8) },
  { name: "free9up", unit: "pages", meaning: "free pages of order 9 and above", of: (q) => sum(q, 9, 99) },
];

/** Shown beside them; the measure does not count them. */
export const BESIDE: readonly Compared[] = [
  { name: "slabReclaimable", unit: "pages", meaning: "reclaimable slab", of: (q) => q.slabReclaimable },
  { name: "slabUnreclaimable", unit: "pages", meaning: "unreclaimable slab", of: (q) => q.slabUnreclaimable },
  { name: "kernelStacks", unit: "pages", meaning: "kernel stacks", of: (q) => q.kernelStacks },
  { name: "anon", unit: "pages", meaning: "anonymous pages", of: (q) => q.anon },
  { name: "file", unit: "pages", meaning: "page cache without shared memory", of: (q) => q.file },
  { name: "shmem", unit: "pages", meaning: "shared memory", of: (q) => q.shmem },
  { name: "free", unit: "pages", meaning: "free pages", of: (q) => q.free },
  { name: "perCpu", unit: "pages", meaning: "pages on per-CPU lists", of: (q) => q.perCpu },
  {
    name: "free0to3Share",
    unit: "share",
    meaning: "free pages of order 0 to 3, of free pages",
    of: (q) => shareOf(sum(q, 0, 3), sum(q, 0, 99)),
  },
  {
    name: "free9upShare",
    unit: "share",
    meaning: "free pages of order 9 and above, of free pages",
    of: (q) => shareOf(sum(q, 9, 99), sum(q, 0, 99)),
  },
  {
    name: "typedBlocks",
    unit: "share",
    meaning: "page blocks of type unmovable or reclaimable, of all page blocks",
    of: (q) =>
      ofBlocks(q, q.blocksByType && (q.blocksByType.Unmovable ?? 0) + (q.blocksByType.Reclaimable ?? 0)),
  },
  {
    name: "largeFolios",
    unit: "share",
    meaning: "page cache in large folios, of the page cache on LRU lists",
    of: (q) => q.frames && shareOf(q.frames.pages.fileLarge, q.frames.pages.fileLarge + q.frames.pages.file),
  },
  {
    name: "unmovableUsedBlocks",
    unit: "share",
    meaning: "page blocks that hold a slab page or a page table, of those in use",
    of: (q) => q.frames && shareOf(q.frames.unmovableBlocks, q.frames.usedBlocks),
  },
  {
    name: "cleanGib",
    unit: "share",
    meaning: "cells of one GiB without slab pages and page tables, of those in use",
    of: (q) => q.frames && shareOf(q.frames.cells.filter((c) => c.pages === 0).length, q.frames.cells.length),
  },
];

function shareOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
