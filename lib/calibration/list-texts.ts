/**
 * The lists of free blocks and the page blocks in /proc/pagetypeinfo, and what /proc/zoneinfo says of each zone, as numbers. These
 * texts come from outside: every number is checked, and refused with file and line. Lines that later kernels add are passed over.
 */
import { at, InputError, quoted } from "../base/errors";

/** Orders that any kernel had: up to 2^17 pages on Itanium. */
export const ORDERS_MOST = 20;
/** Frames and counts: 4 TiB of pages of 4 KiB. */
const COUNT_MOST = 2 ** 30;
const LINE_MOST = 2000;
const ZONES_MOST = 1024;

/** Free blocks of a zone and type; `capped`: orders of which the kernel stopped counting (`>100000`). */
export interface TypeCounts {
  nid: number;
  zone: string;
  type: string;
  counts: number[];
  capped: number[];
}

export interface PageTypeLists {
  pageblockOrder: number;
  /** Number of orders. */
  orders: number;
  free: TypeCounts[];
  blocks: { nid: number; zone: string; counts: Readonly<Record<string, number>> }[];
}

function refuse(file: string, line: number, expected: string, got: string): never {
  throw new InputError(`${at(file, line)}: ${expected}: got ${quoted(got.trim())}`);
}

/** Lines with their numbers; an overlong one is refused. */
function* linesOf(text: string, file: string): Generator<[line: string, number: number]> {
  let number = 0;
  for (const line of text.split("\n")) {
    number++;
    if (line.length > LINE_MOST) refuse(file, number, `a line may have ${LINE_MOST} characters`, line);
    if (line.trim() !== "") yield [line, number];
  }
}

function counted(text: string, file: string, line: number, most = COUNT_MOST): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value > most)
    refuse(file, line, `a number from 0 to ${most} was expected`, text);
  return value;
}

const FREE_LINE = /^Node\s+(\d+), zone\s+(\S+), type\s+(\S+)\s+(\S.*)$/;
const BLOCK_LINE = /^Node\s+(\d+), zone\s+(\S+)\s+(\d.*)$/;

/** /proc/pagetypeinfo with the lists. */
export function parsePageTypeLists(text: string, file: string): PageTypeLists {
  const read: PageTypeLists = { pageblockOrder: -1, orders: 0, free: [], blocks: [] };
  let types: string[] = [];
  let part: "free" | "blocks" | "other" = "other";
  for (const [line, n] of linesOf(text, file)) {
    const order = /^Page block order:\s+(\S+)\s*$/.exec(line)?.[1];
    const pages = /^Pages per block:\s+(\S+)\s*$/.exec(line)?.[1];
    const types_ = /^Number of blocks type\s+(\S.*)$/.exec(line)?.[1];
    if (order !== undefined) read.pageblockOrder = counted(order, file, n, ORDERS_MOST - 1);
    else if (pages !== undefined) checkBlockPages(read, counted(pages, file, n), file, n);
    else if (line.startsWith("Free pages count per migrate type at order")) {
      part = "free";
      read.orders = ordersOf(line, file, n);
    } else if (types_ !== undefined) {
      part = "blocks";
      types = types_.trim().split(/\s+/);
    } else if (!line.startsWith("Node")) part = "other";
    else if (part === "free") read.free.push(freeLine(line, read.orders, file, n));
    else if (part === "blocks") read.blocks.push(blockLine(line, types, file, n));
    if (read.free.length > ZONES_MOST * 8 || read.blocks.length > ZONES_MOST)
      refuse(file, n, `up to ${ZONES_MOST} zones can be read`, line);
  }
  if (read.pageblockOrder < 1 || read.free.length === 0 || read.blocks.length === 0)
    throw new InputError(
      `${file}: is cut short: a page block order of 1 or more, lists of free pages and numbers of blocks were expected`,
    );
  return read;
}

function checkBlockPages(read: PageTypeLists, pages: number, file: string, line: number): void {
  if (pages !== 2 ** read.pageblockOrder)
    refuse(file, line, `2^${read.pageblockOrder} pages of a block were expected`, String(pages));
}

function ordersOf(line: string, file: string, n: number): number {
  const orders = line
    .replace(/^Free pages count per migrate type at order/, "")
    .trim()
    .split(/\s+/);
  const bad = orders.findIndex((o, i) => o !== String(i));
  if (orders.length < 2 || orders.length > ORDERS_MOST || bad >= 0)
    refuse(file, n, `orders from 0 to at most ${ORDERS_MOST - 1} were expected`, orders.join(" "));
  return orders.length;
}

