/**
 * Recorded against predicted: the framework that all kinds of recordings share. A kind recognises its recordings by
 * content, not by name, and checks one at a time; the command line finds them and sums up the results.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../base/errors";

/** The result for one row; recorded and predicted have the same keys. */
export type FidelityValues = Readonly<Record<string, string | number | boolean | null>>;

export interface FidelityResult {
  /** Index of the row, from 0. */
  row: number;
  /** Null if the recording states no outcome. */
  recorded: FidelityValues | null;
  predicted: FidelityValues;
  /** Null if there is nothing to compare with. */
  agrees: boolean | null;
}

/** One recording checked. */
export interface FidelityReport {
  path: string;
  kind: string;
  rows: number;
  /** Rows that agree; rows without a recorded outcome do not count. */
  agreeing: number;
  results: FidelityResult[];
}

/** A report with further information: the differences in figures that are only reported. */
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

/**
 * A recording that was found, with the kind that recognises it; `check` is missing if the kind is not checked yet.
 */
export interface FoundRecording {
  path: string;
  kind: Pick<FidelityKind, "name" | "recognises"> & Partial<Pick<FidelityKind, "check">>;
}

/**
 * All recordings at or below `path`, in order of name. Throws InputError if nothing is there, or if `path` is a file
 * that is not a recording of any kind.
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
