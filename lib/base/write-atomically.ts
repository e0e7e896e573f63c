/** Writes a file so that a reader sees either the old or the whole new file, never half of it. */
import { mkdirSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorOf, InputError } from "./errors";
import { kindOf } from "./open-regular";

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
  const scratch = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(scratch, data);
    renameSync(scratch, path);
  } catch (error) {
    removed(scratch);
    throw new InputError(`${path}: cannot be written (${errorOf(error).message})`);
  }
}

/** A file that may not be there, below a folder that may be none. */
function removed(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What could not be written is told already.
  }
}
