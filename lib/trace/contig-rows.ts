/**
 * Kind `contig-rows`: requests for 2 MiB pages, 1 GiB pages and contiguous areas after controlled fragmentation
 * (kernel-truth/x86-contig/rows.csv, a folder with the state before a row). From that state the model makes its own
 * compaction, migration and allocation decisions. A row agrees if the 2 MiB pages obtained are within 5 % or 2 pages
 * of the recorded number, and the 1 GiB pages and areas are equal in number and first frames. Notes list counters
 * that are more than 20 % off. If the row is from another boot than the folder (it started with different free
 * pages), the prediction is compared with the folder's own results.txt, and a note says so.
 */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { append } from "../base/append";
import { at, InputError } from "../base/errors";
import { isRegular } from "../base/open-regular";
import { compactMemory } from "../mm/compaction/compaction";
import { allocContigPages, freeContigRange, giganticFromAnywhere } from "../mm/contiguous/contig-pages";
import { HugetlbPool } from "../mm/contiguous/hugetlb";
import { RoomMaker } from "../mm/reclaim/vmscan";
import { GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { kernelProfile } from "../mm/state/profile";
import { type ContigResults, readContigResults } from "./contig-results";
import { type CsvRow, csvColumns, readCsvTable } from "./csv-table";
import { type FidelityKind, type FidelityResult, type FidelityValues, fidelityReport } from "./fidelity";
import { needInput, readInput } from "./input";
import { recordedRelease } from "./recording";
import { loadSnapshot } from "./snapshot-load";
import { parseSnapshot } from "./snapshot-parse";

/** Counters of /proc/vmstat that are columns of the table; those of the first stage have a prefix. */
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
/** Counters smaller than this are exempt from the 20 % rule: one event more or less is chance. */
const SMALL_COUNT = 20;

export const contigRows: FidelityKind = {
  name: "contig-rows",
  recognises(path) {
    if (!isRegular(path)) return false;
    const columns = csvColumns(path);
    return columns?.includes("movable_occupancy_pct") === true && columns.includes("obtained");
  },
  check(path) {
    const notes: string[] = [];
    const results = readCsvTable(path).rows.map((row, index) => checkRow(path, row, index, notes));
    return { report: fidelityReport(path, "contig-rows", results), notes };
  },
};

type Values = Record<string, string | number | null>;
type Counts = Record<(typeof COUNTERS)[number], number>;

function checkRow(path: string, row: CsvRow, index: number, notes: string[]): FidelityResult {
  const name = row.values.row ?? "";
  const m = stateBefore(path, row);
  const results = readContigResults(join(dirname(path), name));
  const own = otherBoot(row, results) ? results : null;
  const text = own?.obtained ?? row.values.obtained?.trim() ?? "";
  if (own !== null)
    notes.push(
      `${name}: the row is of another boot than the folder (free pages before: ${row.values.free_pages_before} and ${own.freeBefore}); recorded is what the folder's results.txt says`,
    );
  const predicted: Record<string, string | number | null> = {};
  if (row.values.compact_memory_first === "1") {
    const before = counts(m);
    compactMemory(m);
    put(predicted, FIRST_STAGE, since(before, m));
  }
  const before = counts(m);
  const first = () => put(predicted, "", since(before, m));
  const request = row.values.request ?? "";
  if (/2 MiB/.test(request)) predicted.obtained = request2M(m, text, first);
  else if (/1 GiB/.test(request)) predicted.obtained = request1G(m, request, first, predicted);
  else if (/alloc_contig_pages/.test(request))
    predicted.obtained = requestAreas(m, request, first, predicted);
  else
    throw new InputError(
      `${at(path, row.line)}: request: known are 2 MiB pages, 1 GiB pages and alloc_contig_pages: got ${JSON.stringify(request)}`,
    );
  const recorded =
    text === ""
      ? null
      : recordedValues(path, own === null ? row : ownRow(row, text, own), predicted, results?.frames ?? []);
  if (recorded !== null) noteCounters(name, recorded, predicted, notes);
  return { row: index, recorded, predicted, agrees: recorded === null ? null : agree(recorded, predicted) };
}

/** Whether the row began with different free pages than the run whose state is in the folder. */
function otherBoot(row: CsvRow, results: ContigResults | null): boolean {
  const before = row.values.free_pages_before?.trim() ?? "";
  return (
    before !== "" &&
    results?.obtained != null &&
    results.freeBefore !== null &&
    Number(before) !== results.freeBefore
  );
}

/** The row as it would be if it had been filled from the folder. */
function ownRow(row: CsvRow, obtained: string, own: ContigResults): CsvRow {
  const values: Record<string, string> = { ...row.values, obtained };
  for (const name of COUNTERS) {
    values[name] = String(own.counter(name, "request") ?? "");
    values[FIRST_STAGE + name] = String(own.counter(name, "compact_memory") ?? "");
  }
  return { ...row, values };
}

/** The machine in the state stored in the row's folder. */
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

/** Requests as many 2 MiB pages as possible, as often as the recording did. Calls `first` after the first attempt. */
function request2M(m: Memory, recorded: string, first: () => void): string | number {
  const pool = new HugetlbPool(m, { order: m.pageblockOrder });
  const most = Math.ceil(m.endPfn / m.pageblockPages);
  const got = pool.setMaxHugePages(most);
  first();
  const again = /then (.*)/.exec(recorded)?.[1]?.split(",").length ?? 0;
  if (again === 0) return got;
  const more = Array.from({ length: again }, () => pool.setMaxHugePages(most));
  return `${got} then ${more.join(",")}`;
}

const GIB_ORDER = 18;
const MIB_PAGES = 256;

/** "hugetlb 1 GiB: 1, then 2, then 3": the pool grows step by step. */
function request1G(m: Memory, request: string, done: () => void, predicted: Values): string {
  const frames: number[] = [];
  const source = giganticFromAnywhere(m);
  const pool = new HugetlbPool(m, {
    order: GIB_ORDER,
    gigantic: {
      take: (order) => {
        const pfn = source.take(order);
        if (pfn >= 0) frames.push(pfn);
        return pfn;
      },
      give: source.give,
    },
  });
  const wanted = numbers(request.replace(/^.*:/, ""));
  const got = wanted.map((n) => `g=${n}:${pool.setMaxHugePages(n)}`);
  done();
  predicted.first_frames = frames.map(hexOf).join(" ");
  return got.join(" ");
}

/**
 * "alloc_contig_pages: 8 x 64 MiB, released, then 4 x 256 MiB": each group is held until it is complete, then
 * released.
 */
function requestAreas(m: Memory, request: string, done: () => void, predicted: Values): string {
  const frames: string[] = [];
  const groups = [...request.matchAll(/(?<!\d)(\d+) x (\d+) MiB/g)].map((g) => {
    const count = Number(g[1]);
    const pages = Number(g[2]) * MIB_PAGES;
    const held: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = allocContigPages(m, { pages, gfp: GFP_KERNEL, kind: "driver" });
      if (start >= 0) held.push(start);
    }
    append(frames, held.map(hexOf));
    for (const start of held) freeContigRange(m, start, pages);
    return `${g[2]}M: ${held.length}/${count}`;
  });
  done();
  predicted.first_frames = frames.join(" ");
  return groups.join("  ");
}

function hexOf(pfn: number): string {
  return `0x${pfn.toString(16)}`;
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

/** The table's values for the predicted columns, without columns that are missing or empty. */
function recordedValues(
  path: string,
  row: CsvRow,
  predicted: FidelityValues,
  frames: readonly string[],
): FidelityValues {
  const values: Record<string, string | number | null> = {};
  for (const column of Object.keys(predicted)) {
    const text = row.values[column]?.trim() ?? "";
    if (column === "first_frames") values.first_frames = frames.length > 0 ? frames.join(" ") : null;
    else if (column === "obtained") values.obtained = /^\d+$/.test(text) ? Number(text) : text;
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
  if (/[:/]/.test(String(recorded.obtained)))
    return (
      recorded.obtained === predicted.obtained &&
      (recorded.first_frames == null || recorded.first_frames === predicted.first_frames)
    );
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
