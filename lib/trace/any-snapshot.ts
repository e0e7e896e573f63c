/** A snapshot by its path: the file of `pageblock snapshot`, a folder with copies of a machine's files, or a tar or zip of one. */
import { statSync } from "node:fs";
import { filesOf } from "../base/archive";
import { readOutside } from "../base/outside-file";
import { snapshotFrom, snapshotOfArchive } from "./collect-snapshot";
import { type MachineSnapshot, parseMachineSnapshot } from "./machine-snapshot";

/** Throws InputError with the path and the reason if it is none of these. */
export function readAnySnapshot(path: string): MachineSnapshot {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return snapshotFrom([path]);
  const bytes = readOutside(path, { archives: true });
  const files = filesOf(bytes, path);
  return files === null ? parseMachineSnapshot(bytes.toString("utf8"), path) : snapshotOfArchive(files, path);
}
