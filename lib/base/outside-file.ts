/**
 * The one way to read a file that somebody hands in. Only regular files are read: opening a FIFO, a device or a socket never waits,
 * and each gives one line. Sizes are limited, packed and unpacked, so that neither an endless file nor a small file that unpacks
 * to much fills the memory. Files are unpacked on the way (lib/base/packing.ts). UTF-16 with a byte order mark becomes UTF-8.
 */
import { closeSync, createReadStream, fstatSync, readSync } from "node:fs";
import type { Readable, Transform } from "node:stream";
import { at, errorOf, InputError } from "./errors";
import { openRegular, tooLarge } from "./open-regular";
import {
  MAGIC_BYTES,
  packingOf,
  tooMuchUnpacked,
  unpackBytes,
  unpackError,
  unpackingStream,
} from "./packing";
import { formatSize, GiB, MiB } from "./units";
import { asUtf8, utf16Of } from "./utf16";
import { isZip } from "./zip";

/** What a whole file may have at most, packed and unpacked, unless the caller says otherwise: it is held in memory. */
export const WHOLE_BYTES_MOST = 256 * MiB;
/** The same for a file that is held twice, as bytes and as text: about three times as much memory. */
export const TEXT_BYTES_MOST = 128 * MiB;
/** The same for a file that is read as a stream. */
export const STREAM_BYTES_MOST = 16 * GiB;
/** Longest line of a stream of lines. */
export const LINE_BYTES_MOST = MiB;

const CHUNK_BYTES = MiB;

/** Limits of one file. */
export interface OutsideLimits {
  /** Bytes, both as the file lies there and unpacked. */
  bytes?: number;
}

/** Limits of a file that is read as a whole. */
export interface WholeLimits extends OutsideLimits {
  /** A zip archive is given back as it is (lib/base/archive.ts reads it); otherwise it is refused. */
  archives?: boolean;
}

/** Bytes of a regular file, unpacked. Throws InputError with the file, the limit and the value. */
export function readOutside(path: string, limits: WholeLimits = {}): Buffer {
  const { bytes = WHOLE_BYTES_MOST } = limits;
  return plain(path, readOutsideRaw(path, bytes), limits);
}

/** Bytes of a regular file as they lie there, packed or not. */
export function readOutsideRaw(path: string, bytes = WHOLE_BYTES_MOST): Buffer {
  const fd = openRegular(path, bytes);
  try {
    return readUpTo(fd, path, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Gives `take` the bytes of a regular file as they lie there, in chunks that are used again; `sized` is told how many come. */
export function readOutsideChunks(
  path: string,
  take: (chunk: Buffer) => void,
  sized: (bytes: number) => void = () => {},
): void {
  const fd = openRegular(path, STREAM_BYTES_MOST);
  try {
    sized(fstatSync(fd).size);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let total = 0;
    for (let got = readPart(fd, path, chunk); got > 0; got = readPart(fd, path, chunk)) {
      total += got;
      if (total > STREAM_BYTES_MOST) throw tooLarge(path, total, STREAM_BYTES_MOST);
      take(chunk.subarray(0, got));
    }
  } finally {
    closeSync(fd);
  }
}

function plain(
  path: string,
  raw: Buffer,
  { bytes = WHOLE_BYTES_MOST, archives = false }: WholeLimits,
): Buffer {
  return archives && isZip(raw) ? raw : asUtf8(unpackBytes(path, raw, bytes));
}

/** The same as text: UTF-8, in which bytes that are none become U+FFFD. */
export function readOutsideText(path: string, limits: OutsideLimits = {}): string {
  return readOutside(path, { bytes: TEXT_BYTES_MOST, ...limits }).toString("utf8");
}

/** The first bytes of a regular file as they lie there. */
export function readOutsideStart(path: string, bytes: number): Buffer {
  const fd = openRegular(path, STREAM_BYTES_MOST);
  try {
    const first = Buffer.alloc(bytes);
    return first.subarray(0, readPart(fd, path, first, 0));
  } finally {
    closeSync(fd);
  }
}

/** The name of standard input in messages. */
export const INPUT = "standard input";

/** Bytes of standard input to its end, within the same limit and unpacked as files are. */
export function readInput(limits: WholeLimits = {}): Buffer {
  return plain(INPUT, readUpTo(0, INPUT, limits.bytes ?? WHOLE_BYTES_MOST), limits);
}

/** Bytes of a regular file in chunks, unpacked on the way; the file is never held as a whole. */
export async function* streamOutside(
  path: string,
  { bytes = STREAM_BYTES_MOST }: OutsideLimits = {},
): AsyncGenerator<Buffer> {
  const fd = openRegular(path, bytes);
  let packing: ReturnType<typeof packingOf>;
  let unpack: ReturnType<typeof unpackingStream>;
  try {
    packing = packingOf(path, firstBytes(fd, path));
    unpack = unpackingStream(packing, CHUNK_BYTES);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const file = createReadStream(path, { fd, start: 0, highWaterMark: CHUNK_BYTES });
  const stream = unpacked(file, unpack);
  let given = 0;
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const encoding = given === 0 ? utf16Of(chunk) : null;
      if (encoding !== null) decoder = new TextDecoder(encoding);
      given += chunk.length;
      if (given > bytes)
        throw packing === "none"
          ? tooLarge(path, given, bytes)
          : tooMuchUnpacked(path, file.bytesRead, bytes);
      yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }), "utf8");
    }
  } catch (error) {
    throw error instanceof InputError ? error : unpackError(path, error);
  } finally {
    stream.destroy();
    file.destroy();
  }
}

