/** Writes a file so that a reader sees either the old or the whole new file, never half of it. */
import { renameSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errorOf, InputError } from "./errors";
import { makeFolder } from "./make-folder";
import { kindOf } from "./open-regular";
import { scratchOf } from "./scratch";

/** Throws InputError if something other than a regular file lies at `path`: a rename would replace a device or a FIFO by a file. */
export function checkOutput(path: string): void {
  const stats = found(path);
  if (stats !== undefined && !stats.isFile())
    throw new InputError(`${path}: cannot be written: it is ${kindOf(stats)}, a regular file was expected`);
}

function found(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Writing says why it cannot be reached.
    return undefined;
  }
}

/** Writes `data` under a temporary name beside `path`, then renames it. Errors name the path. */
export function writeAtomically(path: string, data: string | Uint8Array): void {
  checkOutput(path);
  const scratch = scratchOf(path);
  try {
    makeFolder(dirname(path));
    writeFileSync(scratch, data);
    renameSync(scratch, path);
  } catch (error) {
    removed(scratch);
    throw writeError(path, error);
  }
}

/** Errors of the host that room helps, and those that another place helps. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const REFUSED = new Set(["EACCES", "EPERM", "EROFS"]);

/** The error of a file that could not be written: what was there before is as it was, and what to do next. */
export function writeError(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const { message } = errorOf(error);
  const code = (error as NodeJS.ErrnoException).code ?? "";
  // DuckDB says it in words.
  const full = FULL.has(code) || /no space left|file too large|disk quota/i.test(message);
  const refused = REFUSED.has(code) || /permission denied|read-only/i.test(message);
  const advice = full
    ? "make room, and run the same command again"
    : refused
      ? "name another place, or allow writing there"
      : "name another place";
  return new InputError(
    `${path}: cannot be written (${message.split("\n")[0]}): what was there before is kept: ${advice}`,
  );
}

/** A file that may not be there, below a folder that may be none. */
function removed(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What could not be written is told already.
  }
}
