/**
 * What an event costs in simulated time: every figure has its source, or says that it is a modelling choice. Times are
 * nanoseconds of one CPU; they come out of counted events, never of a clock, and write-ups call them modelled.
 */
import { InputError, unknownName } from "../base/errors";

export interface Cost {
  /** Nanoseconds for one event. */
  ns: number;
  /** Where the figure comes from. */
  source: string;
}

const CHOICE = "modelling choice";

/** The default table: a server of about 2018 with 4 KiB pages. */
export const DEFAULT_COSTS = {
  /** A page from or to a per-CPU list. */
  pcpHit: { ns: 35, source: `${CHOICE}: 20 to 50 ns for a hit in the per-CPU list` },
  /** A page taken from the buddy lists under the zone lock. */
  buddyTake: { ns: 150, source: `${CHOICE}: a lock and a split, shared by a refill` },
  /** A page given back to the buddy lists, merging. */
  buddyFree: { ns: 150, source: `${CHOICE}: as buddyTake` },
  /** Clearing 4 KiB. */
  zeroPage: { ns: 250, source: `${CHOICE}: 4 KiB at 16 GB/s` },
  /** Moving one 4 KiB page: unmapping, flushing TLBs, copying, mapping. */
  migratePage: {
    ns: 3000,
    source: `${CHOICE}: 2 to 5 µs; recorded: 4,200 to 4,900 instructions for a 4 KiB page, 15,000 for a 64 KiB one (6.1.192, arm64)`,
  },
  /** A try to move a page that failed. */
  migrateFailed: {
    ns: 1500,
    source: `${CHOICE}: half of migratePage: the page is unmapped and mapped again`,
  },
  /** One frame looked at by a scanner of compaction. */
  scanFrame: { ns: 10, source: `${CHOICE}: one cache line of struct page` },
  /** A free page taken by a contiguous request. */
  contigFreePage: {
    ns: 25,
    source: "recorded: 70 instructions for each free 4 KiB page of a request (6.1.192, arm64)",
  },
  /** Looking at one page of an LRU list. */
  reclaimScan: { ns: 300, source: `${CHOICE}: reference check and list move` },
  /** Dropping a clean file page. */
  reclaimDrop: { ns: 1000, source: `${CHOICE}: removal from the page cache` },
  /** Writing a dirty file page or an anonymous one to swap. */
  writePage: { ns: 100_000, source: `${CHOICE}: 4 KiB on a SATA SSD` },
  /** Reading back a page that was dropped or swapped. */
  refault: { ns: 100_000, source: `${CHOICE}: 4 KiB from a SATA SSD` },
} as const satisfies Record<string, Cost>;

export type CostName = keyof typeof DEFAULT_COSTS;
export type CostTable = Readonly<Record<CostName, Cost>>;

/**
 * The default table with `changes`, in nanoseconds. Throws InputError for an unknown name or a negative figure.
 * @example
 * ```ts
 * import { costTable, DEFAULT_COSTS } from "pageblock";
 *
 * const costs = costTable({ migratePage: 5000 });
 * costs.migratePage.ns; // => 5000
 * costs.zeroPage.ns === DEFAULT_COSTS.zeroPage.ns; // => true
 * ```
 */
export function costTable(changes: Partial<Record<CostName, number>> = {}): CostTable {
  const table: Record<string, Cost> = { ...DEFAULT_COSTS };
  for (const [name, ns] of Object.entries(changes)) {
    if (!Object.hasOwn(DEFAULT_COSTS, name)) throw unknownName("cost", name, Object.keys(DEFAULT_COSTS));
    if (!Number.isFinite(ns) || ns! < 0)
      throw new InputError(`cost ${name}: must be a number of nanoseconds, 0 or more: got ${ns}`);
    table[name] = { ns: ns!, source: "given" };
  }
  return table as CostTable;
}

/** Counted events, and the simulated time they take. */
export type EventCounts = Partial<Record<CostName, number>>;

/** Nanoseconds of `events` by `table`. */
export function elapsedNs(events: EventCounts, table: CostTable = DEFAULT_COSTS): number {
  let ns = 0;
  for (const [name, n] of Object.entries(events)) ns += n! * table[name as CostName].ns;
  return ns;
}
