/**
 * The texts behind paths: a file, a folder (a sosreport, a copy of /proc and /sys), a tar or zip archive of one, or `-` for standard
 * input, which can be each of these but a folder. Of large folders only files are read whose names say that they tell about memory. Links are not followed, nothing is written.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type ArchivedFile, filesOf } from "../base/archive";
import { errorOf, InputError } from "../base/errors";
import { INPUT, readInput, readOutside } from "../base/outside-file";
import { formatSize, MiB } from "../base/units";
import { type InputText, LINE_CHARACTERS_MOST } from "./text-lines";

/** A file of a folder or an archive that was not read, and why. */
export interface SkippedFile {
  name: string;
  why: string;
}

export interface OutsideTexts {
  inputs: InputText[];
  skipped: SkippedFile[];
}

/** One file of a folder or an archive. */
const FILE_BYTES_MOST = 64 * MiB;
/** All of them together. */
const ALL_BYTES_MOST = 256 * MiB;
/** Packed files that could not be unpacked cost time too: no more are tried then. */
const BAD_PACKED_MOST = 16;
const FILES_MOST = 4000;
const ENTRIES_MOST = 200_000;
const DEPTH_MOST = 16;
/** In folders of at most this many files everything that is text is read. */
const SMALL_FOLDER = 300;

const OF_MEMORY =
  /(?:^|\/)(?:buddyinfo|pagetypeinfo|zoneinfo|meminfo|vmstat|iomem|slabinfo|dmesg[^/]*|kern(?:el)?[._-]?log[^/]*|messages[^/]*|syslog[^/]*|journal[^/]*|uname[^/]*|console[^/]*|boot\.log[^/]*|config-\d[^/]*|\.config|(?:nr|free|resv|surplus)_hugepages)$|(?:^|\/)proc\/(?:cmdline|version|sys\/kernel\/osrelease)$|^[^/]{0,80}cmdline$/;
/** Files of processes have the names of the machine's own. */
const OF_PROCESSES = /(?:^|\/)proc\/(?:\d+|self|thread-self)\//;
/** Bytes of files that held no text: unpacking them costs time too. */
const NO_TEXT_BYTES_MOST = 512 * MiB;
/** Packages and archives that no log lies in. */
const PACKAGES = /\.(?:rpm|deb|7z)$/i;
const PACKED = /\.(?:gz|xz|bz2|zst|lz4|lzo)$/i;

/** Texts of all paths. Throws InputError with the path and the reason where one cannot be read. */
export function readOutsideTexts(paths: readonly string[]): OutsideTexts {
  const found: OutsideTexts = { inputs: [], skipped: [] };
  for (const path of paths) {
    if (path.trim() === "")
      throw new InputError(
        "a path is empty: a file, a folder or an archive was expected, or - for standard input",
      );
    if (isFolder(path)) readFolder(path, found);
    else readOne(path, found);
  }
  return found;
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path.endsWith("/") ? path : `${path}/`).isDirectory();
  } catch {
    return false;
  }
}

function readOne(path: string, found: OutsideTexts): void {
  if (PACKAGES.test(path))
    throw new InputError(`${path}: this kind of archive cannot be read: unpack it first`);
  const [name, bytes] =
    path === "-" ? [INPUT, readInput({ archives: true })] : [path, readOutside(path, { archives: true })];
  const files = filesOf(bytes, name);
  if (files !== null) readArchive(name, files, found);
  else if (isBinary(bytes)) throw new InputError(`${name}: holds binary data, a text was expected`);
  else found.inputs.push({ name, text: bytes.toString("utf8") });
}

function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 4096).includes(0);
}

function hasLongLine(bytes: Buffer): boolean {
  for (let from = 0; bytes.length - from > LINE_CHARACTERS_MOST; ) {
    const end = bytes.indexOf(10, from);
    if (end < 0 || end - from > LINE_CHARACTERS_MOST) return true;
    from = end + 1;
  }
  return false;
}

