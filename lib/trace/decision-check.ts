/**
 * Compares recorded with predicted decisions, one by one in order: the values and the choice of the half rule (`H`),
 * and every page that returned from a per-CPU list (`D`).
 */
import type { TracePoints } from "../mm/state/trace-points";

/** A queue of rows of `width` numbers. */
class Rows {
  private values: Float64Array;
  private from = 0;
  private to = 0;

  constructor(private readonly width: number) {
    this.values = new Float64Array(width << 10);
  }

  get length(): number {
    return (this.to - this.from) / this.width;
  }

  /** Reserves room for one more row; returns where to write it. */
  add(): number {
    const { width } = this;
    if (this.to + width > this.values.length) {
      const kept = this.values.subarray(this.from, this.to);
      const bigger = kept.length * 2 > this.values.length ? this.values.length * 2 : this.values.length;
      const next = new Float64Array(bigger);
      next.set(kept);
      this.values = next;
      this.to -= this.from;
      this.from = 0;
    }
    this.to += width;
    return this.to - width;
  }

  put(at: number, value: number): void {
    this.values[at] = value;
  }

  /** Index of the first row that equals `f`, or −1; with `firstOnly`, checks only the first row. */
  find(f: ArrayLike<number>, firstOnly: boolean): number {
    const { values, width } = this;
    for (let row = this.from; row < this.to; row += width) {
      let same = true;
      for (let k = 0; k < width && same; k++) same = values[row + k] === f[k];
      if (same) return (row - this.from) / width;
      if (firstOnly) return -1;
    }
    return -1;
  }

  drop(rows: number): void {
    this.from += rows * this.width;
    if (this.from === this.to) {
      this.from = 0;
      this.to = 0;
    }
  }

  front(k: number): number {
    return this.values[this.from + k]!;
  }
}

export class DecisionCheck {
  /** Recorded decisions of the half rule, and those that differ. */
  decisions = 0;
  wrongDecisions = 0;
  /** Recorded drained pages, and those that differ. */
  drained = 0;
  wrongDrained = 0;
  private readonly predictedHalf = new Rows(4);
  private readonly recordedHalf = new Rows(4);
  private readonly predictedDrains = new Rows(3);
  private readonly row = new Float64Array(4);
  /** Predicted decisions before the first recorded one. */
  private unheard = 0;

  /** The trace points that observe the model. */
  points(): TracePoints {
    const half = this.predictedHalf;
    const drains = this.predictedDrains;
    return {
      halfRule: (zone, nrFreeCma, nrFree, out) => {
        const at = half.add();
        half.put(at, zone);
        half.put(at + 1, nrFreeCma);
        half.put(at + 2, nrFree);
        half.put(at + 3, out);
      },
      pcpuDrain: (pfn, order, mt) => {
        const at = drains.add();
        drains.put(at, pfn);
        drains.put(at + 1, order);
        drains.put(at + 2, mt);
      },
    };
  }

  /** An `H` record: its allocation follows, in the trace and in the model. */
  recordHalf(f: Float64Array): void {
    this.decisions++;
    const at = this.recordedHalf.add();
    for (let k = 0; k < 4; k++) this.recordedHalf.put(at + k, f[k]!);
  }

  /** After an allocation: the decisions on both sides must be the same. */
  settleHalf(): void {
    const predicted = this.predictedHalf;
    const recorded = this.recordedHalf;
    // Not every recording has them: what was predicted before the first one is wrong only if one comes.
    if (this.decisions === 0) {
      this.unheard += predicted.length;
      predicted.drop(predicted.length);
      return;
    }
    this.wrongDecisions += this.unheard;
    this.unheard = 0;
    while (recorded.length > 0 || predicted.length > 0) {
      for (let k = 0; k < 4; k++) this.row[k] = recorded.length > 0 ? recorded.front(k) : -1;
      if (predicted.find(this.row, true) < 0) this.wrongDecisions++;
      if (predicted.length > 0) predicted.drop(1);
      if (recorded.length > 0) recorded.drop(1);
    }
  }

  /**
   * A `D` record: the model drained at the free itself; frees of a batch may come in between. Predictions before the
   * page recorded now that were not recorded are wrong.
   */
  recordDrain(f: Float64Array): void {
    this.drained++;
    const at = this.predictedDrains.find(f, false);
    if (at < 0) this.wrongDrained++;
    else {
      this.wrongDrained += at;
      this.predictedDrains.drop(at + 1);
    }
  }

  /** The end of the trace: every predicted drain must have been recorded. */
  settleDrains(): void {
    this.wrongDrained += this.predictedDrains.length;
    this.predictedDrains.drop(this.predictedDrains.length);
  }
}
