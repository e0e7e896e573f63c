/**
 * Reads a recorded trace chunk by chunk and calls the handler once per record, with its numbers in `f`. Frames and
 * counts are decimal, the gfp flags of `A`, `b` and `bE` hexadecimal. Only the current record is in memory.
 */
import { at, InputError } from "../base/errors";

/** Kinds of records; values are arbitrary but stable. */
export const REC = {
  A: 1,
  BULK_ENTER: 2,
  BULK_PAGE: 3,
  BULK_EXIT: 4,
  F: 5,
  S: 6,
  ISOLATE: 7,
  PUTBACK: 8,
  E: 9,
  FOLD: 10,
  DRAIN_ZONE: 11,
  HALF: 12,
  FREE_ANNOUNCED: 13,
  FREE_GROUP: 14,
  MOVE_BLOCK: 15,
  OTHER: 16,
  ZONE_TAKE: 17,
  DRAINED: 18,
  BLOCK_TYPE: 19,
  TIME: 20,
  RANGE_BEGIN: 21,
  RANGE_END: 22,
  MIGRATE_UNMAP: 23,
  MIGRATE_MOVE: 24,
  SPLIT: 25,
  ROTATE: 26,
  SKIP: 27,
  EXTFRAG: 28,
  RECLAIM_ACTIVE: 29,
  COMPACTION_FREE: 30,
  CPU: 31,
  TRYLOCK_FAILED: 32,
} as const;

/** Receives the records of a trace in order. */
export interface TraceHandler {
  /** `f[0..n)` are the numbers of the record; `text` is the rest of an `E` record. */
  record(kind: number, f: Float64Array, n: number, line: number, text: string): void;
}

/** First word of a record → its kind and number of fields; `hex` names the hexadecimal field. */
interface Form {
  kind: number;
  fields: number;
  hex: number;
}

const FORMS: Record<string, Form> = {
  A: { kind: REC.A, fields: 5, hex: 3 },
  bE: { kind: REC.BULK_ENTER, fields: 3, hex: 1 },
  b: { kind: REC.BULK_PAGE, fields: 3, hex: 1 },
  bX: { kind: REC.BULK_EXIT, fields: 2, hex: -1 },
  F: { kind: REC.F, fields: 3, hex: -1 },
  S: { kind: REC.S, fields: 2, hex: -1 },
  T: { kind: REC.TIME, fields: 1, hex: -1 },
  B: { kind: REC.OTHER, fields: 1, hex: -1 },
  Z: { kind: REC.ZONE_TAKE, fields: 4, hex: -1 },
  D: { kind: REC.DRAINED, fields: 3, hex: -1 },
  X: { kind: REC.EXTFRAG, fields: 6, hex: -1 },
  M: { kind: REC.BLOCK_TYPE, fields: 2, hex: -1 },
  V: { kind: REC.MOVE_BLOCK, fields: 2, hex: -1 },
  K: { kind: REC.SKIP, fields: 1, hex: -1 },
  I: { kind: REC.ISOLATE, fields: 3, hex: -1 },
  P: { kind: REC.PUTBACK, fields: 3, hex: -1 },
  E: { kind: REC.E, fields: 0, hex: -1 },
  H: { kind: REC.HALF, fields: 4, hex: -1 },
  v: { kind: REC.FOLD, fields: 3, hex: -1 },
  N: { kind: REC.DRAIN_ZONE, fields: 2, hex: -1 },
  R: { kind: REC.RANGE_BEGIN, fields: 3, hex: -1 },
  Rx: { kind: REC.RANGE_END, fields: 1, hex: -1 },
  u: { kind: REC.MIGRATE_UNMAP, fields: 3, hex: -1 },
  m: { kind: REC.MIGRATE_MOVE, fields: 3, hex: -1 },
  Q: { kind: REC.SPLIT, fields: 3, hex: -1 },
  L: { kind: REC.ROTATE, fields: 2, hex: -1 },
  W: { kind: REC.RECLAIM_ACTIVE, fields: 2, hex: -1 },
  f: { kind: REC.FREE_ANNOUNCED, fields: 3, hex: -1 },
  G: { kind: REC.FREE_GROUP, fields: 3, hex: -1 },
  C: { kind: REC.COMPACTION_FREE, fields: 3, hex: -1 },
  c: { kind: REC.CPU, fields: 1, hex: -1 },
  tf: { kind: REC.TRYLOCK_FAILED, fields: 0, hex: -1 },
};

/** Kind → how many numbers its records have at least; undefined for what is no kind. */
export const LEAST_FIELDS: readonly (number | undefined)[] = Object.values(FORMS).reduce(
  (least, { kind, fields }) => {
    least[kind] = Math.min(least[kind] ?? fields, fields);
    return least;
  },
  [] as (number | undefined)[],
);

const SPACE = 32;
const NEWLINE = 10;
const RETURN = 13;
const MINUS = 45;
const LONGEST_RECORD = 1 << 16;

/** One-letter words by byte, two-letter ones by both bytes. */
const BY_BYTE: (Form | undefined)[] = [];
for (const [word, form] of Object.entries(FORMS)) if (word.length === 1) BY_BYTE[word.charCodeAt(0)] = form;

/** Parses chunks; call `finish` at the end to detect a last record that is cut short. */
export class TraceReader {
  private rest: Buffer | null = null;
  line = 0;
  /** Records read, without the time marks `T`. */
  events = 0;
  private readonly f = new Float64Array(8);
  private readonly wanted: Uint8Array;

  /** `wanted`: the kinds to pass to the handler; of all others only the first word is checked. */
  constructor(
    private readonly file: string,
    private readonly handler: TraceHandler,
    wanted: readonly number[],
  ) {
    this.wanted = new Uint8Array(64);
    for (const kind of wanted) this.wanted[kind] = 1;
  }

