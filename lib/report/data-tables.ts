/**
 * The results of a write-up as tables. `runs`: one row per run, with every single value of its plan and its result
 * under its dotted name. `columns`: results that hold columns (an object of lists of equal length), one row per entry.
 */
import type { Run } from "../chart/figure";

/** SQL types, by their names in DuckDB and Parquet. */
export type ColumnType = "BIGINT" | "DOUBLE" | "BOOLEAN" | "VARCHAR";
export type Cell = string | number | boolean | null;

export interface DataTable {
  name: "runs" | "columns";
  columns: { name: string; type: ColumnType }[];
  /** `rows[row][column]`; null if a run has no such value. */
  rows: Cell[][];
}

/** Longer lists are data, not properties, and are not in the table of runs. */
const LIST_MAX = 16;
const COLUMNS_MAX = 1000;
/** Columns that every row of `columns` has. */
const OWN = new Set(["run", "sha256", "columns", "row"]);

type Row = Map<string, Cell>;

/** The tables of `runs` that have rows. */
export function dataTables(runs: readonly Run[]): DataTable[] {
  const properties: Row[] = [];
  const entries: Row[] = [];
  runs.forEach(({ plan, result, sha256 }, index) => {
    const name: [string, Cell][] = [
      ["run", index + 1],
      ["sha256", sha256],
    ];
    const row: Row = new Map(name);
    flatten("plan", plan, row);
    flatten("result", result, row);
    properties.push(row);
    for (const { path, columns, length } of columnSets("result", result))
      for (let i = 0; i < length; i++)
        entries.push(
          new Map<string, Cell>([
            ...name,
            ["columns", path],
            ["row", i],
            ...columns.map(([key, values]): [string, Cell] => [
              OWN.has(key) ? `value.${key}` : key,
              values[i]!,
            ]),
          ]),
        );
  });
  return [tableOf("runs", properties), tableOf("columns", entries)].filter((table) => table.rows.length > 0);
}

function flatten(path: string, value: unknown, row: Row): void {
  if (isCell(value)) {
    if (row.size < COLUMNS_MAX) row.set(path, value);
  } else if (Array.isArray(value)) {
    if (value.length > LIST_MAX) return;
    if (value.every(isCell)) row.set(path, JSON.stringify(value));
    else value.forEach((inner, i) => flatten(`${path}.${i}`, inner, row));
  } else if (typeof value === "object") {
    if (columnsIn(value as object) !== undefined) return;
    for (const [key, inner] of Object.entries(value as object)) flatten(`${path}.${key}`, inner, row);
  }
}

interface ColumnSet {
  path: string;
  columns: [name: string, values: Cell[]][];
  length: number;
}

function columnSets(path: string, value: unknown): ColumnSet[] {
  if (typeof value !== "object" || value === null) return [];
  const columns = Array.isArray(value) ? undefined : columnsIn(value);
  if (columns !== undefined) return [{ path, columns, length: columns[0]![1].length }];
  return Object.entries(value).flatMap(([key, inner]) => columnSets(`${path}.${key}`, inner));
}

/** Two or more lists of single values, all of the same length. */
function columnsIn(value: object): [string, Cell[]][] | undefined {
  const entries = Object.entries(value);
  const first: unknown = entries[0]?.[1];
  if (entries.length < 2 || !Array.isArray(first)) return undefined;
  const alike = entries.every(
    ([, list]) => Array.isArray(list) && list.length === first.length && list.every(isCell),
  );
  return alike ? (entries as [string, Cell[]][]) : undefined;
}

const isCell = (value: unknown): value is Cell =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";

function tableOf(name: DataTable["name"], rows: Row[]): DataTable {
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))].slice(0, COLUMNS_MAX);
  const columns = names.map((column) => ({
    name: column,
    type: typeOf(rows.map((row) => row.get(column) ?? null)),
  }));
  const cells = rows.map((row) => names.map((column) => row.get(column) ?? null));
  return { name, columns, rows: cells };
}

function typeOf(values: Cell[]): ColumnType {
  const given = values.filter((value) => value !== null);
  if (given.length === 0) return "VARCHAR";
  if (given.every((value) => Number.isSafeInteger(value))) return "BIGINT";
  if (given.every((value) => typeof value === "number")) return "DOUBLE";
  return given.every((value) => typeof value === "boolean") ? "BOOLEAN" : "VARCHAR";
}

/** RFC 4180 with a header line; null is nothing, the empty text is `""`. */
export function csvOf({ columns, rows }: DataTable): string {
  const lines = [columns.map(({ name }) => name), ...rows].map((row) => row.map(csvCell).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
