/** Writes a file so that a reader sees either the old or the whole new file, never half of it. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorOf, InputError } from "./errors";

/** Writes `data` under a temporary name beside `path`, then renames it. Errors name the path. */
export function writeAtomically(path: string, data: string | Uint8Array): void {
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
