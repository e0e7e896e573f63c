/** Names under which a file or a folder is written first, beside its place; what a killed process left there is removed the next time. */
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The scratch name of `path` for this process. It lies beside `path`, so that a rename does not cross file systems, and names
 * the process, so that two that write the same file do not meet.
 */
export function scratchOf(path: string): string {
  removeLeftOvers(path);
  return join(dirname(path), `${beginning(path)}${process.pid}.part`);
}

const beginning = (path: string) => `.${basename(path)}.`;
const END = /^(\d{1,10})\.part(?:-|$)/;

/** Removes scratch files and folders of `path` whose process has ended: it was killed, or it would have removed them itself. */
function removeLeftOvers(path: string): void {
  const folder = dirname(path);
  const begins = beginning(path);
  for (const name of namesIn(folder)) {
    const pid = name.startsWith(begins) ? END.exec(name.slice(begins.length))?.[1] : undefined;
    if (pid === undefined || !hasEnded(Number(pid))) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // Whoever may not remove it may still write beside it.
    }
  }
}

/** None for a folder that is not there yet, or that may not be listed. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
