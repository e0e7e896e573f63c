/**
 * The measure of docs/calibration.md: whether what was recorded lies inside the model's interval. A series is fitted to its first
 * half; every quantity at every time of the second half is predicted by the fitted workload, over seeds.
 */

import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { GiB } from "../base/units";
import { quantiles } from "../experiment/statistics";
import type { Fit } from "../workload/fit-series";
import { measureSample } from "./measure-sample";
import { type ModelMachine, modelRun } from "./model-run";
import { fitSeries } from "./moments";
import { BESIDE, MEASURE, type Quantities } from "./quantities";
import type { Sample } from "./sample";

/** The share of values that must lie inside, and the interval. */
export const PASS = 0.8;
const LOW = 0.05;
const HIGH = 0.95;
export const SEEDS_LEAST = 16;

/** One quantity at one time. */
export interface Prediction {
  sample: string;
  quantity: string;
  unit: "pages" | "share";
  recorded: number;
  /** The model's 5 %, 50 % and 95 % quantiles over seeds. */
  low: number;
  mid: number;
  high: number;
  inside: boolean;
  /** Whether it was predicted or is one of those that the fit has seen. */
  predicted: boolean;
  /** Whether the measure counts it: one of the six quantities. */
  counts: boolean;
}

export interface Agreement {
  fit: Fit;
  machine: ModelMachine["machine"];
  seeds: number;
  rows: Prediction[];
  /** Of the rows that are predicted and count. */
  inside: number;
  of: number;
}

export interface AgreementOptions {
  /** Default 16; seeds are 1 to so many. */
  seeds?: number;
  /** Default 6.18, or as the machine is known to run. */
  kernel?: string;
}

/** How many samples of a series are fitted: the first half, one more if their number is odd. */
export function halfOf(samples: number): number {
  return Math.ceil(samples / 2);
}

/** The plain machine of a series: a PC with so many whole GiB as hold its memory. */
export function machineLike(sample: Sample, kernel = "6.18"): ModelMachine["machine"] {
  const { memoryPages, pageSize } = measureSample(sample);
  const cpus = cpusOf(sample);
  if (pageSize !== 4096)
    return {
      board: "server-arm64",
      pageSize,
      memoryBytes: wholeGib(memoryPages * pageSize, 4),
      kernel,
      cpus,
    };
  return { board: "pc-x86-64", memoryBytes: wholeGib(memoryPages * pageSize, 1), kernel, cpus };
}

/** Processors of the sampled machine; without zoneinfo, one. */
function cpusOf({ zoneinfo = [] }: Sample): number {
  return largestOf([1, ...zoneinfo.map((zone) => zone.cpus)]);
}

/** MemTotal is what is left of memory after the kernel's own: one or two hundredths less. */
function wholeGib(bytes: number, least: number): number {
  return Math.max(least, Math.ceil((bytes * 1.005) / GiB)) * GiB;
}

/**
 * Fits the first half, predicts the second. Throws InputError for fewer than two samples or one without a time.
 * @example
 * ```ts
 * import { agreementOf, InputError } from "pageblock";
 *
 * try {
 *   agreementOf([]);
 * } catch (error) {
 *   error instanceof InputError; // => true
 * }
 * ```
 */
export function agreementOf(samples: readonly Sample[], options: AgreementOptions = {}): Agreement {
  const { seeds = SEEDS_LEAST, kernel } = options;
  if (samples.length < 2)
    throw new InputError(
      `fit: at least two samples are needed, one to fit and one to predict: got ${samples.length}`,
    );
  const without = samples.find((s) => s.uptime === undefined);
  if (without !== undefined)
    throw new InputError(`${without.name}: has no uptime, so that it cannot be predicted`);
  const fitted = halfOf(samples.length);
  const fit = fitSeries(samples.slice(0, fitted));
  const machine = machineLike(samples[0]!, kernel);
  const seconds = samples.map((s) => s.uptime!);
  const runs = Array.from({ length: seeds }, (_, i) =>
    modelRun({ machine, workload: fit.workload }, i + 1, seconds),
  );
  const rows = samples.flatMap((sample, at) =>
    compared(
      sample.name,
      measureSample(sample),
      runs.map((run) => run[at]!),
    ).map((row): Prediction => ({ ...row, predicted: at >= fitted })),
  );
  const counted = rows.filter((row) => row.predicted && row.counts);
  return {
    fit,
    machine,
    seeds,
    rows,
    inside: counted.filter((row) => row.inside).length,
    of: counted.length,
  };
}

/** What was recorded beside what the model has over seeds. */
export function compared(
  sample: string,
  recorded: Quantities,
  model: readonly Quantities[],
): Omit<Prediction, "predicted">[] {
  return [...MEASURE, ...BESIDE].flatMap(({ name, unit, of }) => {
    const value = of(recorded);
    const values = model.flatMap((q) => of(q) ?? []);
    if (value === undefined || values.length === 0) return [];
    const [low, mid, high] = quantiles(values, [LOW, 0.5, HIGH]) as [number, number, number];
    const counts = MEASURE.some((c) => c.name === name);
    return [
      {
        sample,
        quantity: name,
        unit,
        recorded: value,
        low,
        mid,
        high,
        inside: value >= low && value <= high,
        counts,
      },
    ];
  });
}