function freeLine(line: string, orders: number, file: string, n: number): TypeCounts {
  const m = FREE_LINE.exec(line);
  const cells = (m?.[4] ?? "").replace(/>\s*/g, ">").trim().split(/\s+/);
  if (m === null || cells.length !== orders)
    refuse(file, n, `a zone, a type and ${orders} numbers of free blocks were expected`, line);
  return {
    nid: counted(m[1]!, file, n, 1023),
    zone: m[2]!,
    type: m[3]!,
    counts: cells.map((c) => counted(c.replace(">", ""), file, n)),
    capped: cells.flatMap((c, order) => (c.startsWith(">") ? [order] : [])),
  };
}

function blockLine(
  line: string,
  types: readonly string[],
  file: string,
  n: number,
): PageTypeLists["blocks"][number] {
  const m = BLOCK_LINE.exec(line);
  const cells = (m?.[3] ?? "").trim().split(/\s+/);
  if (m === null || cells.length !== types.length)
    refuse(file, n, `a zone and ${types.length} numbers of page blocks were expected`, line);
  const counts = Object.fromEntries(types.map((t, i): [string, number] => [t, counted(cells[i]!, file, n)]));
  return { nid: counted(m[1]!, file, n, 1023), zone: m[2]!, counts };
}

/** What zoneinfo says of a zone: every number by its name, its reserve, and its per-CPU lists. */
export interface ZoneNumbers {
  nid: number;
  name: string;
  line: number;
  numbers: ReadonlyMap<string, number>;
  protection: number[];
  perCpu: { count: number; high: number; batch: number }[];
}

/** `  pages free 123`, `  min 12`, `  nr_zone_active_anon 5`, `  start_pfn: 4096`. */
const NUMBER_LINE = /^\s+((?:pages )?[a-z_]+:?)\s+(\d{1,20})\s*$/;
const PAGESET = ["count:", "high:", "batch:"] as const;

/** /proc/zoneinfo with all of its numbers. Zones without memory are left out. */
export function parseZoneNumbers(text: string, file: string): ZoneNumbers[] {
  const zones: (ZoneNumbers & { numbers: Map<string, number> })[] = [];
  for (const [line, n] of linesOf(text, file)) {
    const head = /^Node\s+(\d+), zone\s+(\S+)\s*$/.exec(line);
    if (head !== null) {
      if (zones.length === ZONES_MOST) refuse(file, n, `up to ${ZONES_MOST} zones can be read`, line);
      const nid = counted(head[1]!, file, n, 1023);
      zones.push({ nid, name: head[2]!, line: n, numbers: new Map(), protection: [], perCpu: [] });
      continue;
    }
    const zone = zones.at(-1);
    if (zone === undefined) refuse(file, n, 'zoneinfo begins with "Node 0, zone DMA"', line);
    zoneLine(zone, line, file, n);
  }
  if (zones.length === 0) throw new InputError(`${file}: is empty, the text of zoneinfo was expected`);
  return zones.filter((z) => (z.numbers.get("present") ?? 0) > 0);
}

function zoneLine(
  zone: ZoneNumbers & { numbers: Map<string, number> },
  line: string,
  file: string,
  n: number,
): void {
  const reserve = /^\s+protection: \(([\d, ]*)\)\s*$/.exec(line);
  if (reserve !== null) {
    zone.protection = reserve[1]!.split(",").map((text) => counted(text.trim(), file, n));
    return;
  }
  if (/^\s+cpu: \d{1,6}\s*$/.test(line)) {
    zone.perCpu.push({ count: 0, high: 0, batch: 1 });
    return;
  }
  const m = NUMBER_LINE.exec(line);
  if (m === null) return;
  const name = m[1]!;
  const field = PAGESET.find((f) => f === name);
  const pageset = zone.perCpu.at(-1);
  if (field !== undefined && pageset !== undefined)
    pageset[field.slice(0, -1) as "count" | "high" | "batch"] = counted(m[2]!, file, n);
  // Counters of events may be larger than any memory; those are not used.
  else if (!zone.numbers.has(name)) zone.numbers.set(name, Number(m[2]));
}

/** A number of a zone that must be there and be no more than `most`. */
export function zoneNumber(zone: ZoneNumbers, name: string, file: string, most = COUNT_MOST): number {
  const value = zone.numbers.get(name);
  if (value === undefined)
    throw new InputError(`${at(file, zone.line)}: zone ${zone.name} has no line ${name.replace(":", "")}`);
  if (value > most)
    throw new InputError(
      `${at(file, zone.line)}: zone ${zone.name}: ${name.replace(":", "")} must be at most ${most}: got ${value}`,
    );
  return value;
}
