/**
 * Kind `hugetlb-table`: huge pages obtained at boot and at run time, one size and phase per row. The model boots the
 * row's machine with its command line, fills memory as stated and grows its own pools. A row agrees if the number of
 * pages is equal.
 */

import { at, InputError } from "../base/errors";
import { isRegular } from "../base/open-regular";
import { parseSize } from "../base/units";
import { pageGeometry } from "../hardware/page-geometry";
import { type BootResult, boot } from "../machine/boot";
import { parseCma } from "../machine/cma-request";
import { parseHugePages } from "../machine/huge-pages";
import { type CsvRow, csvColumns, readCsvTable } from "./csv-table";
import { type FidelityKind, type FidelityResult, fidelityReport } from "./fidelity";
import { LoadedMachine } from "./loaded-machine";

const SETUP_COLUMNS = ["page", "ram", "cmdline", "phase", "size_kb", "want"] as const;
const COLUMNS = [...SETUP_COLUMNS, "got"];

export const hugetlbTable: FidelityKind = {
  name: "hugetlb-table",
  recognises(path) {
    if (!isRegular(path)) return false;
    const columns = csvColumns(path);
    return columns !== undefined && COLUMNS.every((c) => columns.includes(c));
  },
  check(path) {
    let run: Run | null = null;
    const results = readCsvTable(path).rows.map((row, index): FidelityResult => {
      try {
        if (run === null || !run.continuesWith(row)) run = new Run(row);
        const predicted = { got: run.step(row) };
        const text = row.values.got!.trim();
        const recorded = text === "" ? null : { got: whole("got", text) };
        return {
          row: index,
          recorded,
          predicted,
          agrees: recorded === null ? null : recorded.got === predicted.got,
        };
      } catch (error) {
        if (error instanceof InputError) throw new InputError(`${at(path, row.line)}: ${error.message}`);
        throw error;
      }
    });
    return { report: fidelityReport(path, "hugetlb-table", results), notes: [] };
  },
};

/** Phases of a run, in chronological order. */
const PHASES = ["boot", "runtime-fresh", "runtime-loaded", "runtime-afterload"] as const;

/** One boot and its later phases: consecutive rows with one machine and command line; phases never go back. */
class Run {
  private readonly key: string;
  private readonly machine: LoadedMachine;
  private phase = 0;

  constructor(row: CsvRow) {
    this.key = keyOf(row);
    this.machine = new LoadedMachine(bootRow(row), { compaction: true });
  }

  continuesWith(row: CsvRow): boolean {
    return keyOf(row) === this.key && phaseOf(row) >= this.phase;
  }

  /** Huge pages of the row's size once its phase is reached and its number was requested; empties the pool again. */
  step(row: CsvRow): number {
    const phase = phaseOf(row);
    const { hugetlb, memory } = this.machine;
    const bytes = whole("size_kb", row.values.size_kb!) * 1024;
    const pool = hugetlb.pools.get(bytes);
    if (pool === undefined)
      throw new InputError(
        `size_kb: huge pages of this machine have ${[...hugetlb.pools.keys()].map((b) => b / 1024).join(", ")} kB: got ${row.values.size_kb}`,
      );
    if (phase === 0) return hugetlb.atBoot.get(bytes)!;
    if (phase >= 2 && this.phase < 2) {
      const managed = memory.zones.reduce((pages, z) => pages + z.managed, 0);
      const untilFree = Math.floor((managed * (100 - fillPercent(row))) / 100);
      this.machine.fill({ fillPages: managed, untilFree, fillType: "anon", pin: "none", pins: 0 });
    }
    if (phase === 3 && this.phase < 3) this.machine.endProcess();
    this.phase = phase;
    const got = pool.setMaxHugePages(whole("want", row.values.want!));
    pool.setMaxHugePages(0);
    return got;
  }
}

function keyOf(row: CsvRow): string {
  return ["page", "ram", "test", "cmdline"].map((c) => row.values[c] ?? "").join("\n");
}

function phaseOf(row: CsvRow): number {
  const name = row.values.phase!.trim();
  const phase = PHASES.findIndex((p) => name === p || name.startsWith(`${p}-`));
  if (phase < 0)
    throw new InputError(`phase: must be one of ${PHASES.join(", ")}: got ${JSON.stringify(name)}`);
  return phase;
}

/** The share of memory that the process takes: `fill=` on the command line. */
function fillPercent(row: CsvRow): number {
  const text = /(?:^|\s)fill=(\S*)/.exec(row.values.cmdline!)?.[1];
  const percent = Number(text);
  if (text === undefined || !Number.isInteger(percent) || percent < 0 || percent > 100)
    throw new InputError(
      `cmdline: fill= must be a whole number from 0 to 100 where the phase is ${row.values.phase}: got ${JSON.stringify(text ?? "")}`,
    );
  return percent;
}

function bootRow(row: CsvRow): BootResult {
  const { page, ram, cmdline } = row.values as Record<(typeof SETUP_COLUMNS)[number], string>;
  const words = cmdline.split(/\s+/);
  const pageSize = parseSize(page, "page");
  const geometry = pageGeometry("arm64", pageSize, "6.1", { thp: true, hugetlb: true });
  if (geometry === undefined)
    throw new InputError(`page: arm64 has 4K, 16K and 64K: got ${JSON.stringify(page)}`);
  const cma = words.find((w) => w.startsWith("cma="))?.slice("cma=".length) ?? "none";
  return boot({
    board: "qemu-virt",
    kernel: "6.1",
    pageSize,
    memoryBytes: parseSize(ram, "ram"),
    cma: /^0[kmg]?$/i.test(cma) ? { kind: "off" } : parseCma(cma),
    hugePages: parseHugePages(words, {
      sizes: geometry.hugePageSizes,
      defaultBytes: pageSize * 2 ** geometry.pmdOrder,
    }),
  });
}

function whole(column: string, text: string): number {
  if (!/^\d+$/.test(text.trim()) || Number(text) > 2 ** 31)
    throw new InputError(
      `${column}: must be a whole number from 0 to 2^31: got ${JSON.stringify(text.trim())}`,
    );
  return Number(text);
}
