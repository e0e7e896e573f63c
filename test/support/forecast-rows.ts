/**
 * The measure of docs/live-machine.md: each row of x86-contig says what a kernel gave; the machine is drawn from the row's buddyinfo.s0
 * and pagetypeinfo.s0 alone, and gets the same requests.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { forecast, type SnapshotRequest } from "../../lib/calibration/forecast";
import { snapshotFrom } from "../../lib/trace/collect-snapshot";

export interface RowForecast {
  row: string;
  asked: string;
  recorded: number[];
  low: number[];
  mid: number[];
  high: number[];
  inside: boolean;
}

interface Row {
  row: string;
  request: string;
  obtained: string;
  compact_memory_first: string;
}

/** Rows of the table in `dir` that have a folder with both texts. */
export function rowsIn(dir: string): Row[] {
  const rows = parse(readFileSync(join(dir, "rows.csv"), "utf8"), { columns: true }) as Row[];
  return rows.filter(({ row }) => existsSync(join(dir, row, "pagetypeinfo.s0")));
}

/** What the row asked for, and the numbers that it got, in the same order. */
export function requestsOf({ request, obtained, compact_memory_first }: Row): {
  requests: SnapshotRequest[];
  recorded: number[];
} {
  const first: SnapshotRequest[] = compact_memory_first === "1" ? [{ compact: true }] : [];
  if (request.includes("2 MiB"))
    return {
      requests: [...first, { hugePages: "2MiB", count: "most" }],
      recorded: [Number.parseInt(obtained, 10)],
    };
  if (request.includes("1 GiB")) {
    const steps = [...obtained.matchAll(/g=(\d+):(\d+)/g)];
    return {
      requests: [...first, ...steps.map((s) => ({ hugePages: "1GiB", count: Number(s[1]) }))],
      recorded: steps.map((s) => Number(s[2])),
    };
  }
  const groups = [...obtained.matchAll(/(\d+)M: (\d+)\/(\d+)/g)];
  return {
    requests: [...first, ...groups.map((g) => ({ contiguous: `${g[1]}MiB`, times: Number(g[3]) }))],
    recorded: groups.map((g) => Number(g[2])),
  };
}

/** The distribution of a row. The recorded kernel was 6.1.192; everything else is left to the texts. */
export function forecastRow(dir: string, row: Row, seeds: number): RowForecast {
  const { requests, recorded } = requestsOf(row);
  const folder = join(dir, row.row);
  const snapshot = snapshotFrom([join(folder, "buddyinfo.s0"), join(folder, "pagetypeinfo.s0")]);
  const all = forecast({ ...snapshot, kernel: "6.1.192" }, requests, { seeds });
  const asked = all.slice(all.length - recorded.length);
  return {
    row: row.row,
    asked: row.request,
    recorded,
    low: asked.map((f) => f.low),
    mid: asked.map((f) => f.mid),
    high: asked.map((f) => f.high),
    inside: recorded.every((n, i) => n >= asked[i]!.low && n <= asked[i]!.high),
  };
}
