/** Reads the text of a snapshot, record by record. */
import { at, InputError } from "../base/errors";
import { type Fields, fieldNumber, type Snapshot, type SnapshotPcp, type SnapshotZone } from "./snapshot";
import { checkHeader, checkPcpFields, checkZoneFields, FRAMES_MOST, ZONES_MOST } from "./snapshot-limits";
import { SnapshotWords } from "./snapshot-words";

const NEWLINE = 10;
const RETURN = 13;
const SLASH = 47;

class SnapshotParser extends SnapshotWords {
  private readonly zones: SnapshotZone[] = [];
  private header: Fields | undefined;
  private zone: SnapshotZone | undefined;
  private pcp: SnapshotPcp | undefined;

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

  private record(end: number, complete: boolean): void {
    const word = this.word(end);
    if (this.header === undefined && word !== "snapshot")
      this.fail(`a snapshot begins with "snapshot v1 …": got "${word.slice(0, 20)}"`);
    if (!complete) this.fail(`the snapshot is cut short inside a "${word}" record`);
    switch (word) {
      case "snapshot":
        if (this.word(end) !== "v1") this.fail("only snapshot format v1 is known");
        if (this.header !== undefined) this.fail("a snapshot has one first line");
        this.header = this.fields(end);
        checkHeader(this.header, at(this.file, this.line));
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
        this.beginPcp(end);
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
    const fields = this.fields(end);
    if (this.zones.length === ZONES_MOST) this.fail(`a snapshot may have ${ZONES_MOST} zones: got more`);
    checkZoneFields(fields, at(this.file, this.line));
    this.zone = {
      idx: this.below(idx, this.header!.get("max_nr_zones"), "zone: its number"),
      name,
      fields,
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

  private beginPcp(end: number): void {
    const cpu = this.below(this.int(end), this.header!.get("cpus"), "pcp: its CPU");
    const fields = this.fields(end);
    checkPcpFields(fields, at(this.file, this.line));
    this.pcp = { cpu, fields, lists: [] };
    this.needZone().pcps.push(this.pcp);
  }

  /** A number that is below one of the header. */
  private below(value: number, most: string | undefined, what: string): number {
    if (most !== undefined && value >= Number(most))
      this.fail(`${what} must be below ${most}, which the first line says: got ${value}`);
    return value;
  }

  /** A migrate type is one of those that the first line counts. */
  private type(value: number, what: string): number {
    return this.below(value, this.header!.get("migratetypes"), `${what}: its migrate type`);
  }

  private order(value: number, what: string): number {
    return this.below(value, this.header!.get("max_order"), `${what}: its order`);
  }

  /** Room for the frames that are listed: no more than the line has, a digit and a space each. */
  private announced(n: number, end: number): number {
    return Math.min(n, Math.ceil((end - this.pos) / 2));
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
    const run = {
      start,
      count,
      mt: mt === "hole" ? -1 : this.type(this.number(mt), "pb"),
      skip,
      under: under === undefined ? -1 : this.type(this.number(under), "pb: under"),
    };
    this.blocksWithin(run);
    this.needZone().blocks.push(run);
  }

  /** Page blocks lie in their zone, whose first and last block may belong to it in part. */
  private blocksWithin({ start, count }: { start: number; count: number }): void {
    const { fields, name } = this.needZone();
    const [first, spanned] = ["start", "spanned"].map((key) => Number(fields.get(key)));
    const pages = 2 ** Number(this.header!.get("pageblock_order"));
    const from = Math.floor(first! / pages) * pages;
    const to = Math.ceil((first! + spanned!) / pages) * pages;
    const end = Math.floor(start / pages) * pages + count * pages;
    if (start < from || end > to)
      this.fail(`pb: zone ${name} has page blocks from frame ${from} to ${to}: got ${start} to ${end}`);
  }

  private area(end: number): void {
    const order = this.order(this.int(end), "area");
    const z = this.needZone();
    if (order !== z.nrFree.length) this.fail(`area ${z.nrFree.length} was expected: got area ${order}`);
    z.nrFree.push(fieldNumber(this.fields(end), "nr_free", at(this.file, this.line)));
  }

  private freeList(end: number): void {
    const order = this.order(this.int(end), "free");
    const mt = this.type(this.int(end), `free ${order}`);
    const n = this.int(end);
    this.colon(end);
    const pfns = new Int32Array(this.announced(n, end));
    let i = 0;
    while (this.pos < end) {
      if (i === n) this.fail(`free ${order} ${mt}: more than the ${n} frames announced`);
      pfns[i++] = this.frame(this.int(end));
    }
    if (i < n) this.fail(`free ${order} ${mt}: ${n} frames announced, ${i} there`);
    this.needZone().free.push({ order, mt, pfns });
  }

  private pcpList(end: number): void {
    const index = this.int(end);
    const n = this.int(end);
    this.colon(end);
    const pfns = new Int32Array(this.announced(n, end));
    const mts = new Int8Array(pfns.length).fill(-1);
    let i = 0;
    while (this.pos < end) {
      if (i === n) this.fail(`pcplist ${index}: more than the ${n} frames announced`);
      pfns[i] = this.frame(this.digits(end));
      if (this.bytes[this.pos] === SLASH) {
        this.pos++;
        mts[i] = this.type(this.digits(end), `pcplist ${index}`);
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

  /** A frame that a typed array can hold as it is. */
  private frame(pfn: number): number {
    if (pfn > FRAMES_MOST) this.fail(`a frame must be from 0 to ${FRAMES_MOST}: got ${pfn}`);
    return pfn;
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
