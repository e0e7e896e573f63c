/** A snapshot by its path: the file of `pageblock snapshot`, a folder with copies of a machine's files, or a tar or zip of one. */

import { filesOf } from "../base/archive";
import { isFolder } from "../base/open-regular";
import { readOutside } from "../base/outside-file";
import { snapshotFrom, snapshotOfArchive } from "./collect-snapshot";
import { isMachineSnapshot, type MachineSnapshot, parseMachineSnapshot } from "./machine-snapshot";

/** Several paths, or one that may also be a single text such as buddyinfo. Throws InputError like readAnySnapshot(). */
export function readSnapshotOf(paths: readonly string[]): MachineSnapshot {
  const [first = ""] = paths;
  const written = paths.length === 1 && !isFolder(first) && isMachineSnapshot(readOutside(first));
  return written ? readAnySnapshot(first) : snapshotFrom(paths);
}

/** Throws InputError with the path and the reason if it is none of these. */
export function readAnySnapshot(path: string): MachineSnapshot {
  if (isFolder(path)) return snapshotFrom([path]);
  const bytes = readOutside(path, { archives: true });
  const files = filesOf(bytes, path);
  return files === null ? parseMachineSnapshot(bytes.toString("utf8"), path) : snapshotOfArchive(files, path);
}
