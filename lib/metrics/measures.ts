/**
 * Measures of results: the share granted, times, and every metric by name, as estimates with intervals in the
 * requested unit. Charts take them directly.
 */
import { InputError, unknownName } from "../base/errors";
import type { Quantiles } from "../experiment/comparison";
import { type Interval, wilson } from "../experiment/statistics";
import { METRICS } from "../plan/metric-names";
import { shown } from "../schema/place";

/** One row's estimate; the interval holds the value. */
export interface Estimate {
  name: string;
  value: number;
  low: number;
  high: number;
  /** The data behind it: `37 of 64 requests`. */
  basis?: string;
}

/** The same for a value that may be missing: a strategy that is never granted has no latency. */
export interface MetricRow {
  name: string;
  value: number | null;
  low: number | null;
  high: number | null;
  /** The counts behind a share: `37 of 64`. */
  basis?: string;
}

/** A strategy of a comparison, or a point of a sweep. */
export interface MeasuredRow {
  name: string;
  runs: number;
  asked: number;
  granted: number;
  /** Null without a run. */
  successRate: Interval | null;
  /** The share with an interval over seeds; absent if the row has none. */
  successOverSeeds?: Interval;
  latencyNs: Quantiles | null;
  metrics: Readonly<Record<string, Interval>>;
}

/** The quantity measured: a name, or names whose values are added. */
export type MeasureOf = string | readonly string[];

/** A measure with its unit and its better direction; both have defaults. */
export interface Measure {
  of: MeasureOf;
  /** `%`, `MiB`, `ms`…; see {@link unitsOf}. */
  unit?: string;
  better?: "less" | "more";
  /** Draws on a logarithmic axis. */
  log?: boolean;
}

/** Factors by which a value in the base unit is divided. */
const UNITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  bytes: { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
  ns: { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 },
  ms: { ms: 1, s: 1e3, minutes: 6e4, hours: 3.6e6, days: 8.64e7 },
  ratio: { ratio: 1, "%": 0.01 },
  count: { count: 1 },
  pages: { pages: 1 },
};
/** The unit that charts use by default. */
const DRAWN: Readonly<Record<string, string>> = { bytes: "MiB", ns: "ms", ratio: "%" };

const LATENCIES = { latencyP50: "p50", latencyP95: "p95", latencyP99: "p99" } as const;

/** Shares of the huge pages that are requested when a run ends. */
const SHARES: Readonly<Record<string, readonly [granted: string, asked: string]>> = {
  probe2MiBShare: ["probe2MiBGranted", "probe2MiBAsked"],
  probeThpShare: ["probeThpGranted", "probeThpAsked"],
};
/** Memory that a strategy sets aside; 0 if the strategy does not report it. */
const NONE_WHERE_ABSENT: ReadonlySet<string> = new Set(["reservedBytes", "idleBytes", "roundingBytes"]);
const MORE_IS_BETTER =
  /^(success|freeBytes|.*blocksFree|free.*Pages|.*(Share|Granted)|thpAllocated|servedFromStock|longestRunBytes|fittingPageBytes)$/;

/**
 * Every name that a measure can have.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * metrics.measureNames().includes("idleBytes"); // => true
 * ```
 */
export function measureNames(): string[] {
  return ["success", ...Object.keys(LATENCIES), ...Object.keys(SHARES), ...Object.keys(METRICS)];
}

function baseUnit(name: string): string {
  if (name === "success" || name in SHARES) return "ratio";
  return name in LATENCIES ? "ns" : (METRICS[name]?.unit ?? probeUnit(name));
}

/** Figures of a workload's probes are named by it: `pressureOrder3P99Ns` (lib/workload/probe.ts). */
function probeUnit(name: string): string {
  if (name.endsWith("Ns")) return "ns";
  return name.endsWith("Share") ? "ratio" : "count";
}

/**
 * A measure with every default filled in. Without a unit, data are in the unit that the name states (bytes, ns, a
 * ratio), and figures in one that people read (MiB, ms, %). Throws InputError for an unknown name or unit, and for
 * names with different units.
 */
