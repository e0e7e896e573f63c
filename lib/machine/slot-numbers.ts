/**
 * Which slot numbers are free, by runs: owners of many pages (a file, a shared region) take as many numbers in a row as they have
 * pages, and give the run back in one go. Free runs are chained through the column that slots use for their frame, by length:
 * exact lengths up to MOST_EXACT, powers of two above. The shortest run that is long enough is taken first and what it has more stays
 * a run of its own, so that single numbers use up what is left between runs. Nothing is joined: owners come back with the same
 * lengths, and what single pages take comes from the shortest runs.
 */
import { int32Column } from "../base/columns";
import { InputError } from "../base/errors";

/** Cell of a number in no use that is not the first of its run. */
export const NUMBER_FREE = -4;
/** The first cell of a free run holds LINK − (the next run of its length + 1). */
const LINK = -5;
const MOST_EXACT = 1024;
const BINS = MOST_EXACT + 32;
/** Numbers go up to 2^31 − 8: a link must fit a cell. */
const MOST_NUMBERS = 2 ** 31 - 8;

/** The bin of a run: its length, or that of the power of two not above it. */
function binOf(length: number): number {
  return length <= MOST_EXACT ? length : MOST_EXACT - 9 + (31 - Math.clz32(length));
}

export class SlotNumbers {
  /** By number: what its user keeps there, any value above NUMBER_FREE. */
  cells: Int32Array;
  /** Numbers ever used: those from here on are free too. */
  private used: number;
  /** First number of the first run of each bin; −1: none. */
  private readonly heads: Int32Array;
  /** A bit for each bin that has a run. */
  private readonly filled: Int32Array;

  constructor(capacity: number) {
    this.cells = int32Column(Math.max(capacity, MOST_EXACT));
    this.used = 0;
    this.heads = new Int32Array(BINS).fill(-1);
    this.filled = new Int32Array((BINS + 31) >>> 5);
  }

  /** One number. */
  one(): number {
    const { cells, heads } = this;
    const first = heads[1]!;
    if (first < 0) return this.run(1);
    const after = LINK - cells[first]! - 1;
    heads[1] = after;
    if (after < 0) this.filled[0]! &= ~2;
    cells[first] = NUMBER_FREE;
    return first;
  }

  /** `n` numbers in a row: the first. */
  run(n: number): number {
    const bin = this.binFrom(n <= MOST_EXACT ? n : this.longBin(n));
    if (bin < 0) return this.fresh(n);
    const base = this.takeHead(bin);
    const length = bin <= MOST_EXACT ? bin : this.lengthOf(base);
    this.cells[base] = NUMBER_FREE;
    if (bin > MOST_EXACT) this.cells[base + 1] = NUMBER_FREE;
    if (length > n) this.put(base + n, length - n);
    return base;
  }

  /** The bin of `n` where the run it would give first is long enough; else the next, in which every run is. */
  private longBin(n: number): number {
    const bin = binOf(n);
    const first = this.heads[bin]!;
    return first >= 0 && this.lengthOf(first) >= n ? bin : bin + 1;
  }

  private fresh(n: number): number {
    const base = this.used;
    this.used += n;
    if (this.used > this.cells.length) this.grow();
    this.cells.fill(NUMBER_FREE, base, base + n);
    return base;
  }

  private grow(): void {
    if (this.used > MOST_NUMBERS)
      throw new InputError(`pages of a workload: at most ${MOST_NUMBERS} at a time: got ${this.used}`);
    const wide = int32Column(Math.min(MOST_NUMBERS, Math.max(2 * this.cells.length, this.used)));
    wide.set(this.cells);
    this.cells = wide;
  }

  /** The first bin from `bin` on that has a run, or −1. */
  private binFrom(bin: number): number {
    const { filled } = this;
    let word = bin >>> 5;
    let bits = word < filled.length ? filled[word]! & (-1 << (bin & 31)) : 0;
    while (bits === 0) {
      if (++word >= filled.length) return -1;
      bits = filled[word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  private takeHead(bin: number): number {
    const base = this.heads[bin]!;
    const after = LINK - this.cells[base]! - 1;
    this.heads[bin] = after;
    if (after < 0) this.filled[bin >>> 5]! &= ~(1 << (bin & 31));
    return base;
  }

  /** Length of a run longer than MOST_EXACT: it stands in its second cell. */
  private lengthOf(base: number): number {
    return LINK - this.cells[base + 1]!;
  }

  /** The numbers [base, base + n) are free from now on; their cells hold NUMBER_FREE, or what was there when they were taken. */
  give(base: number, n: number): void {
    if (n === 1) this.giveOne(base);
    else if (n > 0) this.put(base, n);
  }

  giveOne(number: number): void {
    this.cells[number] = LINK - (this.heads[1]! + 1);
    this.heads[1] = number;
    this.filled[0]! |= 2;
  }

  private put(base: number, n: number): void {
    const bin = binOf(n);
    this.cells[base] = LINK - (this.heads[bin]! + 1);
    if (bin > MOST_EXACT) this.cells[base + 1] = LINK - n;
    this.heads[bin] = base;
    this.filled[bin >>> 5]! |= 1 << (bin & 31);
  }
}
