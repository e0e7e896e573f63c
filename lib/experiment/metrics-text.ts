/** The figures of a run for people: each metric with its unit in digits that say something, and its tables. */
import { formatSize } from "../base/units";
import { METRICS } from "../plan/metric-names";
import type { Outcome } from "./plan";
import { timeText } from "./texts";

/** Digits of a size or a time that differ between machines or seeds anyway. */
const DIGITS = 3;
/** What `fittingPageBytes` says of memory in one piece: every page fits. */
const EVERY_PAGE = 2 ** 40;
/** Free blocks have a table of their own. */
const FREE_OF_ORDER = /^freeOrder(\d+)$/;
/** These too, and second names of a figure. */
const TOLD_ELSEWHERE = /^(freeOrder\d+|(mixed|unmovable)BlocksEnd)$/;
/** At most so many kinds of fallback are printed, the most frequent ones. */
const FALLBACKS_SHOWN = 20;

const rounded = (value: number) => Number(value.toPrecision(DIGITS));

const TIMES = [
  ["days", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

function durationText(ms: number): string {
  const [unit, factor] = TIMES.find(([, one]) => ms >= one) ?? ["ms", 1];
  return `${rounded(ms / factor)} ${unit}`;
}

/** Bytes exactly where they are a round size, otherwise in three digits. */
function bytesText(bytes: number): string {
  const exact = formatSize(bytes);
  if (/^\d{1,4} /.test(exact)) return exact;
  const [value, unit] = exact.split(" ") as [string, string];
  return `${rounded(Number(value))} ${unit}`;
}

/** Thousands apart, since a count may have ten digits: `3,789`. */
function countText(count: number): string {
  const value = Number.isInteger(count) ? count : rounded(count);
  return value.toLocaleString("en-US", { maximumFractionDigits: 20 });
}

/** `245 MiB`, `12.8 µs`, `41.9 %`, `3,789`, `1,773 pages`. */
export function metricText(name: string, value: number): string {
  if (name === "fittingPageBytes" && value >= EVERY_PAGE) return "any size";
  if (name === "firstByteAddress") return `0x${value.toString(16)}`;
  switch (METRICS[name]?.unit) {
    case "bytes":
      return bytesText(value);
    case "ns":
      return timeText(value);
    case "ms":
      return durationText(value);
    case "ratio":
      return `${rounded(100 * value)} %`;
    case "pages":
      return `${countText(value)} pages`;
    default:
      return countText(value);
  }
}

export const METRICS_HEAD = ["metric", "value", "what it is"];

/** Rows under METRICS_HEAD, in the order in which the names are listed. What has a table of its own is left out. */
export function metricRows({ metrics }: Outcome): string[][] {
  return Object.entries(METRICS)
    .filter(([name]) => Object.hasOwn(metrics, name) && !TOLD_ELSEWHERE.test(name))
    .map(([name, { meaning }]) => [name, metricText(name, metrics[name]!), meaning]);
}

const PROBE_HEAD = [
  "workload",
  "probe",
  "asked",
  "granted",
  "p50",
  "p95",
  "p99",
  "max",
  "refused p50",
  "p99",
];

/** What workloads measured of their own requests, a row for each probe; none if no workload has probes. */
export function probeRows({ probes = [] }: Outcome): string[][] {
  if (probes.length === 0) return [];
  return [
    PROBE_HEAD,
    ...probes.map(({ workload, name, asked, granted, grantedNs: got, refusedNs: not }) => [
      workload,
      name,
      countText(asked),
      countText(granted),
      ...[got?.p50Ns, got?.p95Ns, got?.p99Ns, got?.maxNs, not?.p50Ns, not?.p99Ns].map(timeText),
    ]),
  ];
}

/** Free blocks at the end by order, as a table of two rows; none unless the run recorded them. */
export function freeBlocksRows({ metrics }: Outcome): string[][] {
  const orders = Object.keys(metrics).flatMap((name) => {
    const order = FREE_OF_ORDER.exec(name)?.[1];
    return order === undefined ? [] : [Number(order)];
  });
  if (orders.length === 0) return [];
  orders.sort((a, b) => a - b);
  return [
    ["order", ...orders.map(String)],
    ["free blocks at the end", ...orders.map((order) => countText(metrics[`freeOrder${order}`]!))],
  ];
}

const FALLBACK_HEAD = ["request", "order", "served from", "order", "page block", "times"];

/** Fallbacks by kind, the most frequent first; none unless the run recorded some. */
export function fallbackRows({ recorded }: Outcome): { rows: string[][]; note: string | null } {
  const table = recorded?.fallbacks;
  if (table === undefined || table.count.length === 0) return { rows: [], note: null };
  const order = [...table.count.keys()].sort((a, b) => table.count[b]! - table.count[a]! || a - b);
  const shown = order.slice(0, FALLBACKS_SHOWN);
  const rows = shown.map((i) => [
    table.type[i]!,
    String(table.order[i]),
    table.fallbackType[i]!,
    String(table.fallbackOrder[i]),
    table.claimed[i] === 1 ? "claimed" : "keeps its type",
    countText(table.count[i]!),
  ]);
  const rest = order.slice(FALLBACKS_SHOWN).reduce((n, i) => n + table.count[i]!, 0);
  const kinds = order.length - shown.length;
  return {
    rows: [FALLBACK_HEAD, ...rows],
    note: kinds === 0 ? null : `${countText(rest)} more fallbacks of ${kinds} kinds: --json has all of them`,
  };
}

/** Requests of the workload above order 0, by order; none unless the run recorded some. */
export function orderRows({ recorded }: Outcome): string[][] {
  const orders = recorded?.orders;
  if (orders === undefined || orders.order.length === 0) return [];
  return [
    ["requests of the workload by order", ...orders.order.map(String)],
    ["asked", ...orders.asked.map(countText)],
    ["granted", ...orders.granted.map(countText)],
  ];
}