export function resolveMeasure(
  given: MeasureOf | Measure,
  known: readonly string[] = [],
  units: "base" | "drawn" = "base",
): Required<Measure> {
  const { of, ...rest } = isMeasure(given) ? given : { of: given };
  const names = namesOf(of, given);
  const all = [...measureNames(), ...known];
  for (const name of names) if (!all.includes(name)) throw unknownName("metric", name, all);
  const bases = new Set(names.map(baseUnit));
  if (bases.size !== 1)
    throw new InputError(`metric: what is added must have one unit: got ${names.join(" and ")}`);
  const base = [...bases][0]!;
  const unitsKnown = UNITS[base] ?? { [base]: 1 };
  const unit = rest.unit ?? (units === "drawn" ? DRAWN[base] : undefined) ?? base;
  if (typeof unit !== "string")
    throw new InputError(`metric ${names[0]}: unit must be text: got ${shown(unit)}`);
  if (!Object.hasOwn(unitsKnown, unit))
    throw unknownName(`metric ${names[0]}: unit`, unit, Object.keys(unitsKnown));
  const better = rest.better ?? (names.every((name) => MORE_IS_BETTER.test(name)) ? "more" : "less");
  return { of, unit, better, log: rest.log ?? false };
}

function isMeasure(given: MeasureOf | Measure): given is Measure {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

/** The names that are added. `given` is the whole, for the error message. */
function namesOf(of: MeasureOf, given: MeasureOf | Measure): readonly string[] {
  const names = typeof of === "string" ? [of] : of;
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string"))
    return names;
  throw new InputError(
    `metric: must be a name such as "idleBytes", a list of names, or { of, unit }: got ${shown(given)}`,
  );
}

/**
 * Units that a measure can be had in, the base unit first.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * metrics.unitsOf("idleBytes")[0]; // => "bytes"
 * ```
 */
export function unitsOf(name: string): string[] {
  return Object.keys(UNITS[baseUnit(name)] ?? { [baseUnit(name)]: 1 });
}

/** Metrics of runs that measures are computed from. */
export function metricsBehind(measures: readonly Required<Measure>[]): string[] {
  const names = measures.flatMap(({ of }) => of).flatMap((name) => SHARES[name] ?? [name]);
  return [...new Set(names)];
}

/** `idleBytes + roundingBytes (MiB)`: the default axis title. */
export function measureTitle({ of, unit }: Required<Measure>): string {
  const name = typeof of === "string" ? of : of.join(" + ");
  return `${name === "success" ? "granted" : name}${unit === "count" ? "" : ` (${unit})`}`;
}

function baseValue(row: MeasuredRow, name: string): Interval | null {
  if (name === "success") return row.successRate;
  if (name in LATENCIES) {
    const ns = row.latencyNs?.[LATENCIES[name as keyof typeof LATENCIES]];
    return ns === undefined ? null : { low: ns, mid: ns, high: ns };
  }
  const share = SHARES[name];
  if (share !== undefined) {
    const [got, of] = [row.metrics[share[0]], row.metrics[share[1]]];
    if (got === undefined || of === undefined || of.mid === 0) return null;
    return { low: got.low / of.mid, mid: got.mid / of.mid, high: got.high / of.mid };
  }
  const found = row.metrics[name];
  if (found === undefined && NONE_WHERE_ABSENT.has(name) && row.runs > 0) return { low: 0, mid: 0, high: 0 };
  return found ?? null;
}

/** The measure of a row in its unit; a sum's interval is the sum of the intervals. Null if there is none. */
export function measured(row: MeasuredRow, measure: Required<Measure>): Interval | null {
  const names = typeof measure.of === "string" ? [measure.of] : measure.of;
  const factor = UNITS[baseUnit(names[0]!)]?.[measure.unit] ?? 1;
  const sum = { low: 0, mid: 0, high: 0 };
  for (const name of names) {
    const one = baseValue(row, name);
    if (one === null) return null;
    for (const key of ["low", "mid", "high"] as const)
      sum[key] += measure.unit === "%" ? 100 * one[key] : one[key] / factor;
  }
  return sum;
}

/** The counts behind a share; nothing for other measures. */
function basisOf(row: MeasuredRow, { of }: Required<Measure>): { basis?: string } {
  if (of === "success") return { basis: `${row.granted} of ${row.asked}` };
  const share = typeof of === "string" ? SHARES[of] : undefined;
  if (share === undefined) return {};
  const [got, asked] = share.map((name) => row.metrics[name]?.mid);
  return got === undefined || asked === undefined ? {} : { basis: `${got} of ${asked}` };
}

/** The measure of every row, in order. */
export function metricRows(rows: readonly MeasuredRow[], given: MeasureOf | Measure): MetricRow[] {
  const measure = resolveMeasure(
    given,
    rows.flatMap((row) => Object.keys(row.metrics)),
  );
  return rows.map((row) => {
    const found = measured(row, measure);
    return {
      name: row.name,
      value: found?.mid ?? null,
      low: found?.low ?? null,
      high: found?.high ?? null,
      ...basisOf(row, measure),
    };
  });
}

/** The measure of every row that has it. */
export function estimates(rows: readonly MeasuredRow[], given: MeasureOf | Measure): Estimate[] {
  return metricRows(rows, given).flatMap(({ name, value, low, high, basis }) =>
    value === null || low === null || high === null
      ? []
      : [{ name, value, low, high, ...(basis !== undefined && { basis }) }],
  );
}

/**
 * The sample of a share's interval: every request counts by itself, or the effective number follows from the spread
 * over seeds.
 */
export type Over = "requests" | "seeds";

/** Shares granted, 0 to 1; rows without a run are omitted. */
export function successRates(rows: readonly MeasuredRow[], over: Over = "requests"): Estimate[] {
  return rows.flatMap((row) => {
    const rate = over === "seeds" ? row.successOverSeeds : row.successRate;
    if (rate === undefined || rate === null || row.runs === 0) return [];
    const seeds = over === "seeds" ? `, ${row.runs} seeds` : "";
    const basis = `${row.granted} of ${row.asked} requests${seeds}`;
    return [{ name: row.name, value: rate.mid, low: rate.low, high: rate.high, basis }];
  });
}

/**
 * `granted` of `asked` as an estimate, with Wilson's interval.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * const share = metrics.shareOf("cma", 3, 4);
 * share.value; // => 0.75
 * share.low < 0.75 && share.high > 0.75; // => true
 * ```
 */
export function shareOf(name: string, granted: number, asked: number, what = "requests"): Estimate {
  const { low, mid, high } = wilson(granted, asked);
  return { name, value: mid, low, high, basis: `${granted} of ${asked} ${what}` };
}

/** Points of a trade-off and both axes. */
export interface Frontier {
  points: { name: string; group: string; x: number; y: number; basis?: string }[];
  x: { better: "less" | "more"; log: boolean };
  y: { better: "less" | "more"; log: boolean };
  xTitle: string;
  yTitle: string;
}

/** Times of answers span decades: their axis is logarithmic unless the measure says otherwise. */
function spansTimes(of: MeasureOf, given: MeasureOf | Measure): boolean {
  const said = isMeasure(given) ? given.log : undefined;
  return said === undefined && namesOf(of, given).every((name) => baseUnit(name) === "ns");
}

/** Two measures against each other; rows that lack one of them are omitted. */
export function frontier(
  rows: readonly MeasuredRow[],
  given: { x: MeasureOf | Measure; y: MeasureOf | Measure },
): Frontier {
  const known = rows.flatMap((row) => Object.keys(row.metrics));
  const [x, y] = [resolveMeasure(given.x, known, "drawn"), resolveMeasure(given.y, known, "drawn")];
  const points = rows.flatMap((row) => {
    const [a, b] = [measured(row, x), measured(row, y)];
    const counts = { ...basisOf(row, x), ...basisOf(row, y) };
    return a === null || b === null
      ? []
      : [{ name: row.name, group: row.name, x: a.mid, y: b.mid, ...counts }];
  });
  const axis = (which: "x" | "y", { of, better, log }: Required<Measure>) => ({
    better,
    log: log || (spansTimes(of, given[which]) && points.every((point) => point[which] > 0)),
  });
  return { points, x: axis("x", x), y: axis("y", y), xTitle: measureTitle(x), yTitle: measureTitle(y) };
}
