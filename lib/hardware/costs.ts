/**
 * The cost of events in simulated time. Every figure has a source or is marked as a modelling choice. Times are
 * nanoseconds of one CPU. They are computed from counted events, never from a clock, and texts call them modelled.
 */
import { InputError, unknownName } from "../base/errors";
import { type Fields, number, type ObjectField, object, optional } from "../schema/field";

export interface Cost {
  /** Nanoseconds per event. */
  ns: number;
  /** Source of the figure. */
  source: string;
}

const CHOICE = "modelling choice";

const cost = (doc: string, ns: number, source: string) =>
  optional(number(doc, "ns", { default: ns, source }));

/**
 * Every cost: the event that is counted, and its default time. The table describes a server of about 2018 with 4 KiB
 * pages.
 */
export const COST_FIELDS = {
  pcpHit: cost(
    "a page from or to a per-CPU list",
    35,
    `${CHOICE}: 20 to 50 ns for a hit in the per-CPU list`,
  ),
  buddyTake: cost(
    "a page taken from the buddy lists under the zone lock",
    150,
    `${CHOICE}: a lock and a split, shared by a refill`,
  ),
  buddyFree: cost("a page given back to the buddy lists, merging", 150, `${CHOICE}: as buddyTake`),
  zeroPage: cost("clearing 4 KiB", 250, `${CHOICE}: 4 KiB at 16 GB/s`),
  migratePage: cost(
    "moving one 4 KiB page: unmapping, flushing TLBs, copying, mapping",
    3000,
    `${CHOICE}: 2 to 5 µs; recorded: 4,200 to 4,900 instructions for a 4 KiB page, 15,000 for a 64 KiB one (6.1.192, arm64)`,
  ),
  migrateFailed: cost(
    "a try to move a page that failed",
    1500,
    `${CHOICE}: half of migratePage: the page is unmapped and mapped again`,
  ),
  scanFrame: cost(
    "one frame looked at by a scanner of compaction",
    10,
    `${CHOICE}: one cache line of struct page`,
  ),
  contigFreePage: cost(
    "a free page taken by a contiguous request",
    25,
    "recorded: 70 instructions for each free 4 KiB page of a request (6.1.192, arm64)",
  ),
  reclaimScan: cost("looking at one page of an LRU list", 300, `${CHOICE}: reference check and list move`),
  reclaimDrop: cost("dropping a clean file page", 1000, `${CHOICE}: removal from the page cache`),
  writePage: cost(
    "writing a dirty file page or an anonymous one to swap",
    100_000,
    `${CHOICE}: 4 KiB on a SATA SSD`,
  ),
  refault: cost(
    "reading back a page that was dropped or swapped",
    100_000,
    `${CHOICE}: 4 KiB from a SATA SSD`,
  ),
} satisfies Fields;

export interface CostsField extends ObjectField<typeof COST_FIELDS> {}

/** The costs that a plan may change. */
export const COSTS: CostsField = object("nanoseconds that replace figures of the cost table", COST_FIELDS, {
  flag: "cost",
});

export type CostName = keyof typeof COST_FIELDS;
export type CostTable = Readonly<Record<CostName, Cost>>;

/** The default table. */
export const DEFAULT_COSTS: CostTable = Object.freeze(
  Object.fromEntries(
    Object.entries(COST_FIELDS).map(([name, { facts }]) => [
      name,
      { ns: facts.default, source: facts.source },
    ]),
  ) as unknown as CostTable, // every field has both: cost() takes them
);

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

/** Counted events and their simulated time. */
export type EventCounts = Partial<Record<CostName, number>>;

/** Nanoseconds of `events` by `table`. */
export function elapsedNs(events: EventCounts, table: CostTable = DEFAULT_COSTS): number {
  let ns = 0;
  for (const [name, n] of Object.entries(events)) ns += n! * table[name as CostName].ns;
  return ns;
}
