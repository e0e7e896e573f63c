/**
 * The cost of events in simulated time. Every figure has a source or is marked as a modelling choice. Times are
 * nanoseconds of one CPU. They are computed from counted events, never from a clock, and texts call them modelled.
 * What moves, clears, writes or reads a page has a part that depends on its bytes and on the board.
 */
import { InputError, unknownName } from "../base/errors";
import { formatSize } from "../base/units";
import { type Fields, number, type ObjectField, object, optional } from "../schema/field";
import { type BoardSpeed, USUAL_SPEED } from "./board";

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
 * Every cost: the event that is counted, and its default time. These defaults are those of a server of about 2018 with
 * 4 KiB pages; `costTable()` has those of other pages and boards.
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
  zeroPage: cost("clearing a page", 250, `${CHOICE}: 4 KiB at 16 GB/s, 1.6 times as fast as copying`),
  migratePage: cost(
    "moving one page: unmapping, flushing TLBs, mapping (2.6 µs), and copying its bytes",
    3000,
    `${CHOICE}: 2 to 5 µs for 4 KiB; recorded: 4,200 to 4,900 instructions for a 4 KiB page, 15,000 for a 64 KiB one (6.1.192, arm64)`,
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
    "writing a dirty file page or an anonymous one to swap: an access (92 µs) and its bytes",
    100_000,
    `${CHOICE}: 4 KiB on a SATA SSD`,
  ),
  refault: cost(
    "reading back a page that was dropped or swapped: an access (92 µs) and its bytes",
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

/** What the costs of a machine depend on. */
export interface CostedMachine {
  /** Bytes. */
  pageSize: number;
  speed: BoardSpeed;
}

const REFERENCE: CostedMachine = { pageSize: 4096, speed: USUAL_SPEED };

/** Nanoseconds of costs that depend on bytes: a fixed part, and the page at a speed. */
const BY_BYTES = {
  zeroPage: { fixedNs: 0, rate: (speed: BoardSpeed) => 1.6 * speed.copyBytesPerSecond },
  migratePage: { fixedNs: 2600, rate: (speed: BoardSpeed) => speed.copyBytesPerSecond },
  writePage: { fixedNs: 92_000, rate: (speed: BoardSpeed) => speed.storageBytesPerSecond },
  refault: { fixedNs: 92_000, rate: (speed: BoardSpeed) => speed.storageBytesPerSecond },
} satisfies Partial<Record<CostName, { fixedNs: number; rate(speed: BoardSpeed): number }>>;

function byBytes(name: keyof typeof BY_BYTES, { pageSize, speed }: CostedMachine): Cost {
  const { fixedNs, rate } = BY_BYTES[name];
  const ns = Math.round(fixedNs + (pageSize / rate(speed)) * 1e9);
  const at = `${formatSize(pageSize)} at ${Number((rate(speed) / 1e9).toPrecision(3))} GB/s`;
  return { ns, source: `${fixedNs} ns and ${at}; ${DEFAULT_COSTS[name].source}` };
}

/**
 * The table of a machine, with `changes` in nanoseconds. Default: a server of about 2018 with 4 KiB pages. Throws
 * InputError for an unknown name or a negative figure.
 * @example
 * ```ts
 * import { costTable } from "pageblock";
 *
 * costTable({ migratePage: 5000 }).migratePage.ns; // => 5000
 * const speed = { copyBytesPerSecond: 2.76e9, storageBytesPerSecond: 45e6 }; // a Raspberry Pi 4
 * costTable({}, { pageSize: 4096, speed }).migratePage.ns; // => 4084
 * costTable({}, { pageSize: 65536, speed }).migratePage.ns; // => 26345
 * ```
 */
export function costTable(
  changes: Partial<Record<CostName, number>> = {},
  machine: CostedMachine = REFERENCE,
): CostTable {
  const table: Record<string, Cost> = { ...DEFAULT_COSTS };
  if (machine !== REFERENCE)
    for (const name of Object.keys(BY_BYTES) as (keyof typeof BY_BYTES)[])
      table[name] = byBytes(name, machine);
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

/** The costs that depend on bytes, in words, to show with a result. */
export function costText(table: CostTable, { pageSize, speed }: CostedMachine): string {
  const us = (name: CostName) => `${Number((table[name].ns / 1000).toPrecision(3))} µs`;
  const gigabytes = Number((speed.copyBytesPerSecond / 1e9).toPrecision(3));
  return (
    `moving a page of ${formatSize(pageSize)} takes ${us("migratePage")}` +
    `${table.migratePage.source === "given" ? "" : ` (copied at ${gigabytes} GB/s)`}, writing it ${us("writePage")}, ` +
    `reading it back ${us("refault")}, dropping a clean one ${us("reclaimDrop")}`
  );
}
