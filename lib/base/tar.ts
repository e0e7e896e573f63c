/** Reads a tar archive in memory: ustar, and the long names of GNU and POSIX. Nothing is written, so that no path can do harm. */
import { InputError, quoted } from "./errors";

const BLOCK = 512;
/** Limit of an archive: a report of a whole machine has some ten thousand. */
export const TAR_ENTRIES_MOST = 200_000;

/** Its regular files by path, without a leading `./`; the last of a name counts. Links, devices and folders are passed over. */
export function untar(bytes: Buffer, file: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let longName: string | undefined;
  let entries = 0;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header[0] === 0) break;
    if (!isHeader(header)) throw new InputError(`${file}: byte ${at}: a header of tar was expected`);
    if (++entries > TAR_ENTRIES_MOST)
      throw new InputError(`${file}: an archive may have ${TAR_ENTRIES_MOST} entries: got more`);
    const size = numberIn(header, 124, 12);
    const name = longName ?? nameIn(header);
    const from = at + BLOCK;
    if (!(size <= bytes.length - from))
      throw new InputError(`${file}: the archive is cut short inside ${quoted(name)}`);
    const content = bytes.subarray(from, from + size);
    const type = String.fromCharCode(header[156]!);
    longName = undefined;
    if (type === "L") longName = text(content);
    else if (type === "x") longName = paxPath(content);
    else if (type === "0" || type === "\0") files.set(name.replace(/^(?:\.?\/)+/, ""), content);
    at = from + Math.ceil(size / BLOCK) * BLOCK;
    if (at > bytes.length)
      throw new InputError(
        `${file}: the archive is cut short behind ${quoted(name)}: a whole block was expected`,
      );
  }
  return files;
}

/** Whether bytes begin like a tar archive. */
export function isTar(bytes: Buffer): boolean {
  return bytes.length >= BLOCK && isHeader(bytes.subarray(0, BLOCK));
}

/** The sum of a header's bytes, with blanks in place of the sum itself, stands in the header. */
function isHeader(header: Buffer): boolean {
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return numberIn(header, 148, 8) === sum;
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

function nameIn(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal digits; or, with the highest bit set, a number in base 256 (GNU). NaN: neither. */
function numberIn(header: Buffer, from: number, length: number): number {
  if (header[from]! & 0x80) {
    let value = 0;
    for (let i = from + 1; i < from + length; i++) value = value * 256 + header[i]!;
    return value;
  }
  const digits = text(header.subarray(from, from + length)).trim();
  return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** `30 path=proc/meminfo` in the records of a POSIX header. */
function paxPath(content: Buffer): string | undefined {
  const record = /^\d{1,9} path=(.{1,4096})$/m.exec(content.toString("utf8", 0, 65_536));
  return record?.[1];
}
