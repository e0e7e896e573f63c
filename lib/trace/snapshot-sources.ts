/**
 * Where a snapshot is taken from: the machine itself, a folder with copies, or an archive. A source gives the text of a path such
 * as `proc/buddyinfo` or why it has none. Copies may lie as on the machine (`proc/buddyinfo`), or side by side (`buddyinfo`,
 * `buddyinfo.txt`, packed or not).
 */

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type ArchivedFile, filesOf } from "../base/archive";
import { errorOf, InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { readOutside } from "../base/outside-file";
import { findInput } from "./input";
import { TEXT_BYTES_MOST } from "./machine-snapshot";

/** A text, or why there is none; undefined: the source says nothing of it. */
export type SourceText = { text: string } | { why: string } | undefined;

export interface SnapshotSource {
  /** `proc/…` or `sys/…`. */
  read(path: string): SourceText;
  /** Names of the entries of a folder, sorted; none where it does not exist. */
  list(path: string): string[];
  /** Path of a file with one class byte a frame, or of kpageflags, if there is one. */
  classes?: string;
  kpageflags?: string;
}

/** `sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages`. */
const FOLDERS_DEEP = 8;

/** Reads one file; the reason without its path, which is named beside it. */
function readFrom(file: string): SourceText {
  return readPart(() => readOutside(file, { bytes: TEXT_BYTES_MOST }), file);
}

function readPart(read: () => Buffer, file = ""): SourceText {
  try {
    return asText(read());
  } catch (error) {
    const { message } = errorOf(error);
    return { why: message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message };
  }
}

/** A shell that may not read a file leaves an empty copy of it. */
function asText(bytes: Buffer): SourceText {
  return bytes.length === 0
    ? { why: "empty: it could not be read, or says nothing" }
    : { text: bytes.toString("utf8") };
}

/** A running machine by its file systems. */
export function liveSource(proc: string, sys: string): SnapshotSource {
  const real = (path: string) =>
    path.startsWith("proc/") ? join(proc, path.slice(5)) : join(sys, path.slice(4));
  return {
    read: (path) => readFrom(real(path)),
    list: (path) => entries(real(path)),
    kpageflags: join(proc, "kpageflags"),
  };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** A folder with copies. */
export function folderSource(dir: string): SnapshotSource {
  const find = (path: string) =>
    findInput(dir, path) ??
    (path.startsWith("proc/") ? flat(path.slice(path.startsWith("proc/sys/") ? 9 : 5)) : undefined);
  const flat = (name: string) =>
    findInput(dir, name) ?? findInput(dir, `${name}.txt`) ?? findInput(dir, basename(name));
  const classes = findInput(dir, "class");
  return {
    read: (path) => {
      const file = find(path);
      return file === undefined ? undefined : readFrom(file);
    },
    list: (path) => entries(join(dir, path)),
    ...(classes !== undefined && { classes }),
  };
}

/** Files of an archive, from where `proc/` or `sys/` begins in their paths. */
export function archiveSource(archived: readonly ArchivedFile[]): SnapshotSource {
  const files = new Map<string, ArchivedFile>();
  for (const file of archived) {
    const from = /(?:^|\/)((?:proc|sys)\/.{1,300})$/.exec(file.path)?.[1];
    files.set(from ?? `proc/${basename(file.path).replace(/\.txt$/, "")}`, file);
  }
  const folders = foldersOf(files.keys());
  return {
    read: (path) => {
      const file = files.get(path);
      return file === undefined ? undefined : readPart(() => file.read(TEXT_BYTES_MOST));
    },
    list: (path) => [...(folders.get(path) ?? [])].sort(),
  };
}

/** The entries of every folder that paths lie in. */
function foldersOf(paths: Iterable<string>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    const parts = path.split("/").slice(0, FOLDERS_DEEP);
    for (let n = 1; n < parts.length; n++) {
      const folder = parts.slice(0, n).join("/");
      const known = folders.get(folder);
      if (known) known.add(parts[n]!);
      else folders.set(folder, new Set([parts[n]!]));
    }
  }
  return folders;
}

/** How a text of /proc begins, for a file whose name does not say it. */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^MemTotal:/m, "meminfo"],
  [/^slabinfo - version/, "slabinfo"],
  [/^Page block order:/m, "pagetypeinfo"],
  [/^Node\s{1,20}\d{1,4}, zone\s{1,20}\S{1,20}(?:\s{1,20}\d{1,15}){1,40}\s{0,20}$/m, "buddyinfo"],
  [/^Node\s{1,20}\d{1,4}, zone\s{1,20}\S{1,20}\s{0,20}$/m, "zoneinfo"],
  [/^nr_free_pages \d/m, "vmstat"],
];

/** Single texts, each known by how it begins. */
export function textsSource(files: readonly string[]): SnapshotSource {
  const texts = new Map<string, string>();
  for (const file of files) {
    const text = readOutside(file, { bytes: TEXT_BYTES_MOST }).toString("utf8");
    const kind = BEGINNINGS.find(([begins]) => begins.test(text.slice(0, 65_536)))?.[1];
    if (kind === undefined)
      throw new InputError(
        `${file}: is none of ${BEGINNINGS.map(([, name]) => name).join(", ")}, as the kernel prints them in /proc`,
      );
    if (texts.has(kind)) throw new InputError(`${file}: is a second ${kind}; one of each is read`);
    texts.set(kind, text);
  }
  return {
    read: (path) => {
      const text = texts.get(path.slice(5));
      return text === undefined ? undefined : { text };
    },
    list: () => [],
  };
}

/** The source that `paths` are: a folder, an archive, or texts of /proc. */
export function sourceOf(paths: readonly string[]): SnapshotSource {
  const [first] = paths;
  if (first === undefined)
    throw new InputError("snapshot: a folder, an archive or texts of /proc must be given");
  if (paths.length > 1) return textsSource(paths);
  if (isFolder(first)) return folderSource(first);
  const files = filesOf(readOutside(first, { archives: true }), first);
  return files === null ? textsSource(paths) : archiveSource(files);
}
