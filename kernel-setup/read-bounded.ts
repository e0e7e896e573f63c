/** Reads a file that somebody names, if it is a regular one and not too large: opening a FIFO or a device never waits. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { SetupError } from "./setup-error";

const MIB = 2 ** 20;

/** The text of a regular file of at most `mib` MiB. Throws SetupError with `what` it is, the path, the limit and the value. */
export function boundedText(path: string, mib: number, what: string): string {
  const file = opened(path, mib, what);
  try {
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** Throws as boundedText() does, for a file that another one reads. */
export function checkBounded(path: string, mib: number, what: string): void {
  closeSync(opened(path, mib, what));
}

function opened(path: string, mib: number, what: string): number {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new SetupError(`${what}: ${path}: cannot be read (${(error as Error).message})`);
  }
  const stats = fstatSync(file);
  const wrong = !stats.isFile()
    ? "must be a regular file"
    : stats.size > mib * MIB
      ? `at most ${mib} MiB can be read: got ${Math.ceil(stats.size / MIB)} MiB`
      : undefined;
  if (wrong === undefined) return file;
  closeSync(file);
  throw new SetupError(`${what}: ${path}: ${wrong}`);
}
