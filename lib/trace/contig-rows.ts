/**
 * Kind `contig-rows`: requests for 2 MiB pages, 1 GiB pages and contiguous areas after controlled fragmentation
 * (kernel-truth/x86-contig/rows.csv, a folder with the state before a row). From that state the model makes its own
 * compaction, migration and allocation decisions. A row agrees when the 2 MiB pages obtained are within 5 % or 2 pages of
 * those recorded; counters more than 20 % off are named in the notes.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { at, InputError } from "../base/errors";
import { compactMemory } from "../mm/compaction";
import { HugetlbPool } from "../mm/hugetlb";
import type { Memory } from "../mm/memory";
import { kernelProfile } from "../mm/profile";
import { RoomMaker } from "../mm/vmscan";
import { type CsvRow, csvColumns, readCsvTable } from "./csv-table";
import { type FidelityKind, type FidelityResult, type FidelityValues, fidelityReport } from "./fidelity";
import { needInput, readInput } from "./input";
import { recordedRelease } from "./recording";
import { parseSnapshot } from "./snapshot";
import { loadSnapshot } from "./snapshot-load";

/** Counters of /proc/vmstat that the table has as columns; those of the first stage carry a prefix. */
const COUNTERS = [
  "pgmigrate_success",
  "pgmigrate_fail",
  "compact_migrate_scanned",
  "compact_free_scanned",
  "compact_isolated",
  "compact_stall",
  "compact_success",
  "compact_fail",
  "allocstall",
] as const;
const FIRST_STAGE = "compact_memory_";
/** Counters smaller than this are not held to 20 %: one event more or less is chance. */
const SMALL_COUNT = 20;

export const contigRows: FidelityKind = {
  name: "contig-rows",
  recognises(path) {
    if (!statSync(path).isFile()) return false;
    const columns = csvColumns(path);
    return columns?.includes("movable_occupancy_pct") === true && columns.includes("obtained");
  },
  check(path) {
    const notes: string[] = [];
    const results = readCsvTable(path).rows.map((row, index) => checkRow(path, row, index, notes));
    return { report: fidelityReport(path, "contig-rows", results), notes };
  },
};

type Counts = Record<(typeof COUNTERS)[number], number>;

function checkRow(path: string, row: CsvRow, index: number, notes: string[]): FidelityResult {
  const name = row.values.row ?? "";
  const text = row.values.obtained?.trim() ?? "";
  const m = stateBefore(path, row);
  const predicted: Record<string, string | number | null> = {};
  if (row.values.compact_memory_first === "1") {
    const before = counts(m);
    compactMemory(m);
    put(predicted, FIRST_STAGE, since(before, m));
  }
  const before = counts(m);
  const request = row.values.request ?? "";
  if (!/2 MiB/.test(request))
    return { row: index, recorded: { obtained: text }, predicted: { obtained: null }, agrees: null };
  predicted.obtained = request2M(m, text, () => put(predicted, "", since(before, m)));
  const recorded = text === "" ? null : recordedValues(path, row, predicted);
  if (recorded !== null) noteCounters(name, recorded, predicted, notes);
  return { row: index, recorded, predicted, agrees: recorded === null ? null : agree(recorded, predicted) };
}

/** The machine in the state that the row's folder holds. */
function stateBefore(path: string, row: CsvRow): Memory {
  const name = row.values.row ?? "";
  const dir = join(dirname(path), name);
  if (name === "" || !existsSync(dir))
    throw new InputError(
      `${at(path, row.line)}: row: there is no folder ${JSON.stringify(name)} beside the table`,
    );
  const file = needInput(dir, "S0.txt");
  const m = loadSnapshot(parseSnapshot(readInput(file), file), kernelProfile(recordedRelease(dir)));
  m.watermarkBoostFactor = 0;
  m.help = new RoomMaker(m, { reclaim: true, compaction: true });
  return m;
}

/** As many 2 MiB pages as there are; as often as the recording tried. `first` is called after the first try. */
function request2M(m: Memory, recorded: string, first: () => void): string | number {
  const pool = new HugetlbPool(m, { order: m.pageblockOrder });
  const most = Math.ceil(m.endPfn / m.pageblockPages);
  const got = pool.setMaxHugePages(most);
  first();
  const again = /then (.*)$/.exec(recorded)?.[1]?.split(",").length ?? 0;
  if (again === 0) return got;
  const more = Array.from({ length: again }, () => pool.setMaxHugePages(most));
  return `${got} then ${more.join(",")}`;
}

function counts(m: Memory): Counts {
  return Object.fromEntries(COUNTERS.map((c) => [c, m.counters[c]])) as Counts;
}

function since(before: Counts, m: Memory): Counts {
  return Object.fromEntries(COUNTERS.map((c) => [c, m.counters[c] - before[c]])) as Counts;
}

function put(values: Record<string, string | number | null>, prefix: string, c: Counts): void {
  for (const name of COUNTERS) values[prefix + name] = c[name];
}

/** What the table says about the columns that were predicted; columns it does not have or leaves empty are left out. */
function recordedValues(path: string, row: CsvRow, predicted: FidelityValues): FidelityValues {
  const values: Record<string, string | number | null> = {};
  for (const column of Object.keys(predicted)) {
    const text = row.values[column]?.trim() ?? "";
    if (column === "obtained") values.obtained = /^\d+$/.test(text) ? Number(text) : text;
    else if (text === "") values[column] = null;
    else if (/^\d+$/.test(text)) values[column] = Number(text);
    else
      throw new InputError(`${at(path, row.line)}: ${column}: must be a number: got ${JSON.stringify(text)}`);
  }
  return values;
}

/** Numbers in a text such as "171 then 171,171". */
function numbers(value: unknown): number[] {
  return (String(value).match(/\d+/g) ?? []).map(Number);
}

function agree(recorded: FidelityValues, predicted: FidelityValues): boolean {
  const a = numbers(recorded.obtained);
  const b = numbers(predicted.obtained);
  return a.length === b.length && a.every((n, i) => Math.abs(n - b[i]!) <= Math.max(2, n * 0.05));
}

function noteCounters(
  name: string,
  recorded: FidelityValues,
  predicted: FidelityValues,
  notes: string[],
): void {
  const off = Object.keys(recorded).flatMap((column) => {
    const a = recorded[column];
    const b = predicted[column];
    if (typeof a !== "number" || typeof b !== "number" || column === "obtained") return [];
    if (Math.abs(a - b) <= Math.max(SMALL_COUNT, 0.2 * a)) return [];
    return [`${column} ${b} for ${a}`];
  });
  if (off.length > 0) notes.push(`${name}: more than 20 % off: ${off.join(", ")}`);
}
