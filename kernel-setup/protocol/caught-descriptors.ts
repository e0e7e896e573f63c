/**
 * Descriptors 1 and 2 of the kernel's process become pipes, so that nothing written to them is lost: not by addons, not
 * by streams on a descriptor, not by worker threads and what those start. Node cannot duplicate a descriptor, but a file
 * that is opened gets the lowest free number: a named pipe opened right after `close(1)` is descriptor 1. Only on Linux,
 * where the first descriptor 2 can be opened once more; elsewhere printed-streams.ts catches what goes through `fs`.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StreamName } from "./outbox";

/** The ends to read from, of the descriptors that were caught. */
export interface CaughtDescriptors {
  readonly pipes: Readonly<Partial<Record<StreamName, number>>>;
  /** A descriptor of what descriptor 2 was before: the log of the Jupyter server. */
  readonly terminal: number;
}

const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_APPEND } = constants;

/** Called before the process has other threads: one of them could take the number that is free for a moment. */
export function catchDescriptors(): CaughtDescriptors {
  // Made first: a stream that Node makes of a pipe later lets writes of others fail when the pipe is full.
  for (const stream of [process.stdout, process.stderr]) stream.writableLength;
  const pipes: Partial<Record<StreamName, number>> = {};
  if (process.platform !== "linux") return { pipes, terminal: 2 };
  let terminal = 2;
  try {
    // Never waits for a reader of the log. A socket cannot be opened again: descriptor 2 then stays what it is.
    terminal = openSync("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {}
  const folder = mkdtempSync(join(tmpdir(), "pageblock-pipes-"));
  try {
    const caught = terminal === 2 ? (["stdout"] as const) : (["stdout", "stderr"] as const);
    const made = spawnSync("mkfifo", ["-m", "600", ...caught.map((name) => join(folder, name))]);
    if (made.status === 0)
      for (const name of caught) pipes[name] = replaced(name === "stdout" ? 1 : 2, join(folder, name));
  } catch {
    // What could not be replaced stays what it is.
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { pipes, terminal };
}

/** Makes `descriptor` the writing end of the named pipe `path`; returns the other end. */
function replaced(descriptor: number, path: string): number {
  const reading = openSync(path, O_RDONLY | O_NONBLOCK);
  closeSync(descriptor);
  openSync(path, O_WRONLY);
  return reading;
}
