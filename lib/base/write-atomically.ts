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
    rmSync(scratch, { force: true });
    throw new InputError(`${path}: cannot be written (${errorOf(error).message})`);
  }
}
