/** A snapshot by its path: the file of `pageblock snapshot`, a folder with copies of a machine's files, or a tar of one. */
import { statSync } from "node:fs";
import { readOutside } from "../base/outside-file";
import { isTar } from "../base/tar";
import { snapshotFrom } from "./collect-snapshot";
import { type MachineSnapshot, parseMachineSnapshot } from "./machine-snapshot";

/** Throws InputError with the path and the reason if it is none of these. */
export function readAnySnapshot(path: string): MachineSnapshot {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return snapshotFrom([path]);
  const bytes = readOutside(path);
  return isTar(bytes) ? snapshotFrom([path]) : parseMachineSnapshot(bytes.toString("utf8"), path);
}
