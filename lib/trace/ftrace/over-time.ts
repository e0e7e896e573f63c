/** Sums over time in a fixed number of steps whose width doubles as the trace goes on, so that any length of trace takes the same room. */

const STEPS = 60;
const FIRST_WIDTH = 1e-6;

/** Columns of sums over time. */
export interface TimeColumns {
  /** Seconds of the trace's clock at which the first step begins; null without times. */
  fromSeconds: number | null;
  /** Width of a step in seconds. */
  stepSeconds: number;
  /** By name: the sum in each step. */
  sums: Readonly<Record<string, number[]>>;
}

/** Adds up what happens in each step of time. */
export class OverTime {
  private from = Number.NaN;
  private width = FIRST_WIDTH;
  private last = 0;
  private readonly sums: number[][];
  private readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
    this.sums = names.map(() => new Array<number>(STEPS).fill(0));
  }

  /** A time before the first one counts in the first step. */
  add(name: number, seconds: number, amount: number): void {
    if (Number.isNaN(seconds)) return;
    if (Number.isNaN(this.from)) this.from = seconds;
    let step = Math.max(0, Math.floor((seconds - this.from) / this.width));
    while (step >= STEPS) {
      this.double();
      step = Math.floor((seconds - this.from) / this.width);
    }
    this.last = Math.max(this.last, step);
    this.sums[name]![step]! += amount;
  }

  private double(): void {
    this.width *= 2;
    this.last >>= 1;
    for (const sums of this.sums)
      for (let i = 0; i < STEPS; i++) sums[i] = i < STEPS / 2 ? sums[2 * i]! + sums[2 * i + 1]! : 0;
  }

  columns(): TimeColumns {
    const steps = Number.isNaN(this.from) ? 0 : this.last + 1;
    return {
      fromSeconds: Number.isNaN(this.from) ? null : this.from,
      stepSeconds: this.width,
      sums: Object.fromEntries(this.names.map((name, i) => [name, this.sums[i]!.slice(0, steps)])),
    };
  }
}
