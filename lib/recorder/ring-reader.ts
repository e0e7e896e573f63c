/** Reads the ring of the recorder's module: records of 64-bit words, and the texts among them. */
import { InputError } from "../base/errors";
import { RING, RING_KINDS } from "./record-kinds";

/** The first 8 bytes, "GPBREC01". */
const MAGIC = 0x3130434552425047n;
/** The bytes before the records. */
export const RING_FIRST_PAGE = 4096;
const MOST_ARGUMENTS = 16;

/** One record; the object is used again for the next one. */
export interface RingRecord {
  kind: number;
  cpu: number;
  /** 0 a task, 1 a soft interrupt, 2 an interrupt, 3 an NMI. */
  context: number;
  pid: number;
  args: number[];
}

export interface Ring {
  /** Records that did not fit. */
  lost: number;
  /** Times that a probe could not run. */
  missed: number;
  records: number;
  bytes: Buffer;
  file: string;
}

/** The bytes of a ring with its first page, which is in `bytes`; throws InputError for what is no ring. */
export function ringBytes(bytes: Buffer, file: string): number {
  if (bytes.length < RING_FIRST_PAGE || bytes.readBigUInt64LE(0) !== MAGIC)
    throw new InputError(`${file}: is no ring of the recorder: its first 8 bytes are not GPBREC01`);
  return RING_FIRST_PAGE + Number(bytes.readBigUInt64LE(16));
}

/** The ring in `bytes`; throws InputError for what is no ring, or not a whole one. */
export function openRing(bytes: Buffer, file: string): Ring {
  const end = ringBytes(bytes, file);
  const word = (i: number) => Number(bytes.readBigUInt64LE(8 * i));
  if (end > bytes.length)
    throw new InputError(
      `${file}: is cut short: its first page announces ${end - RING_FIRST_PAGE} bytes, ${bytes.length - RING_FIRST_PAGE} are there`,
    );
  const ring = { records: word(3), lost: word(4), missed: word(5), file };
  return { ...ring, bytes: bytes.subarray(RING_FIRST_PAGE, end) };
}

function fail(ring: Ring, at: number, what: string): never {
  throw new InputError(`${ring.file}: byte ${RING_FIRST_PAGE + at}: ${what}`);
}

/** A signed word: frames and counts are far below 2^53. */
function signed(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

/** Calls `record` for each record in order, and `text` for each blob with its name and content. */
export function readRing(
  ring: Ring,
  record: (r: RingRecord) => void,
  text: (name: string, content: Buffer) => void,
): void {
  const { bytes } = ring;
  const r: RingRecord = { kind: 0, cpu: 0, context: 0, pid: 0, args: [] };
  let seen = 0;
  for (let p = 0; p < bytes.length; seen++) {
    if (p + 8 > bytes.length) fail(ring, p, "the ring ends inside a record");
    const low = bytes.readUInt32LE(p);
    r.kind = low & 255;
    const n = (low >>> 8) & 255;
    if (r.kind < 1 || r.kind > RING_KINDS || n > MOST_ARGUMENTS)
      fail(ring, p, `a record of kind 1 to ${RING_KINDS} was expected: got ${r.kind} with ${n} arguments`);
    if (p + 8 + 8 * n > bytes.length) fail(ring, p, "the ring ends inside a record");
    r.cpu = (low >>> 16) & 0xfff;
    r.context = low >>> 28;
    r.pid = bytes.readInt32LE(p + 4);
    r.args.length = n;
    for (let i = 0; i < n; i++) r.args[i] = signed(bytes, p + 8 + 8 * i);
    p += 8 + 8 * n;
    if (r.kind === RING.BLOB) p = blob(ring, p, r.args[0]!, text);
    else record(r);
  }
  if (seen !== ring.records)
    throw new InputError(`${ring.file}: announces ${ring.records} records, ${seen} are there`);
}

function blob(ring: Ring, p: number, length: number, text: (name: string, content: Buffer) => void): number {
  const { bytes } = ring;
  if (!(length > 0) || p + length > bytes.length) fail(ring, p, "the ring ends inside a text");
  const content = bytes.subarray(p, p + length);
  const end = content.indexOf(0);
  const name = content.toString("latin1", 0, Math.max(end, 0));
  if (!/^[A-Za-z0-9_.-]{1,40}$/.test(name)) fail(ring, p, "a text has no name");
  text(name, content.subarray(end + 1));
  return p + Math.ceil(length / 8) * 8;
}
