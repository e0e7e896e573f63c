/**
 * Recorded against predicted: the framework that all kinds of recordings share. A kind recognises its recordings by
 * content, not by name, and checks one at a time; the command line finds them and sums up the results.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { errorOf, InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";

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
  const found = search(path, kinds, { entries: ENTRIES_MOST, depth: DEPTH_MOST });
  if (found.length === 0)
    throw new InputError(
      `${path}: no recording of a known kind: known are ${kinds.map((k) => k.name).join(", ")}`,
    );
  return found;
}

/** Links may lead in circles, and somebody may name the root of a disk. */
const DEPTH_MOST = 16;
const ENTRIES_MOST = 20_000;

/** What may still be searched; `entries` is used up by all folders together. */
interface Budget {
  entries: number;
  depth: number;
}

function search(path: string, kinds: readonly FoundRecording["kind"][], left: Budget): FoundRecording[] {
  const kind = kinds.find((k) => k.recognises(path));
  if (kind !== undefined) return [{ path, kind }];
  if (!isFolder(path)) return [];
  const within = left.depth--;
  if (within === 0) throw new InputError(`${path}: folders are searched ${DEPTH_MOST} deep: got more`);
  const found = namesIn(path).flatMap((name) => {
    if (--left.entries < 0)
      throw new InputError(`${path}: ${ENTRIES_MOST} files and folders are searched: got more`);
    return search(join(path, name), kinds, left);
  });
  left.depth++;
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new InputError(`${folder}: cannot be read (${errorOf(error).message})`);
  }
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
