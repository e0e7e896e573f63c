/**
 * CMA allocations of a real kernel under load, one per row. The model boots the row's machine, fills it as recorded
 * and makes its own allocation. Success, the kernel's error, retries and migrated pages are compared.
 */

import { at, InputError } from "../base/errors";
import { isRegular } from "../base/open-regular";
import { parseSize } from "../base/units";
import { boot } from "../machine/boot";
import { parseCma } from "../machine/cma-request";
import { type CsvRow, csvColumns, readCsvTable } from "./csv-table";
import { type FidelityKind, type FidelityResult, type FidelityValues, fidelityReport } from "./fidelity";
import { type Load, LoadedMachine } from "./loaded-machine";

/** Retries and migrated pages agree within this factor, or this many pages: docs/fidelity.md. */
const FACTOR = 1.2;
const SLACK = 32;

const SETUP_COLUMNS = [
  "page",
  "ram",
  "cma",
  "fill_pct",
  "fill_type",
  "pin",
  "pin_n",
  "seq_in_boot",
  "alloc_pages",
];
const FILL_TYPES: readonly Load["fillType"][] = ["anon", "tmpfs", "thp", "mlock"];
const PINS: readonly Load["pin"][] = ["none", "get", "long", "pin", "vmsplice", "iouring", "kern"];

export const loadTable: FidelityKind = {
  name: "load-table",
  recognises(path) {
    if (!isRegular(path)) return false;
    const columns = csvColumns(path);
    return columns !== undefined && SETUP_COLUMNS.every((c) => columns.includes(c));
  },
  check(path) {
    let machine: LoadedMachine | null = null;
    let last = { key: "", seq: 0 };
    const results = readCsvTable(path).rows.map((row, index): FidelityResult => {
      const reader = new RowReader(path, row);
      const key = ["page", "ram", "cma", "proactiveness", "fill_pct", "fill_type", "pin", "pin_n"]
        .map((c) => row.values[c] ?? "")
        .join();
      const seq = reader.whole("seq_in_boot");
      if (machine === null || key !== last.key || seq !== last.seq + 1) machine = reader.boot();
      last = { key, seq };
      const predicted = predict(machine, reader);
      const recorded = reader.recorded();
      return {
        row: index,
        recorded,
        predicted,
        agrees: recorded === null ? null : agree(recorded, predicted),
      };
    });
    return { report: fidelityReport(path, "load-table", results), notes: [] };
  },
};

function predict(machine: LoadedMachine, row: RowReader): FidelityValues {
  const load = row.load(machine.memory.zones.reduce((pages, z) => pages + z.managed, 0));
  machine.fill(load);
  const pages = row.whole("alloc_pages");
  const got = machine.allocate(pages);
  machine.end(got);
  // A request larger than the area fails before cma_alloc() sets an error of its own.
  const inner = got.ok || pages > machine.contig.areas[0]!.count ? null : got.errno;
  const busyRetries = got.busyRanges.filter((r) => r.errno === -16).length;
  return { result: got.ok ? "ok" : "ENOMEM", innerRet: inner, busyRetries, migrated: got.migrated };
}

function agree(recorded: FidelityValues, predicted: FidelityValues): boolean {
  return (
    recorded.result === predicted.result &&
    recorded.innerRet === predicted.innerRet &&
    near(recorded.busyRetries as number | null, predicted.busyRetries as number) &&
    near(recorded.migrated as number | null, predicted.migrated as number)
  );
}

function near(a: number | null, b: number): boolean {
  if (a === null) return true;
  return Math.abs(a - b) <= SLACK || Math.max(a, b) <= FACTOR * Math.min(a, b);
}

class RowReader {
  constructor(
    private readonly path: string,
    private readonly row: CsvRow,
  ) {}

  private fail(message: string): never {
    throw new InputError(`${at(this.path, this.row.line)}: ${message}`);
  }

  private text(column: string): string {
    return this.row.values[column]?.trim() ?? "";
  }

  /** A whole number, or null if the column is empty. */
  private optional(column: string): number | null {
    const text = this.text(column);
    if (text === "") return null;
    const value = Number(text);
    if (!Number.isInteger(value)) this.fail(`${column}: must be a whole number: got ${JSON.stringify(text)}`);
    return value;
  }

  whole(column: string): number {
    const value = this.optional(column);
    if (value === null || value < 0 || value > 2 ** 31)
      this.fail(`${column}: must be a whole number from 0 to 2^31: got ${JSON.stringify(this.text(column))}`);
    return value;
  }

  private oneOf<T extends string>(column: string, known: readonly T[]): T {
    const text = this.text(column) as T;
    if (!known.includes(text))
      this.fail(`${column}: must be one of ${known.join(", ")}: got ${JSON.stringify(text)}`);
    return text;
  }

  boot(): LoadedMachine {
    try {
      const used = this.optional("cma_used_before") ?? undefined;
      const page = parseSize(this.text("page"), "page");
      const cma = this.text("cma");
      const booted = boot({
        board: "qemu-virt",
        kernel: "6.1",
        pageSize: page,
        memoryBytes: parseSize(this.text("ram"), "ram"),
        cma: parseCma(cma),
      });
      if (!booted.cma.ok) this.fail(`cma=${cma}: the area cannot be reserved: ${booted.cma.reason}`);
      return new LoadedMachine(booted, { usedPages: used });
    } catch (error) {
      if (error instanceof InputError) this.fail(error.message);
      throw error;
    }
  }

  /**
   * The load. If the row does not say how much was filled, filling stops when only the rest of its share of memory is
   * free.
   */
  load(managed: number): Load {
    const percent = this.whole("fill_pct");
    if (percent > 100) this.fail(`fill_pct: must be at most 100: got ${percent}`);
    const fillPages = this.optional("fill_pages");
    return {
      fillPages: fillPages ?? managed,
      untilFree: fillPages === null ? Math.floor((managed * (100 - percent)) / 100) : undefined,
      fillType: this.oneOf("fill_type", FILL_TYPES),
      pin: this.oneOf("pin", PINS),
      pins: this.optional("pinned") ?? this.whole("pin_n"),
    };
  }

  /** The outcome columns; null if the result is empty. */
  recorded(): FidelityValues | null {
    const result = this.text("result");
    if (result === "") return null;
    return {
      result,
      innerRet: this.optional("cma_alloc_inner_ret"),
      busyRetries: this.optional("tr_busy_retry"),
      migrated: this.optional("d_pgmigrate_success"),
    };
  }
}
