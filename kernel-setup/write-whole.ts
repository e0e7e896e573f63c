import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Writes a file under a temporary name first, so that no reader sees a partial file. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  removeLeftOvers(path);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes temporary files of `path` whose process was killed (lib/base/scratch.ts does so for the library). */
function removeLeftOvers(path: string): void {
  const begins = `${basename(path)}.`;
  for (const name of namesIn(dirname(path))) {
    const pid = name.startsWith(begins)
      ? /^(\d{1,10})\.tmp$/.exec(name.slice(begins.length))?.[1]
      : undefined;
    if (pid !== undefined && hasEnded(Number(pid))) rmSync(join(dirname(path), name), { force: true });
  }
}

/** None for a folder that may not be listed: writing says why. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether a process is no more. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Makes a folder with those above it; Node's own way never ends below /proc (lib/base/make-folder.ts). */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse())
    try {
      mkdirSync(folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
}
