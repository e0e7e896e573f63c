/**
 * Records of a trace as columns of numbers, in memory: what a cache beside a recording stores. A record is a kind, some
 * numbers and the number of its line; an `E` record also has a text. Law: counts sum up to the length of `values`, and
 * there are as many texts as records of kind `E`.
 */
import { REC, type TraceHandler } from "./trace-reader";

export interface RecordColumns {
  /** Kinds (REC) and how many numbers each record has. */
  kinds: Uint8Array;
  counts: Uint8Array;
  lines: Uint32Array;
  /** The numbers of all records behind one another; WIDE stands for one that 32 bits can't hold. */
  values: Int32Array;
  /** Those numbers: index into `values` and the number, in turn. */
  wide: Float64Array;
  /** The texts of `E` records, in order. */
  texts: readonly string[];
}

/** In `values`: look into `wide`. */
export const WIDE = -(2 ** 31);

/** Gathers every record and hands it on to `next` if `next` wants its kind. */
export class ColumnCollector implements TraceHandler {
  private kinds = new Uint8Array(1 << 16);
  private counts = new Uint8Array(1 << 16);
  private lines = new Uint32Array(1 << 16);
  private values = new Int32Array(1 << 18);
  private readonly wide: number[] = [];
  private readonly texts: string[] = [];
  private count = 0;
  private used = 0;
  private readonly passed = new Uint8Array(64);

  constructor(
    private readonly next: TraceHandler,
    wanted: readonly number[],
  ) {
    for (const kind of wanted) this.pass(kind);
  }

  /** Hands on records of `kind` too, from the next one on. */
  pass(kind: number): void {
    this.passed[kind] = 1;
  }

  record(kind: number, f: Float64Array, n: number, line: number, text: string): void {
    if (this.count === this.kinds.length) this.growRecords();
    if (this.used + n > this.values.length) this.values = grown(this.values, new Int32Array(this.used * 2));
    this.kinds[this.count] = kind;
    this.counts[this.count] = n;
    this.lines[this.count++] = line;
    for (let i = 0; i < n; i++) {
      const value = f[i]!;
      const narrow = (value | 0) === value && value !== WIDE;
      if (!narrow) this.wide.push(this.used, value);
      this.values[this.used++] = narrow ? value : WIDE;
    }
    if (kind === REC.E) this.texts.push(text);
    if (this.passed[kind] !== 0) this.next.record(kind, f, n, line, text);
  }

  private growRecords(): void {
    const length = this.count * 2;
    this.kinds = grown(this.kinds, new Uint8Array(length));
    this.counts = grown(this.counts, new Uint8Array(length));
    this.lines = grown(this.lines, new Uint32Array(length));
  }

  columns(): RecordColumns {
    return {
      kinds: this.kinds.slice(0, this.count),
      counts: this.counts.slice(0, this.count),
      lines: this.lines.slice(0, this.count),
      values: this.values.slice(0, this.used),
      wide: Float64Array.from(this.wide),
      texts: this.texts,
    };
  }
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Puts stored records to a handler. */
export class ColumnReader {
  private readonly wanted = new Uint8Array(64);
  private readonly wide: ReadonlyMap<number, number>;

  constructor(
    private readonly columns: RecordColumns,
    private readonly handler: TraceHandler,
    wanted: readonly number[],
  ) {
    for (const kind of wanted) this.want(kind);
    const { wide } = columns;
    this.wide = new Map(Array.from({ length: wide.length / 2 }, (_, i) => [wide[2 * i]!, wide[2 * i + 1]!]));
  }

  want(kind: number): void {
    this.wanted[kind] = 1;
  }

  /** Hands over all wanted records. */
  run(): void {
    const { kinds, counts, lines, values, texts } = this.columns;
    const { handler, wanted } = this;
    const f = new Float64Array(8);
    let at = 0;
    let nextText = 0;
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i]!;
      const n = counts[i]!;
      const text = kind === REC.E ? texts[nextText++]! : "";
      if (wanted[kind] === 0) {
        at += n;
        continue;
      }
      for (let k = 0; k < n; k++) {
        const value = values[at++]!;
        f[k] = value === WIDE ? this.wide.get(at - 1)! : value;
      }
      handler.record(kind, f, n, lines[i]!, text);
    }
  }
}
