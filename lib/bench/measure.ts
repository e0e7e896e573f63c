/**
 * Measuring: a benchmark is run several times, each time beside a calibration loop, and told with its spread. Times of a
 * machine that others use are read as ratios: to the loop, or to a program that ran beside (against.ts).
 */
import { InputError } from "../base/errors";
import { peakRssBytes } from "../base/peak-rss";

/** What one run did. `hash` says that the same work was done. */
export interface Work {
  ops: number;
  failures: number;
  hash: number | string;
  /** Times of the run itself if they are not those of this process from beginning to end. */
  cpuNs?: number;
  wallNs?: number;
}

/** A run that is ready to be timed. */
export interface Prepared {
  run(): Work | Promise<Work>;
  /** Lets go of what preparing took. */
  close?(): void;
}

/** How large: as the table of docs/benchmarks.md has it, or small enough for a test. */
export type Size = "full" | "small";

export interface BenchSettings {
  size: Size;
  ops?: number | undefined;
  log2Pages?: number | undefined;
  /** A folder with a recording, for those that replay one. */
  recording?: string | undefined;
}

export interface Benchmark {
  /** What one operation is. */
  operation: string;
  /** Runs unless told otherwise: five of what takes seconds, one of what takes minutes. */
  runs: number;
  prepare(settings: BenchSettings): Prepared | Promise<Prepared>;
}

/** Of several runs; `first` is the cold one. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  first: number;
}

/** Plain JSON. CPU is user and system time of this process with its threads; the driver is included. */
export interface BenchResult {
  workload: string;
  operation: string;
  size: Size;
  runs: number;
  ops: number;
  /** Medians. */
  cpuNsPerOp: number;
  wallNsPerOp: number;
  cpuMs: Spread;
  wallMs: Spread;
  /** CPU time in that of calibrationNs() at the time, an operation. */
  calibrated: Spread;
  failures: number;
  hash: number | string;
  peakRssBytes: number;
  /** How much the process grew over what it was before the first run. */
  grownBytes: number;
}

export function spreadOf(values: readonly number[], digits = 3): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const round = (n: number) => Number(n.toPrecision(Math.max(digits + 1, 4)));
  return {
    median: round(median),
    min: round(sorted[0]!),
    max: round(sorted.at(-1)!),
    first: round(values[0]!),
  };
}

const CALIBRATION_WORDS = 1 << 20;
const CALIBRATION_OPS = 2_000_000;
let calibrationWords: Int32Array | undefined;

/** CPU nanoseconds of one step of a fixed loop: a random number, and a word of 4 MiB read and written at it. */
export function calibrationNs(): number {
  calibrationWords ??= new Int32Array(CALIBRATION_WORDS);
  const before = process.cpuUsage();
  calibrate(calibrationWords);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / CALIBRATION_OPS;
}

function calibrate(words: Int32Array): void {
  let x = 0x9e3779b9 | 0;
  for (let i = 0; i < CALIBRATION_OPS; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[x & (CALIBRATION_WORDS - 1)]! += x;
  }
}

interface Timed {
  work: Work;
  cpuNs: number;
  wallNs: number;
  calibration: number;
}

/** Both times of one run, which is prepared beforehand. */
async function timed(benchmark: Benchmark, settings: BenchSettings): Promise<Timed> {
  const prepared = await benchmark.prepare(settings);
  try {
    const calibration = calibrationNs();
    const cpu = process.cpuUsage();
    const wall = process.hrtime.bigint();
    const work = await prepared.run();
    const wallNs = Number(process.hrtime.bigint() - wall);
    const { user, system } = process.cpuUsage(cpu);
    return { work, cpuNs: work.cpuNs ?? (user + system) * 1000, wallNs: work.wallNs ?? wallNs, calibration };
  } finally {
    prepared.close?.();
  }
}

/** Runs a benchmark. `between` is called after every run with its CPU time an operation, as for a program beside it. */
export async function measure(
  name: string,
  benchmark: Benchmark,
  settings: BenchSettings,
  runs: number,
  between: (cpuNsPerOp: number) => void = () => {},
): Promise<BenchResult> {
  calibrationNs(); // compiled, and its memory taken, before anything counts
  const rssBefore = process.memoryUsage.rss();
  const all: Timed[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await timed(benchmark, settings);
    if (all.length > 0 && run.work.hash !== all[0]!.work.hash)
      throw new InputError(
        `bench ${name}: run ${i + 1} gave the hash ${run.work.hash}, the first ${all[0]!.work.hash}`,
      );
    all.push(run);
    between(run.cpuNs / run.work.ops);
  }
  const { ops, failures, hash } = all[0]!.work;
  const cpuMs = spreadOf(all.map((r) => r.cpuNs / 1e6));
  const wallMs = spreadOf(all.map((r) => r.wallNs / 1e6));
  const peak = peakRssBytes();
  return {
    workload: name,
    operation: benchmark.operation,
    size: settings.size,
    runs,
    ops,
    cpuNsPerOp: Number(((cpuMs.median * 1e6) / ops).toFixed(2)),
    wallNsPerOp: Number(((wallMs.median * 1e6) / ops).toFixed(2)),
    cpuMs,
    wallMs,
    calibrated: spreadOf(all.map((r) => r.cpuNs / r.work.ops / r.calibration)),
    failures,
    hash,
    peakRssBytes: peak,
    grownBytes: Math.max(0, peak - rssBefore),
  };
}
