/** Files of a tar archive in memory (ustar, GNU and pax names). Nothing is ever written: paths are names only. */
import { InputError } from "../base/errors";

const BLOCK = 512;
/** Entries looked at; a hostile archive may hold nothing else. */
const ENTRIES_MOST = 200_000;

export interface TarFile {
  path: string;
  content: Buffer;
}

/** Whether bytes are a tar archive: its magic stands in the first header. */
export function isTar(bytes: Buffer): boolean {
  return bytes.length >= BLOCK && bytes.toString("latin1", 257, 262) === "ustar";
}

/** Regular files of the archive in its order. Throws InputError where it is cut or damaged. */
export function* tarFiles(name: string, bytes: Buffer): Generator<TarFile> {
  let longName: string | null = null;
  let at = 0;
  for (let entry = 0; at + BLOCK <= bytes.length; entry++) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return;
    if (entry >= ENTRIES_MOST)
      throw new InputError(`${name}: an archive of at most ${ENTRIES_MOST} entries can be read: got more`);
    checkHeader(name, header, at);
    const size = sizeOf(name, header, at);
    const from = at + BLOCK;
    if (from + size > bytes.length)
      throw new InputError(
        `${name}: the archive is cut short: an entry of ${size} bytes begins at byte ${from} of ${bytes.length}`,
      );
    const content = bytes.subarray(from, from + size);
    const type = String.fromCharCode(header[156]!);
    if (type === "L") longName = textOf(content, 0, Math.min(size, 4096));
    else if (type === "x") longName = pathOfPax(content) ?? longName;
    else if (type !== "g" && type !== "K") {
      if (type === "0" || type === "\0" || type === "7") yield { path: longName ?? pathOf(header), content };
      longName = null;
    }
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString("utf8", from, to);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function pathOf(header: Buffer): string {
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? textOf(header, 345, 500) : "";
  const path = textOf(header, 0, 100);
  return prefix === "" ? path : `${prefix}/${path}`;
}

/** Records `length key=value`; only the path counts. */
function pathOfPax(content: Buffer): string | null {
  return /(?:^|\n)\d{1,8} path=([^\n]{1,4096})\n/.exec(content.toString("utf8", 0, 16384))?.[1] ?? null;
}

function sizeOf(name: string, header: Buffer, at: number): number {
  const first = header[124]!;
  // GNU tar writes sizes of 8 GiB and more in base 256.
  const size =
    first & 0x80
      ? header.subarray(128, 136).reduce((sum, byte) => sum * 256 + byte, 0)
      : Number.parseInt(textOf(header, 124, 136).trim() || "0", 8);
  if (!Number.isSafeInteger(size) || size < 0)
    throw new InputError(`${name}: the archive is damaged at byte ${at}`);
  return size;
}

function checkHeader(name: string, header: Buffer, at: number): void {
  const told = Number.parseInt(textOf(header, 148, 156).trim(), 8);
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  if (told !== sum) throw new InputError(`${name}: the archive is damaged at byte ${at}`);
}