/** Limits of a file that is read line by line. */
export interface LineLimits extends OutsideLimits {
  /** Bytes of a line. */
  lineBytes?: number;
}

/**
 * Lines of a regular file with their numbers from 1 on, without line ends (LF or CRLF). The last line may have none. Bytes are read
 * as UTF-8.
 */
export async function* outsideLines(
  path: string,
  { lineBytes = LINE_BYTES_MOST, ...limits }: LineLimits = {},
): AsyncGenerator<[line: string, number: number]> {
  let number = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const take = (part: Buffer): string => {
    const whole = held.length === 0 ? part : Buffer.concat([...held, part]);
    held = [];
    heldBytes = 0;
    number++;
    if (whole.length > lineBytes) throw longLine(path, number, lineBytes);
    return whole.toString("utf8", 0, whole.length - (whole[whole.length - 1] === 13 ? 1 : 0));
  };
  for await (const chunk of streamOutside(path, limits)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield [take(chunk.subarray(from, end)), number];
      from = end + 1;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > lineBytes) throw longLine(path, number + 1, lineBytes);
  }
  if (heldBytes > 0) yield [take(Buffer.alloc(0)), number];
}

/** Files of /proc say that they have 0 bytes, so the size is known at their end only. */
function readUpTo(fd: number, path: string, bytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  // One more byte than it has shows its end, so that the usual file is held once, in its first chunk.
  let next = Math.max(CHUNK_BYTES, fstatSync(fd).size + 1);
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(next, bytes - total + 1));
    next = CHUNK_BYTES;
    const got = readPart(fd, path, chunk);
    if (got === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total);
    total += got;
    if (total > bytes) throw tooLarge(path, total, bytes);
    chunks.push(got > chunk.length / 2 ? chunk.subarray(0, got) : Buffer.from(chunk.subarray(0, got)));
  }
}

function readPart(fd: number, path: string, into: Buffer, position: number | null = null): number {
  try {
    return readSync(fd, into, 0, into.length, position);
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${errorOf(error).message})`);
  }
}

function firstBytes(fd: number, path: string): Buffer {
  const first = Buffer.alloc(MAGIC_BYTES);
  return first.subarray(0, readPart(fd, path, first, 0));
}

function unpacked(file: Readable, stream: Transform | null): Readable {
  if (stream === null) return file;
  file.on("error", (error) => stream.destroy(error));
  return file.pipe(stream);
}

function longLine(path: string, line: number, limit: number): InputError {
  return new InputError(`${at(path, line)}: a line may have at most ${formatSize(limit)}: got more`);
}
