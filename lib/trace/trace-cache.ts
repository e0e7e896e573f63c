/**
 * A binary copy of a recording's trace beside it, made on request: reading it takes a fraction of the time that
 * unpacking and parsing the text takes. It is bound to the SHA-256 of the recording's files and carries a checksum of its
 * own contents, so a copy that is stale, damaged or of another version is never used; the text is what counts. Whoever
 * can write the cache could write the recording as well: what it holds is checked like text, record by record.
 *
 * Layout: 16 bytes of magic, the length of the header (32 bits, little endian), the header as JSON, zeros up to a
 * multiple of 8; then the columns one behind the other, each begun at a multiple of 8: wide numbers, values, lines, ends
 * of the texts, kinds, counts, texts. Machines of the other byte order can't read it and say so.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { errorOf } from "../base/errors";
import { readOutsideChunks, readOutsideRaw } from "../base/outside-file";
import { GiB } from "../base/units";
import { writeAtomically } from "../base/write-atomically";
import { findInput } from "./input";
import { type RecordColumns, WIDE } from "./record-columns";
import { LEAST_FIELDS, REC } from "./trace-reader";

const MAGIC = "pageblock-trace\n";
const VERSION = 1;
const CACHE_BYTES_MOST = 2 * GiB;
const LONGEST_HEADER = 4096;
const FILES = ["version", "S0.txt", "trace.txt", "S1.txt", "sysctl_vm"];

/** A trace read from its cache; `events` and `endLine` are those of the text. */
export interface CachedTrace {
  events: number;
  endLine: number;
  columns: RecordColumns;
}

interface Header {
  version: number;
  byteOrder: string;
  /** SHA-256 of the recording's files. */
  recording: string;
  /** checksum() of everything behind the header. */
  contents: string;
  /** Kinds of records that the cache holds, ascending. */
  holds: number[];
  events: number;
  endLine: number;
  records: number;
  values: number;
  wide: number;
  texts: number;
  textBytes: number;
}

/** Where the cache of the recording in `dir` lies. */
export function traceCachePath(dir: string): string {
  return join(dir, "trace.pageblock-cache");
}

/** SHA-256 over names and bytes of the files that a replay reads, as they lie there (packed or not). */
export function recordingHash(dir: string): string {
  const hash = createHash("sha256");
  for (const name of FILES) {
    const path = findInput(dir, name);
    if (path === undefined) continue;
    readOutsideChunks(
      path,
      (chunk) => hash.update(chunk),
      (bytes) => hash.update(`${path.slice(dir.length)}\0${bytes}\0`),
    );
  }
  return hash.digest("hex");
}

/** Turns a number of 32 bits by 15: high bits come low, where the next product spreads them. */
const turned = (n: number) => (n << 15) | (n >>> 17);

/**
 * 128 bits in four lanes of 32 over words of 32: finds damage, not intent, in a fifth of the time of SHA-256. Every step is
 * a bijection of its lane, so one changed word always changes the sum.
 */
export function checksum(contents: Uint8Array): string {
  const words = new Int32Array(contents.buffer, contents.byteOffset, contents.length >>> 2);
  let [a, b, c, d] = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];
  for (let i = 0; i < words.length; i += 4) {
    // Past the end there is `undefined`, which counts as 0; lengths are in the header.
    a = turned(Math.imul(a ^ words[i]!, 0x01000193));
    b = turned(Math.imul(b ^ words[i + 1]!, 0x01000193));
    c = turned(Math.imul(c ^ words[i + 2]!, 0x01000193));
    d = turned(Math.imul(d ^ words[i + 3]!, 0x01000193));
  }
  return [a, b, c, d].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

const sizesOf = (h: Header) => [
  h.wide * 8,
  h.values * 4,
  h.records * 4,
  h.texts * 4,
  h.records,
  h.records,
  h.textBytes,
];
const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** Writes the cache atomically. Throws InputError if the folder can't be written. */
export function writeTraceCache(dir: string, recording: string, trace: CachedTrace, holds: number[]): void {
  const { kinds, counts, lines, values, wide, texts } = trace.columns;
  const text = Buffer.from(texts.join(""), "latin1");
  const ends = new Uint32Array(texts.length);
  texts.reduce((end, t, i) => {
    ends[i] = end + t.length;
    return ends[i]!;
  }, 0);
  const parts = [wide, values, lines, ends, kinds, counts, text].flatMap((column) => {
    const bytes = Buffer.from(column.buffer, column.byteOffset, column.byteLength);
    return [bytes, Buffer.alloc(padded(bytes.length) - bytes.length)];
  });
  const contents = Buffer.concat(parts);
  const header: Header = {
    version: VERSION,
    byteOrder: endianness(),
    recording,
    contents: checksum(contents),
    holds: [...holds].sort((a, b) => a - b),
    events: trace.events,
    endLine: trace.endLine,
    records: kinds.length,
    values: values.length,
    wide: wide.length,
    texts: texts.length,
    textBytes: text.length,
  };
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(padded(MAGIC.length + 4 + json.length));
  head.write(MAGIC, "latin1");
  head.writeUInt32LE(json.length, MAGIC.length);
  json.copy(head, MAGIC.length + 4);
  writeAtomically(traceCachePath(dir), Buffer.concat([head, contents]));
}

