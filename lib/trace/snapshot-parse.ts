/** Reads the text of a snapshot, record by record. */
import { at, InputError } from "../base/errors";
import { type Fields, fieldNumber, type Snapshot, type SnapshotPcp, type SnapshotZone } from "./snapshot";

const SPACE = 32;
const NEWLINE = 10;
const RETURN = 13;
const SLASH = 47;

class SnapshotParser {
  private pos = 0;
  private line = 0;
  private readonly zones: SnapshotZone[] = [];
  private header: Fields | undefined;
  private zone: SnapshotZone | undefined;
  private pcp: SnapshotPcp | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
  ) {}

  parse(): Snapshot {
    const { bytes } = this;
    while (this.pos < bytes.length) {
      this.line++;
      const newline = bytes.indexOf(NEWLINE, this.pos);
      const stop = newline < 0 ? bytes.length : newline;
      const end = stop > this.pos && bytes[stop - 1] === RETURN ? stop - 1 : stop;
      if (end > this.pos) this.record(end, newline >= 0);
      this.pos = stop + 1;
    }
    if (this.header === undefined) throw new InputError(`${this.file}: is empty, a snapshot was expected`);
    this.finishZone();
    if (this.zones.length === 0)
      throw new InputError(`${at(this.file, this.line)}: the snapshot has no zone`);
    return { file: this.file, header: this.header, zones: this.zones };
  }

  private fail(message: string): never {
    throw new InputError(`${at(this.file, this.line)}: ${message}`);
  }

  private record(end: number, complete: boolean): void {
    const word = this.word(end);
    if (this.header === undefined && word !== "snapshot")
      this.fail(`a snapshot begins with "snapshot v1 …": got "${word.slice(0, 20)}"`);
    if (!complete) this.fail(`the snapshot is cut short inside a "${word}" record`);
    switch (word) {
      case "snapshot":
        if (this.word(end) !== "v1") this.fail("only snapshot format v1 is known");
        this.header = this.fields(end);
        break;
      case "zone":
        this.beginZone(end);
        break;
      case "pb":
        this.blocks(end);
        break;
      case "area":
        this.area(end);
        break;
      case "free":
        this.freeList(end);
        break;
      case "pcp":
        this.pcp = { cpu: this.int(end), fields: this.fields(end), lists: [] };
        this.needZone().pcps.push(this.pcp);
        break;
      case "pcplist":
        this.pcpList(end);
        break;
      case "class":
        this.classes(end);
        break;
      default:
        this.fail(`unknown record "${word.slice(0, 20)}"`);
    }
  }

  private needZone(): SnapshotZone {
    return this.zone ?? this.fail("a record stands before the first zone");
  }

  private beginZone(end: number): void {
    this.finishZone();
    const idx = this.int(end);
    const name = this.word(end);
    this.zone = {
      idx,
      name,
      fields: this.fields(end),
      blocks: [],
      nrFree: [],
      free: [],
      pcps: [],
      classStart: 0,
      classSpanned: 0,
      classes: new Uint8Array(0),
      runs: new Int32Array(0),
      line: this.line,
    };
    this.pcp = undefined;
    this.zones.push(this.zone);
  }

  /** A zone without its end shows that the file was cut short. */
  private finishZone(): void {
    const z = this.zone;
    if (z === undefined) return;
    const missing =
      z.blocks.length === 0
        ? "page blocks (pb)"
        : z.nrFree.length !== Number(this.header!.get("max_order"))
          ? "free areas (area)"
          : z.pcps.length === 0
            ? "per-CPU lists (pcp)"
            : z.runs.length === 0
              ? "frame classes (class)"
              : undefined;
    if (missing !== undefined) this.fail(`the snapshot is cut short: zone ${z.name} lacks its ${missing}`);
    const sums = new Array<number>(z.nrFree.length).fill(0);
    for (const list of z.free) sums[list.order] = (sums[list.order] ?? 0) + list.pfns.length;
    z.nrFree.forEach((n, order) => {
      if (sums[order] !== n)
        this.fail(`zone ${z.name}: area ${order} says nr_free=${n} but its lists hold ${sums[order]} pages`);
    });
  }

  private blocks(end: number): void {
    const start = this.int(end);
    const count = this.int(end);
    const mt = this.word(end);
    const skip = this.int(end);
    const under = this.pos < end ? this.fields(end).get("under") : undefined;
    this.needZone().blocks.push({
      start,
      count,
      mt: mt === "hole" ? -1 : this.number(mt),
      skip,
      under: under === undefined ? -1 : this.number(under),
    });
  }

  private area(end: number): void {
    const order = this.int(end);
    const z = this.needZone();
    if (order !== z.nrFree.length) this.fail(`area ${z.nrFree.length} was expected: got area ${order}`);
    z.nrFree.push(fieldNumber(this.fields(end), "nr_free", at(this.file, this.line)));
  }

  private freeList(end: number): void {
    const order = this.int(end);
    const mt = this.int(end);
    const n = this.int(end);
    this.colon(end);
    const pfns = new Int32Array(n);
    let i = 0;
    while (this.pos < end) {
      if (i === n) this.fail(`free ${order} ${mt}: more than the ${n} frames announced`);
      pfns[i++] = this.int(end);
    }
    if (i < n) this.fail(`free ${order} ${mt}: ${n} frames announced, ${i} there`);
    this.needZone().free.push({ order, mt, pfns });
  }

  private pcpList(end: number): void {
    const index = this.int(end);
    const n = this.int(end);
    this.colon(end);
    const pfns = new Int32Array(n);
    const mts = new Int8Array(n).fill(-1);
    let i = 0;
    while (this.pos < end) {
      if (i === n) this.fail(`pcplist ${index}: more than the ${n} frames announced`);
      pfns[i] = this.digits(end);
      if (this.bytes[this.pos] === SLASH) {
        this.pos++;
        mts[i] = this.digits(end);
      }
      this.skipSpace(end);
      i++;
    }
    if (i < n) this.fail(`pcplist ${index}: ${n} frames announced, ${i} there`);
    if (this.pcp === undefined) this.fail("a pcplist record stands before its pcp record");
    this.pcp.lists.push({ index, pfns, mts });
  }

  private classes(end: number): void {
    const z = this.needZone();
    z.classStart = this.int(end);
    z.classSpanned = this.int(end);
    this.colon(end);
    const classes: number[] = [];
    const runs: number[] = [];
    let total = 0;
    while (this.pos < end) {
      const c = hexDigit(this.bytes[this.pos++]!);
      if (c < 0) this.fail("class: a run begins with a hexadecimal digit");
      const run = this.digits(end);
      classes.push(c);
      runs.push(run);
      total += run;
      this.skipSpace(end);
    }
    if (total !== z.classSpanned)
      this.fail(`class: ${z.classSpanned} frames announced, the runs cover ${total}`);
    z.classes = Uint8Array.from(classes);
    z.runs = Int32Array.from(runs);
  }

  private skipSpace(end: number): void {
    while (this.pos < end && this.bytes[this.pos] === SPACE) this.pos++;
  }

  private colon(end: number): void {
    if (this.word(end) !== ":") this.fail('":" was expected');
  }

  private word(end: number): string {
    const from = this.pos;
    let p = from;
    while (p < end && this.bytes[p] !== SPACE) p++;
    this.pos = p;
    this.skipSpace(end);
    return this.bytes.toString("latin1", from, p);
  }

  private number(text: string): number {
    if (!/^\d+$/.test(text)) this.fail(`a whole number was expected: got "${text.slice(0, 20)}"`);
    return Number(text);
  }

  private digits(end: number): number {
    const { bytes } = this;
    let p = this.pos;
    let value = 0;
    for (; p < end; p++) {
      const d = bytes[p]! - 48;
      if (d < 0 || d > 9) break;
      value = value * 10 + d;
    }
    if (p === this.pos) this.fail(`a whole number was expected at column ${p + 1}`);
    this.pos = p;
    return value;
  }

  private int(end: number): number {
    const value = this.digits(end);
    if (this.pos < end && this.bytes[this.pos] !== SPACE) this.fail("a whole number was expected");
    this.skipSpace(end);
    return value;
  }

  private fields(end: number): Fields {
    const fields: Fields = new Map();
    while (this.pos < end) {
      const word = this.word(end);
      const eq = word.indexOf("=");
      if (eq <= 0) this.fail(`key=value was expected: got "${word.slice(0, 20)}"`);
      fields.set(word.slice(0, eq), word.slice(eq + 1));
    }
    return fields;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  return byte >= 97 && byte <= 102 ? byte - 87 : -1;
}

/** Parses the text of a snapshot; every error names `file` and the line. */
export function parseSnapshot(bytes: Buffer, file: string): Snapshot {
  return new SnapshotParser(bytes, file).parse();
}
