/** Tables of recordings: comma-separated text with a header line. Every error names the file and the line. */
import type { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";
import { at, errorOf, InputError } from "../base/errors";
import { readOutside, readOutsideStart } from "../base/outside-file";
import { MiB } from "../base/units";

/** One row: its values by column name, and the line it starts on. */
export interface CsvRow {
  line: number;
  values: Readonly<Record<string, string>>;
}

export interface CsvTable {
  columns: string[];
  rows: CsvRow[];
}

/** Column names from the first line; undefined if the file cannot be a table. Reads at most 16 KiB. */
export function csvColumns(path: string): string[] | undefined {
  if (!path.endsWith(".csv")) return undefined;
  const first = readOutsideStart(path, 16_384).toString("utf8").split(/\r?\n/, 1)[0]!;
  return first.replace(/^\uFEFF/, "").split(",");
}

/** Tables of recordings have some hundred kilobytes. */
const TABLE_BYTES_MOST = 32 * MiB;

/** Reads the whole table; throws InputError for a row with too few or too many columns, or an unclosed quote. */
export function readCsvTable(path: string): CsvTable {
  let records: { info: { lines: number }; record: string[] }[];
  try {
    records = parse(readOutside(path, { bytes: TABLE_BYTES_MOST }), {
      bom: true,
      info: true,
      skip_empty_lines: true,
    }) as never;
  } catch (error) {
    if (isCsvError(error)) throw new InputError(`${at(path, lineOf(error))}: ${inOurWords(error)}`);
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: is no table (${errorOf(error).message})`);
  }
  const [header, ...rest] = records;
  if (header === undefined)
    throw new InputError(`${at(path, 1)}: the table is empty, not even a header line`);
  return {
    columns: header.record,
    rows: rest.map(({ info, record }) => ({
      line: info.lines,
      values: Object.fromEntries(header.record.map((name, i) => [name, record[i]!])),
    })),
  };
}

/** The library has a separate CsvError class per entry point, so check the code, not the class. */
function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && "code" in error && String(error.code).startsWith("CSV_");
}

function lineOf(error: CsvError): number | undefined {
  return typeof error.lines === "number" ? error.lines : undefined;
}

function inOurWords(error: CsvError): string {
  if (error.code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH" && Array.isArray(error.record)) {
    return `a row must have as many columns as the header: got ${error.record.length}`;
  }
  return error.message;
}
