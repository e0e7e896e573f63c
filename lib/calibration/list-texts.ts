/**
 * The lists of free blocks and the page blocks in /proc/pagetypeinfo as numbers. The text comes from outside: every number is checked,
 * and refused with file and line. Lines that later kernels add are passed over.
 */
import { InputError } from "../base/errors";
import { counted, linesOf, refuse, ZONES_MOST } from "../trace/zoneinfo-text";

/** Orders that any kernel had: up to 2^17 pages on Itanium. */
export const ORDERS_MOST = 20;
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
