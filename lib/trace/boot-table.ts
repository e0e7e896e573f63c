/**
 * Kind `boot-table`: one boot of the arm64 `virt` board per row (kernel-truth/arm64-cma/boot-table.csv). A prediction
 * uses page, variant, ram and cma_arg, never an outcome. A row agrees if the result, the reserved size, the base, the
 * page-block order and mobility grouping equal the recorded ones and min_free_kbytes is within one base page.
 */

import { at, InputError } from "../base/errors";
import { isRegular } from "../base/open-regular";
import { hex, MiB, parseSize } from "../base/units";
import { type BootResult, boot } from "../machine/boot";
import { parseCma } from "../machine/cma-request";
import { type CsvRow, csvColumns, readCsvTable } from "./csv-table";
import { type FidelityKind, type FidelityResult, fidelityReport } from "./fidelity";

const BOARD = "qemu-virt";
const KERNEL = "6.1";

/** Columns that describe the set-up: the input of a prediction. */
const SETUP_COLUMNS = ["page", "variant", "ram", "cma_arg"] as const;

/** A recorded row, or the prediction for it. */
type Outcome = {
  result: string | null;
  reservedMib: number | null;
  base: string | null;
  pageblockOrder: number | null;
  mobilityGrouping: string | null;
  minFreeKbytes: number | null;
};

export const bootTable: FidelityKind = {
  name: "boot-table",
  recognises(path) {
    if (!isRegular(path)) return false;
    const columns = csvColumns(path);
    return columns !== undefined && SETUP_COLUMNS.every((c) => columns.includes(c));
  },
  check(path) {
    const differences = new Differences();
    const results = readCsvTable(path).rows.map((row, index) => checkRow(path, row, index, differences));
    return { report: fidelityReport(path, "boot-table", results), notes: differences.notes() };
  },
};

/** Boots the machine a row describes; only its set-up columns are read. */
function predict(path: string, row: CsvRow): BootResult {
  const { page, variant, ram, cma_arg } = row.values as Record<(typeof SETUP_COLUMNS)[number], string>;
  try {
    if (variant !== "huge" && variant !== "nohuge")
      throw new InputError(`variant: must be huge or nohuge: got ${JSON.stringify(variant)}`);
    const huge = variant === "huge";
    return boot({
      board: BOARD,
      kernel: KERNEL,
      pageSize: parseSize(page, "page"),
      memoryBytes: parseSize(ram, "ram"),
      cma: /^0[kmg]?$/i.test(cma_arg) ? { kind: "off" } : parseCma(cma_arg),
      thp: huge,
      hugetlb: huge,
    });
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${at(path, row.line)}: ${error.message}`);
    throw error;
  }
}

function checkRow(path: string, row: CsvRow, index: number, differences: Differences): FidelityResult {
  const booted = predict(path, row);
  const predicted: Outcome = {
    result: booted.cma.requestedBytes === 0 ? "none" : booted.cma.ok ? "ok" : "failed",
    reservedMib: booted.cma.reservedBytes / MiB,
    base: booted.cma.base === null ? null : hex(booted.cma.base),
    pageblockOrder: booted.pageblockOrder,
    mobilityGrouping: booted.mobilityGrouping ? "on" : "off",
    minFreeKbytes: booted.minFreeKbytes,
  };
  const recorded = recordedOutcome(path, row);
  if (recorded === null) return { row: index, recorded, predicted, agrees: null };
  differences.add(booted, recorded, row.values.zones ?? "");
  return { row: index, recorded, predicted, agrees: agree(recorded, predicted, booted.pageSize / 1024) };
}

/** The outcome columns; null if all are empty. A panic leaves some of them empty. */
function recordedOutcome(path: string, row: CsvRow): Outcome | null {
  const text = (column: string) => row.values[column]?.trim() || null;
  const number = (column: string) => {
    const value = text(column);
    if (value === null) return null;
    const parsed = Number(value);
    if (!Number.isFinite(parsed))
      throw new InputError(
        `${at(path, row.line)}: ${column}: must be a number: got ${JSON.stringify(value)}`,
      );
    return parsed;
  };
  const base = number("base");
  const outcome: Outcome = {
    result: text("result"),
    reservedMib: number("reserved_mib"),
    base: base === null ? null : hex(base),
    pageblockOrder: number("pageblock_order"),
    mobilityGrouping: text("mobility_grouping"),
    minFreeKbytes: number("min_free_kbytes"),
  };
  return Object.values(outcome).every((v) => v === null) ? null : outcome;
}

/**
 * Fields that are empty in the recording are not compared, except the base of a recorded result: without an area
 * there is no base.
 */
function agree(recorded: Outcome, predicted: Outcome, minFreeToleranceKbytes: number): boolean {
  for (const key of ["result", "reservedMib", "pageblockOrder", "mobilityGrouping"] as const)
    if (recorded[key] !== null && recorded[key] !== predicted[key]) return false;
  if ((recorded.base !== null || recorded.result !== null) && recorded.base !== predicted.base) return false;
  return (
    recorded.minFreeKbytes === null ||
    Math.abs(recorded.minFreeKbytes - predicted.minFreeKbytes!) <= minFreeToleranceKbytes
  );
}

/** Reported figures: the distance of min_free_kbytes, watermarks and zone sizes from the recorded ones. */
class Differences {
  private minFreeRows = 0;
  private minFreeEqual = 0;
  private minFreeWorst = 0;
  private zones = 0;
  private zonesEqual = 0;
  private worst: Record<string, number> = {};

  add(booted: BootResult, recorded: Outcome, zones: string): void {
    if (recorded.minFreeKbytes !== null) {
      const difference = Math.abs(booted.minFreeKbytes - recorded.minFreeKbytes);
      this.minFreeRows++;
      if (difference === 0) this.minFreeEqual++;
      this.minFreeWorst = Math.max(this.minFreeWorst, difference);
    }
    for (const text of zones.split(";")) {
      const [name, fields] = text.split(":");
      const zone = booted.zones.find((z) => z.name === name);
      if (fields === undefined || zone === undefined) continue;
      const known: Record<string, number> = {
        ...zone.watermarks,
        spanned: zone.spanned,
        present: zone.present,
      };
      known.managed = zone.managed;
      let equal = true;
      for (const [key, value] of fields.split(",").map((f) => f.split("="))) {
        const mine = known[key!];
        if (mine === undefined) continue;
        const difference = Math.abs(mine - Number(value));
        if (difference > 0) equal = false;
        this.worst[key!] = Math.max(this.worst[key!] ?? 0, difference);
      }
      this.zones++;
      if (equal) this.zonesEqual++;
    }
  }

  notes(): string[] {
    const notes: string[] = [];
    if (this.minFreeRows > 0)
      notes.push(
        `min_free_kbytes: ${this.minFreeEqual} of ${this.minFreeRows} equal, largest difference ${this.minFreeWorst} kB`,
      );
    if (this.zones > 0) {
      const worst = Object.entries(this.worst).map(([key, pages]) => `${key} ${pages}`);
      notes.push(
        `zones: ${this.zonesEqual} of ${this.zones} equal in every figure; largest difference in pages: ${worst.join(", ")}`,
      );
    }
    return notes;
  }
}