  /** Also passes records of `kind` to the handler, from the next one on. */
  want(kind: number): void {
    this.wanted[kind] = 1;
  }

  feed(chunk: Buffer): void {
    let from = 0;
    if (this.rest !== null) {
      // Only the line that two chunks share is copied together; what follows is read where it lies.
      const first = chunk.indexOf(NEWLINE);
      const joined = Buffer.concat([this.rest, first < 0 ? chunk : chunk.subarray(0, first + 1)]);
      this.rest = null;
      if (first < 0) {
        this.keep(joined);
        return;
      }
      this.lines(joined, 0, joined.length);
      from = first + 1;
    }
    const last = chunk.lastIndexOf(NEWLINE);
    if (last >= from) this.lines(chunk, from, last + 1);
    if (last < chunk.length - 1) this.keep(Buffer.from(chunk.subarray(Math.max(last + 1, from))));
  }

  /** The beginning of a line whose end has not come yet. */
  private keep(rest: Buffer): void {
    if (rest.length > LONGEST_RECORD)
      throw new InputError(
        `${at(this.file, this.line + 1)}: a record is longer than 65,536 bytes: this is no trace`,
      );
    this.rest = rest;
  }

  finish(): void {
    if (this.rest !== null && this.rest.length > 0)
      throw new InputError(`${at(this.file, this.line + 1)}: the trace is cut short inside a record`);
    if (this.line === 0) throw new InputError(`${this.file}: is empty, a trace was expected`);
  }

  /** Whole lines: `end` is the byte behind the last newline. */
  private lines(bytes: Buffer, from: number, end: number): void {
    // A call for each line, not one loop over all: a function that returns is compiled whole and again when it meets
    // something new. A loop that never returns is replaced while it runs, and falls back at every new thing.
    let p = from;
    while (p < end) p = this.oneLine(bytes, p);
  }

  /** Reads the line that begins at `p`; the byte behind it. */
  private oneLine(bytes: Buffer, p: number): number {
    const line = ++this.line;
    let form = BY_BYTE[bytes[p]!];
    let q = p + 1;
    if (bytes[q] !== SPACE) {
      form = this.longForm(bytes, p, line);
      if (form === undefined) return bytes.indexOf(NEWLINE, p) + 1;
      while (bytes[q] !== SPACE && bytes[q] !== NEWLINE) q++;
    }
    if (form === undefined) this.unknown(bytes, p, line);
    const kind = form!.kind;
    if (kind !== REC.TIME) this.events++;
    if (this.wanted[kind] === 0) {
      // Lines are some 15 bytes long: a call of indexOf() costs more than this loop.
      while (bytes[q] !== NEWLINE) q++;
      return q + 1;
    }
    if (kind === REC.E) {
      const stop = bytes.indexOf(NEWLINE, q);
      this.handler.record(kind, this.f, 0, line, bytes.toString("latin1", q + 1, stop).trimEnd());
      return stop + 1;
    }
    return this.numbers(bytes, p, q, form!);
  }

  /** Hands over the record of a line at `p` whose numbers begin at `q`; the byte behind it. */
  private numbers(bytes: Buffer, p: number, at: number, { kind, fields, hex }: Form): number {
    const { f, line } = this;
    let q = at;
    let n = 0;
    let c = bytes[q]!;
    while (c === SPACE) {
      c = bytes[++q]!;
      let value = 0;
      const from = q;
      if (n === hex) {
        for (; c > SPACE; c = bytes[++q]!) {
          const d = c >= 97 && c <= 102 ? c - 87 : c - 48;
          if (d < 0 || d > 15) this.malformed(bytes, p, line);
          value = value * 16 + d;
        }
      } else {
        const minus = c === MINUS;
        if (minus) c = bytes[++q]!;
        for (; c > SPACE; c = bytes[++q]!) {
          const d = c - 48;
          if (d < 0 || d > 9) this.malformed(bytes, p, line);
          value = value * 10 + d;
        }
        if (minus) value = -value;
      }
      if (q === from || n === 8) this.malformed(bytes, p, line);
      f[n++] = value;
    }
    if (c === RETURN) c = bytes[++q]!;
    if (c !== NEWLINE || n < fields) this.malformed(bytes, p, line);
    this.handler.record(kind, f, n, line, "");
    return q + 1;
  }

  /** The form of a word of more than one letter; an empty line has none. */
  private longForm(bytes: Buffer, p: number, line: number): Form | undefined {
    if (bytes[p] === NEWLINE) return undefined;
    let q = p;
    while (bytes[q] !== SPACE && bytes[q] !== NEWLINE) q++;
    const word = bytes.toString("latin1", p, q);
    const form = Object.hasOwn(FORMS, word) ? FORMS[word] : undefined;
    if (form === undefined) this.unknown(bytes, p, line);
    return form;
  }

  private unknown(bytes: Buffer, p: number, line: number): never {
    const stop = bytes.indexOf(NEWLINE, p);
    const text = bytes.toString("latin1", p, Math.min(stop, p + 40)).replace(/[^ -~]/g, "?");
    throw new InputError(`${at(this.file, line)}: unknown record ${JSON.stringify(text)}`);
  }

  private malformed(bytes: Buffer, p: number, line: number): never {
    const stop = bytes.indexOf(NEWLINE, p);
    const text = bytes.toString("latin1", p, Math.min(stop, p + 60)).replace(/[^ -~]/g, "?");
    throw new InputError(`${at(this.file, line)}: malformed record ${JSON.stringify(text)}`);
  }
}