/**
 * Reads the cache of `dir` for a replay that may ask for the kinds `needs`. A string is the reason why it can't be used;
 * undefined: there is none.
 */
export function readTraceCache(
  dir: string,
  recording: string,
  needs: readonly number[],
): CachedTrace | string | undefined {
  const path = traceCachePath(dir);
  if (!existsSync(path)) return undefined;
  let file: Buffer;
  try {
    file = readOutsideRaw(path, CACHE_BYTES_MOST);
  } catch (error) {
    return `it cannot be used (${errorOf(error).message})`;
  }
  const header = readHeader(file);
  if (typeof header === "string") return header;
  if (header.recording !== recording) return "the files of the recording have changed since";
  if (!needs.every((kind) => header.holds.includes(kind)))
    return "it lacks records that this profile asks for";
  const start = padded(MAGIC.length + 4 + file.readUInt32LE(MAGIC.length));
  const contents = file.subarray(start);
  const expected = sizesOf(header).reduce((sum, bytes) => sum + padded(bytes), 0);
  if (contents.length !== expected) return `it is damaged (${contents.length} bytes of ${expected})`;
  // A copy only if the bytes don't begin at a multiple of 8 in memory.
  const aligned = contents.byteOffset % 8 === 0 ? contents : Buffer.from(new Uint8Array(contents).buffer);
  if (checksum(aligned) !== header.contents) return "it is damaged (its checksum differs)";
  return readColumns(aligned, header);
}

function readHeader(file: Buffer): Header | string {
  if (file.length < MAGIC.length + 4 || file.toString("latin1", 0, MAGIC.length) !== MAGIC)
    return "it is damaged (no cache of a trace)";
  const length = file.readUInt32LE(MAGIC.length);
  if (length > LONGEST_HEADER) return "it is damaged (its header is too long)";
  let header: Header;
  try {
    header = JSON.parse(file.toString("utf8", MAGIC.length + 4, MAGIC.length + 4 + length)) as Header;
  } catch {
    return "it is damaged (its header is no JSON)";
  }
  if (header?.version !== VERSION) return "it is of another version of this format";
  if (header.byteOrder !== endianness()) return "it is of a machine with the other byte order";
  const { events, endLine, records, values, wide, texts, textBytes, holds } = header;
  const sizes = [events, endLine, records, values, wide, texts, textBytes];
  const sane = sizes.every((n) => Number.isSafeInteger(n) && n >= 0 && n < 2 ** 32);
  if (!sane || !Array.isArray(holds)) return "it is damaged (its header is not sane)";
  return header;
}

function readColumns(bytes: Buffer, header: Header): CachedTrace | string {
  let offset = bytes.byteOffset;
  const [wide, values, lines, ends, kinds, counts, text] = sizesOf(header).map((size) => {
    const at = offset;
    offset += padded(size);
    return at;
  }) as [number, number, number, number, number, number, number];
  const buffer = bytes.buffer as ArrayBuffer;
  const columns = {
    wide: new Float64Array(buffer, wide, header.wide),
    values: new Int32Array(buffer, values, header.values),
    lines: new Uint32Array(buffer, lines, header.records),
    kinds: new Uint8Array(buffer, kinds, header.records),
    counts: new Uint8Array(buffer, counts, header.records),
    texts: textsOf(Buffer.from(buffer, text, header.textBytes), new Uint32Array(buffer, ends, header.texts)),
  };
  if (columns.texts === null || !coherent(columns as RecordColumns))
    return "it is damaged (its columns disagree)";
  return { events: header.events, endLine: header.endLine, columns: columns as RecordColumns };
}

function textsOf(text: Buffer, ends: Uint32Array): string[] | null {
  const all = text.toString("latin1");
  const texts = new Array<string>(ends.length);
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    const to = ends[i]!;
    if (to < from || to > all.length) return null;
    texts[i] = all.slice(from, to);
    from = to;
  }
  return texts;
}

/** Kind → the least number of numbers; 255 for what is no kind. */
const LEAST = Uint8Array.from({ length: 256 }, (_, kind) => LEAST_FIELDS[kind] ?? 255);

/** Every record is one that the reader of the text could have handed over. */
function coherent({ kinds, counts, values, wide, texts }: RecordColumns): boolean {
  let used = 0;
  let told = 0;
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i]!;
    const n = counts[i]!;
    if (n < LEAST[kind]! || n > 8) return false;
    if (kind === REC.E) told++;
    used += n;
  }
  let missing = 0;
  for (let i = values.indexOf(WIDE); i >= 0; i = values.indexOf(WIDE, i + 1)) missing++;
  for (let i = 0; i < wide.length; i += 2)
    if (values[wide[i]!] !== WIDE || !Number.isInteger(wide[i + 1])) return false;
  const indexes = new Set(wide.filter((_, i) => i % 2 === 0));
  return (
    used === values.length && told === texts.length && indexes.size === missing && wide.length === 2 * missing
  );
}