/** A name from outside, for messages: printable and short. */
function shown(path: string): string {
  return path.replace(/[^\x20-\x7e]/g, "?").slice(-200);
}

function wanted(path: string, small: boolean): boolean {
  if (OF_PROCESSES.test(path) || PACKAGES.test(path)) return false;
  const plain = path.replace(PACKED, "");
  if (/\.(?:br|tar|t[gxb]z2?|tzst|zip)$/i.test(plain)) return false;
  return small || OF_MEMORY.test(plain);
}

/** Takes files until the limits are reached; what goes over them is named. */
function taker(found: OutsideTexts, under: (path: string) => string) {
  let bytesTaken = 0;
  let filesTaken = 0;
  let badPacked = 0;
  let noTextBytes = 0;
  return (path: string, read: () => Buffer): void => {
    const name = shown(under(path));
    const skip = (why: string): unknown => found.skipped.push({ name, why });
    if (filesTaken >= FILES_MOST) return void skip(`only ${FILES_MOST} files of a folder are read`);
    const packed = PACKED.test(path);
    if (packed && badPacked >= BAD_PACKED_MOST)
      return void skip(`after ${BAD_PACKED_MOST} packed files that cannot be read no more are tried`);
    if (noTextBytes > NO_TEXT_BYTES_MOST)
      return void skip(`after ${formatSize(NO_TEXT_BYTES_MOST)} that held no text no more is read`);
    let bytes: Buffer;
    try {
      bytes = read();
    } catch (error) {
      if (packed) badPacked++;
      return void skip(errorOf(error).message);
    }
    const why = isBinary(bytes)
      ? "holds binary data"
      : hasLongLine(bytes)
        ? `a line has more than ${LINE_CHARACTERS_MOST} bytes`
        : null;
    if (why !== null) {
      noTextBytes += bytes.length;
      return void skip(why);
    }
    if (bytesTaken + bytes.length > ALL_BYTES_MOST)
      return void skip(`only ${formatSize(ALL_BYTES_MOST)} of a folder are read`);
    bytesTaken += bytes.length;
    filesTaken++;
    found.inputs.push({ name, text: bytes.toString("utf8") });
  };
}

function readFolder(root: string, found: OutsideTexts): void {
  const files = filesUnder(root);
  const small = files.length <= SMALL_FOLDER;
  const take = taker(found, (path) => path);
  let any = false;
  for (const path of files) {
    if (!wanted(path, small)) continue;
    any = true;
    take(path, () => readOutside(join(root, path), { bytes: FILE_BYTES_MOST }));
  }
  if (!any) throw new InputError(`${root}: no file of this folder tells about memory by its name`);
}

/** Regular files by their path under the root, sorted, so that every computer reads them in the same order. */
function filesUnder(root: string): string[] {
  const files: string[] = [];
  const folders: [path: string, depth: number][] = [["", 0]];
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const [folder, depth] = next;
    for (const entry of entriesOf(root, folder)) {
      if (++entries > ENTRIES_MOST)
        throw new InputError(`${root}: a folder of at most ${ENTRIES_MOST} entries can be read: it has more`);
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && depth < DEPTH_MOST && !OF_PROCESSES.test(`${path}/`))
        folders.push([path, depth + 1]);
    }
  }
  return files.sort();
}

function entriesOf(root: string, folder: string) {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (folder === "") throw new InputError(`${root}: cannot be read (${errorOf(error).message})`);
    return [];
  }
}

function readArchive(path: string, files: readonly ArchivedFile[], found: OutsideTexts): void {
  const small = files.length <= SMALL_FOLDER;
  const take = taker(found, (inside) => `${path}:${inside}`);
  let any = false;
  for (const file of files) {
    if (!wanted(file.path, small)) continue;
    any = true;
    take(file.path, () => file.read(FILE_BYTES_MOST));
  }
  if (!any) throw new InputError(`${path}: no file of this archive tells about memory by its name`);
}
