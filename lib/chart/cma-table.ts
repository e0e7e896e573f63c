/** What `cma=` really reserves: one booted machine per cell. */
import { formatSize, hex } from "../base/units";
import { cellTable, type TableCell } from "./cell-table";
import type { Figure } from "./figure";
import type { Words } from "./layout";
import type { Planned } from "./run";

/** The fields of a booted machine that a cell needs. */
export interface CmaMachine extends Planned {
  readonly memoryBytes: number;
  readonly cma: {
    readonly requestedBytes: number;
    readonly reservedBytes: number;
    readonly base: number | null;
    readonly ok: boolean;
    readonly reason: string | null;
  };
}

export interface CmaTableOptions extends Words {
  /** Row names, top first, and column names; `boot` gets one of each. */
  rows: readonly string[];
  columns: readonly string[];
  /** The machine of a cell; undefined if there is none, which shows a dash. */
  boot: (row: string, column: string) => CmaMachine | undefined;
}

/**
 * Cells state the reserved size; their colour shows its share of memory. Hover text says where it is, or why it failed.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * chart.cmaTable({
 *   title: "What cma= reserves on a Raspberry Pi 3",
 *   rows: ["4K", "64K"],
 *   columns: ["16MiB", "64MiB"],
 *   boot: (pages, cma) => machine("raspberry-pi-3").pageSize(pages).cma(cma).boot(),
 * });
 * ```
 */
export function cmaTable(options: CmaTableOptions): Figure {
  const machines = options.rows.map((row) => options.columns.map((column) => options.boot(row, column)));
  return cellTable({
    xTitle: "asked for (cma=)",
    shareTitle: "of the memory",
    failureTitle: "no area",
    ...options,
    rows: [...options.rows],
    columns: [...options.columns],
    cells: machines.map((row) => row.map(cellOf)),
    from: machines.flat().filter((machine) => machine !== undefined),
  });
}

function cellOf(machine: CmaMachine | undefined): TableCell {
  if (machine === undefined)
    return { text: "–", share: null, absent: true, hover: "this board does not have it" };
  const { ok, requestedBytes, reservedBytes, base, reason } = machine.cma;
  if (!ok) return { text: "fails", share: null, hover: folded(reason ?? "no reason given") };
  if (reservedBytes === 0) return { text: "none", share: 0, hover: "no area was asked for" };
  const share = reservedBytes / machine.memoryBytes;
  return {
    text: formatSize(reservedBytes),
    share,
    hover: `asked ${formatSize(requestedBytes)}, reserved ${formatSize(reservedBytes)}${base === null ? "" : ` at ${hex(base)}`}<br>${percent(share)} of ${formatSize(machine.memoryBytes)}`,
  };
}

const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;

/** Lines of at most 80 characters, in Plotly's markup. */
function folded(text: string): string {
  return text.replace(/(.{60,80}?)\s/g, "$1<br>");
}
