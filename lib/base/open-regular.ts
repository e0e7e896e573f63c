/** Opens a file that somebody names, if it is a regular one: a FIFO, a device, a socket or a folder is refused at once, by its kind. */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { errorOf, InputError } from "./errors";
import { formatSize } from "./units";

/** Opens without waiting for a writer or a device, then looks at what was opened: no moment lies between look and read. */
export function openRegular(path: string, bytes: number): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (constants.O_NOCTTY ?? 0));
  } catch (error) {
    throw openError(path, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new InputError(`${path}: is ${kindOf(stats)}, a regular file was expected`);
    if (stats.size > bytes) throw tooLarge(path, stats.size, bytes);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Whether a folder lies at `path`; false for what cannot be looked at: whoever reads it says why. */
export function isFolder(path: string): boolean {
  return lookedAt(path)?.isDirectory() === true;
}

/** The same for a regular file. */
export function isRegular(path: string): boolean {
  return lookedAt(path)?.isFile() === true;
}

function lookedAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What lies at a path, in words. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe (FIFO)";
  if (stats.isCharacterDevice()) return "a character device";
  if (stats.isBlockDevice()) return "a block device";
  return stats.isSocket() ? "a socket" : "no file";
}

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "cannot be read: no such file",
  ENOTDIR: "cannot be read: a part of its path is no folder",
  EACCES: "cannot be read: permission denied",
  EPERM: "cannot be read: permission denied",
  ELOOP: "cannot be read: its symbolic links lead in a circle",
  ENAMETOOLONG: "cannot be read: the name is longer than names can be",
  // open() of a socket, and of a FIFO or a device without anything behind it.
  ENXIO: "is a socket or a device, a regular file was expected",
};

function openError(path: string, error: unknown): InputError {
  const { code = "" } = error as NodeJS.ErrnoException;
  return new InputError(`${path}: ${OPEN_ERRORS[code] ?? `cannot be read (${errorOf(error).message})`}`);
}

/** The error of a file with more bytes than may be read. */
export function tooLarge(path: string, got: number, limit: number): InputError {
  return new InputError(
    `${path}: a file of at most ${formatSize(limit)} can be read: got ${formatSize(got)}`,
  );
}
