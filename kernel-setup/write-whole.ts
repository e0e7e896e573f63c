import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file under a temporary name first, so that no reader sees a partial file. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
