/** Reads recordings: files that are plain, `.gz` or `.br`, whole or as a stream of chunks. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { readOutside, streamOutside } from "../base/outside-file";

const ENDINGS = ["", ".gz", ".br"];

/** The path of `name` in `dir`, with any of the extensions, or undefined. Throws InputError if there are two: one of them would be hidden. */
export function findInput(dir: string, name: string): string | undefined {
  const names = ENDINGS.map((ending) => name + ending).filter((file) => existsSync(join(dir, file)));
  if (names.length > 1)
    throw new InputError(`${dir}: holds ${names.join(" and ")}: remove all but the one that is meant`);
  return names[0] === undefined ? undefined : join(dir, names[0]);
}

/** Like findInput, but a missing file is an error that names the folder. */
export function needInput(dir: string, name: string): string {
  if (!existsSync(dir)) throw new InputError(`${dir}: no such folder`);
  if (!isFolder(dir)) throw new InputError(`${dir}: is not a folder with a recording in it`);
  const path = findInput(dir, name);
  if (path === undefined) {
    const holds = readdirSync(dir).slice(0, 8).join(", ") || "nothing";
    throw new InputError(`${dir}: holds no ${name} (plain, .gz or .br): it holds ${holds}`);
  }
  return path;
}

/** The bytes of a file, unpacked. */
export function readInput(path: string): Buffer {
  return readOutside(path);
}

/** The bytes of a file in chunks, unpacked; never holds the whole file in memory. */
export function streamInput(path: string): AsyncGenerator<Buffer> {
  return streamOutside(path);
}

/** `/a/b/w1-files/` → `w1-files`. */
export function datasetName(dir: string): string {
  return basename(dir.replace(/(?<![/\\])[/\\]+$/, "")) || dir;
}
