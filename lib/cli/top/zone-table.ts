/**
 * A zone's free blocks by order and type. Orders are columns if the width holds them, with exact counts or short ones; otherwise
 * orders are rows.
 */
import { largestOf } from "../../base/extremes";
import { unusableFreeIndex } from "../../mm/reports/fragmentation-index";
import { type Line, plain, shortCount, shortSize, word } from "./cells";
import type { TopZone } from "./reading";

/** A row of the table: what it counts, and a cell for each order. */
interface Row {
  name: string;
  cells: readonly string[];
}

/** Lines of at most `width` characters; none if no count by order is known. */
export function zoneTable(zone: TopZone, pageBytes: number, width: number): Line[] {
  for (const exact of [true, false]) {
    const rows = rowsOf(zone, pageBytes, exact);
    if (rows.length === 0) return [];
    const lines = ordersAcross(rows);
    if (lines.every((line) => line.length <= width)) return lines.map(plain);
  }
  return ordersDown(rowsOf(zone, pageBytes, false), width).map(plain);
}

function rowsOf(zone: TopZone, pageBytes: number, exact: boolean): Row[] {
  const { freeBlocks, byType = [], pageBlocks = {} } = zone;
  const count = (n: number) => (exact ? String(n) : shortCount(n));
  const orders = freeBlocks?.length ?? byType[0]?.counts.length ?? 0;
  if (orders === 0) return [];
  const each = (cell: (order: number) => string) => Array.from({ length: orders }, (_, order) => cell(order));
  const rows: Row[] = [
    { name: "order", cells: each(String) },
    { name: "block", cells: each((order) => shortSize(pageBytes * 2 ** order)) },
  ];
  for (const { type, counts, capped } of byType)
    if (counts.some((n) => n > 0) || (pageBlocks[type] ?? 0) > 0)
      rows.push({
        name: word(type),
        cells: each((order) => `${capped.includes(order) ? ">" : ""}${count(counts[order] ?? 0)}`),
      });
  if (freeBlocks === undefined) return rows;
  rows.push({ name: "all types", cells: each((order) => count(freeBlocks[order]!)) });
  const index = (order: number) => Math.floor(unusableFreeIndex(freeBlocks, order) / 10);
  rows.push({ name: "unusable", cells: each((order) => (index(order) / 100).toFixed(2)) });
  return rows;
}

const NAME_COLUMNS = 12;

function ordersAcross(rows: readonly Row[]): string[] {
  const widest = largestOf(rows.flatMap((row) => row.cells.map((cell) => cell.length)));
  return rows.map(
    ({ name, cells }) =>
      name.slice(0, NAME_COLUMNS - 1).padEnd(NAME_COLUMNS) +
      cells.map((cell) => cell.padStart(widest + 1)).join(""),
  );
}

/** Short words for the columns of narrow terminals; other types are cut to five characters. */
const SHORT: Readonly<Record<string, string>> = {
  order: "ord",
  Unmovable: "Unmov",
  Movable: "Mov",
  Reclaimable: "Recl",
  HighAtomic: "HighA",
  Isolate: "Isol",
  "all types": "all",
  unusable: "unus",
};
const CELL_COLUMNS = 6;

/** The columns of order and block size begin every part; the others go on below where the width ends. */
function ordersDown([order, block, ...others]: readonly Row[], width: number): string[] {
  const room = Math.max(1, Math.floor(width / CELL_COLUMNS) - 2);
  const lines: string[] = [];
  for (let from = 0; from < others.length; from += room) {
    const columns = [order!, block!, ...others.slice(from, from + room)];
    const line = (cells: readonly string[]) =>
      cells.map((cell) => cell.slice(0, CELL_COLUMNS).padStart(CELL_COLUMNS)).join("");
    lines.push(line(columns.map(({ name }) => SHORT[name] ?? name.slice(0, 5))));
    order!.cells.forEach((_, i) => lines.push(line(columns.map(({ cells }) => cells[i]!))));
  }
  return lines;
}
