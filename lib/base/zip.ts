/**
 * Reads a zip archive in memory, as PKWARE's APPNOTE.TXT describes it: stored and deflated files, ZIP64, checked by size and CRC-32.
 * Nothing is written, so that no path can do harm, and a file is unpacked only when it is asked for.
 */
import { inflateRawSync } from "node:zlib";
import { errorOf, InputError, quoted } from "./errors";
import { unpackError } from "./packing";
import { TAR_ENTRIES_MOST } from "./tar";
import { formatSize } from "./units";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES, END_64_BYTES, LOCATOR_BYTES] = [30, 46, 22, 56, 20] as const;
const COMMENT_MOST = 65_535;
/** A field of 32 bits that a ZIP64 record states in its place. */
const IN_64 = 0xffffffff;
const ENCRYPTED = 1;
const [STORED, DEFLATED] = [0, 8] as const;

/** A file of an archive by the archive's directory. */
export interface ZipEntry {
  /** Without a leading `./` or `/`. */
  path: string;
  /** Bytes, unpacked. */
  bytes: number;
  packedBytes: number;
  method: number;
  encrypted: boolean;
  crc: number;
  /** Where its local header begins. */
  at: number;
}

/** Whether bytes begin like a zip archive, be it an empty one. */
export function isZip(bytes: Buffer): boolean {
  return bytes.length >= END_BYTES && [LOCAL, END].includes(bytes.readUInt32LE(0));
}

/** The files of an archive, the last of a path, without folders. Throws InputError for a damaged directory. */
export function zipEntries(bytes: Buffer, file: string): ZipEntry[] {
  const { entries, at: begins } = directoryOf(bytes, file);
  if (entries > TAR_ENTRIES_MOST)
    throw new InputError(`${file}: an archive may have ${TAR_ENTRIES_MOST} entries: got ${entries}`);
  const found = new Map<string, ZipEntry>();
  let at = begins;
  for (let n = 0; n < entries; n++) {
    if (at + CENTRAL_BYTES > bytes.length || bytes.readUInt32LE(at) !== CENTRAL)
      throw new InputError(`${file}: byte ${at}: entry ${n + 1} of ${entries} of a zip archive was expected`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const name = at + CENTRAL_BYTES;
    const extra = name + nameBytes!;
    const next = extra + extraBytes! + commentBytes!;
    if (next > bytes.length) throw cutShort(file);
    const path = bytes
      .toString("utf8", name, extra)
      .replace(/\\/g, "/")
      .replace(/^(?:\.?\/)+/, "");
    if (path !== "" && !path.endsWith("/"))
      found.set(path, { path, ...entryAt(bytes, at, bytes.subarray(extra, extra + extraBytes!)) });
    at = next;
  }
  return [...found.values()];
}

const cutShort = (file: string) => new InputError(`${file}: the zip archive is cut short`);

/** Where the directory begins and how many entries it has, from the record at the archive's end. */
function directoryOf(bytes: Buffer, file: string): { entries: number; at: number } {
  const least = Math.max(0, bytes.length - END_BYTES - COMMENT_MOST);
  let end = bytes.length - END_BYTES;
  while (end >= least && bytes.readUInt32LE(end) !== END) end--;
  if (end < least) throw cutShort(file);
  const [disk, entries, at] = [
    bytes.readUInt16LE(end + 4),
    bytes.readUInt16LE(end + 10),
    bytes.readUInt32LE(end + 16),
  ];
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && bytes.readUInt32LE(locator) === LOCATOR_64) {
    const record = Number(bytes.readBigUInt64LE(locator + 8));
    if (record + END_64_BYTES > bytes.length || bytes.readUInt32LE(record) !== END_64) throw cutShort(file);
    return {
      entries: Number(bytes.readBigUInt64LE(record + 32)),
      at: Number(bytes.readBigUInt64LE(record + 48)),
    };
  }
  if (disk !== 0)
    throw new InputError(`${file}: a zip archive in several parts is not read: join them first`);
  return { entries, at };
}

function entryAt(bytes: Buffer, at: number, extra: Buffer): Omit<ZipEntry, "path"> {
  // A ZIP64 record has, in this order, those of the three that have no room.
  const large = zip64(extra);
  const sized = (field: number): number => {
    const value = bytes.readUInt32LE(at + field);
    return value === IN_64 ? (large.shift() ?? IN_64) : value;
  };
  const [unpacked, packedBytes, header] = [sized(24), sized(20), sized(42)];
  return {
    bytes: unpacked,
    packedBytes,
    method: bytes.readUInt16LE(at + 10),
    encrypted: (bytes.readUInt16LE(at + 8) & ENCRYPTED) !== 0,
    crc: bytes.readUInt32LE(at + 16),
    at: header,
  };
}

/** The numbers of the record with id 1 among the extra fields. */
function zip64(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    const end = Math.min(extra.length, at + 4 + length);
    if (id === 1) {
      const numbers: number[] = [];
      for (let field = at + 4; field + 8 <= end; field += 8)
        numbers.push(Number(extra.readBigUInt64LE(field)));
      return numbers;
    }
    at = end;
  }
  return [];
}

/**
 * What a file of an archive holds. Throws InputError that names it for more than `most` bytes, a method that is not read, a password,
 * and contents that are not what the directory says.
 */
export function unzipEntry(archive: Buffer, entry: ZipEntry, most: number): Buffer {
  const { path, bytes, packedBytes, method, at } = entry;
  const name = quoted(path);
  if (entry.encrypted) throw new InputError(`${name}: needs a password: unpack it first with unzip`);
  if (method !== STORED && method !== DEFLATED)
    throw new InputError(
      `${name}: is packed by method ${method} of zip, which is not read: unpack it first with unzip`,
    );
  if (bytes > most)
    throw new InputError(
      `${name}: a file may unpack to at most ${formatSize(most)}: got ${formatSize(bytes)}`,
    );
  if (at + LOCAL_BYTES > archive.length || archive.readUInt32LE(at) !== LOCAL) throw cutShort(name);
  const from = at + LOCAL_BYTES + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  if (from + packedBytes > archive.length) throw cutShort(name);
  const content = contentOf(archive.subarray(from, from + packedBytes), entry, name);
  if (content.length !== bytes || crc32(content) !== entry.crc)
    throw new InputError(
      `${name}: cannot be unpacked (its size or its CRC-32 is not that of the archive's directory)`,
    );
  return content;
}

function contentOf(packed: Buffer, { method, bytes }: ZipEntry, name: string): Buffer {
  if (method === STORED) return packed;
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new InputError(`${name}: unpacks to more than the ${formatSize(bytes)} that the archive states`);
    throw unpackError(name, errorOf(error));
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** CRC-32 of ISO 3309; node:zlib has it from Node.js 22.2 on only. */
function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) rest = CRC_TABLE[(rest ^ bytes[i]!) & 0xff]! ^ (rest >>> 8);
  return ~rest >>> 0;
}
