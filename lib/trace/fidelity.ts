/**
 * Recorded against predicted: the frame into which every kind of recording fits. A kind recognises its recordings by
 * what is in them, not by their names, and checks one at a time; the command line finds them and sums up.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../base/errors";

/** What one row was found to be; the same keys in recorded and predicted. */
export type FidelityValues = Readonly<Record<string, string | number | boolean | null>>;

export interface FidelityResult {
  /** Index of the row, from 0. */
  row: number;
  /** Null where the recording leaves the outcome open. */
  recorded: FidelityValues | null;
  predicted: FidelityValues;
  /** Null where there is nothing to compare with. */
  agrees: boolean | null;
}

/** One recording checked. */
export interface FidelityReport {
  path: string;
  kind: string;
  rows: number;
  /** Rows that agree; rows without a recorded outcome count neither way. */
  agreeing: number;
  results: FidelityResult[];
}

/** A report and what a reader should know beyond agreement: the differences of figures that are only reported. */
export interface FidelityCheck {
  report: FidelityReport;
  notes: string[];
}

/** A kind of recording that can be checked. Add one to RECORDING_KINDS in recording-check.ts. */
export interface FidelityKind {
  name: string;
  /** Whether the file or folder at `path` is a recording of this kind. Must not throw for other files. */
  recognises(path: string): boolean;
  /** Predicts every row and compares. Throws InputError naming file and line for a broken recording. */
  check(path: string): FidelityCheck | Promise<FidelityCheck>;
}

/** A recording that was found, with the kind that recognises it; `check` is missing for a kind not checked yet. */
export interface FoundRecording {
  path: string;
  kind: Pick<FidelityKind, "name" | "recognises"> & Partial<Pick<FidelityKind, "check">>;
}

/**
 * All recordings at or below `path`, in the order of their names. Throws InputError where nothing is there or a file named
 * outright is no recording of any kind.
 */
export function findRecordings(path: string, kinds: readonly FoundRecording["kind"][]): FoundRecording[] {
  if (!existsSync(path)) throw new InputError(`${path}: no such file or folder`);
  const found = search(path, kinds);
  if (found.length === 0)
    throw new InputError(
      `${path}: no recording of a known kind: known are ${kinds.map((k) => k.name).join(", ")}`,
    );
  return found;
}

function search(path: string, kinds: readonly FoundRecording["kind"][]): FoundRecording[] {
  const kind = kinds.find((k) => k.recognises(path));
  if (kind !== undefined) return [{ path, kind }];
  if (!statSync(path).isDirectory()) return [];
  return readdirSync(path)
    .sort()
    .flatMap((name) => search(join(path, name), kinds));
}

/** Sums up results; a row without a recorded outcome is only a prediction. */
export function fidelityReport(path: string, kind: string, results: FidelityResult[]): FidelityReport {
  return {
    path,
    kind,
    rows: results.length,
    agreeing: results.filter((r) => r.agrees === true).length,
    results,
  };
}
