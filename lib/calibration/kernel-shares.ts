/**
 * Kernel memory of machines in trouble: what reports of failed requests and of the OOM killer say of slab and page tables. Such
 * machines were short of memory when they printed it, so that their shares are no sample of ordinary ones.
 */
import { InputError } from "../base/errors";
import { GiB } from "../base/units";
import { quantiles } from "../experiment/statistics";
import { readCsvTable } from "../trace/csv-table";

/** One report. */
export interface KernelShares {
  log: string;
  arch: string;
  ramBytes: number;
  /** Shares of memory; missing if the report does not tell. */
  slabReclaimable?: number;
  slabUnreclaimable?: number;
  pageTables?: number;
}

/** Sizes by which reports are grouped, in bytes. */
const SIZES: readonly (readonly [string, number])[] = [
  ["below 1 GiB", GiB],
  ["1 to 4 GiB", 4 * GiB],
  ["4 to 16 GiB", 16 * GiB],
  ["16 GiB and more", Number.POSITIVE_INFINITY],
];

const COLUMNS = ["log", "arch", "pageKib", "ramPages", "slabRecl", "slabUnrecl", "pagetables"];

/** Reads the table of reports; a report without a memory size is left out. */
export function readKernelShares(file: string): KernelShares[] {
  const { columns, rows } = readCsvTable(file);
  const lacking = COLUMNS.find((name) => !columns.includes(name));
  if (lacking !== undefined) throw new InputError(`${file}:1: the heading has no column ${lacking}`);
  return rows.flatMap(({ values }): KernelShares[] => {
    const ram = Number(values.ramPages);
    if (!(ram > 0)) return [];
    const share = (name: string) =>
      values[name] === "" || values[name] === undefined ? undefined : Number(values[name]) / ram;
    const [slabReclaimable, slabUnreclaimable, pageTables] = ["slabRecl", "slabUnrecl", "pagetables"].map(
      share,
    );
    return [
      {
        log: values.log!,
        arch: values.arch!,
        ramBytes: ram * Number(values.pageKib) * 1024,
        ...(slabReclaimable !== undefined && { slabReclaimable }),
        ...(slabUnreclaimable !== undefined && { slabUnreclaimable }),
        ...(pageTables !== undefined && { pageTables }),
      },
    ];
  });
}

/** The kinds of kernel memory that reports tell. */
export const SHARES = ["slabReclaimable", "slabUnreclaimable", "pageTables"] as const;

/** A row per size: median and range from the 10 % to the 90 % quantile, in per cent. */
export function sharesTable(reports: readonly KernelShares[]): string {
  const rows = SIZES.map(([name, below], i) => {
    const least = i === 0 ? 0 : SIZES[i - 1]![1];
    const group = reports.filter((r) => r.ramBytes >= least && r.ramBytes < below);
    return [
      name,
      String(group.length),
      ...SHARES.map((kind) => rangeOf(group.flatMap((r) => (r[kind] === undefined ? [] : [r[kind]])))),
    ];
  });
  const head = ["memory", "reports", "reclaimable slab", "other slab", "page tables"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** `1.2 % (0.3 to 4.0)`. */
export function rangeOf(shares: readonly number[]): string {
  if (shares.length === 0) return "–";
  const [low, mid, high] = quantiles(shares, [0.1, 0.5, 0.9]).map((x) => (100 * x).toFixed(2));
  return `${mid} % (${low} to ${high})`;
}
