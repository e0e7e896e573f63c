/** A comparison in words and columns, for terminals and for whoever reads a notebook without pictures. */
import type { Comparison, StrategyRow } from "./comparison";
import type { Interval } from "./statistics";

const percent = (share: number) => (100 * share).toFixed(1);

/** `97.5 (94.1 to 99.0)`: percent with the 95 % interval. */
export function shareText({ low, mid, high }: Interval): string {
  return `${percent(mid)} (${percent(low)} to ${percent(high)})`;
}

/** Microseconds with three digits, or a dash. */
export function microsecondsText(us: number | undefined): string {
  if (us === undefined) return "–";
  if (us >= 1000) return `${Number((us / 1000).toPrecision(3))} ms`;
  return `${Number(us.toPrecision(3))} µs`;
}

export const COMPARISON_HEAD = [
  "strategy",
  "asked",
  "granted",
  "granted %, 95 % interval",
  "p50",
  "p95",
  "p99",
  "stalls",
];

/** Cells of a strategy's line under COMPARISON_HEAD. Times are modelled. */
export function comparisonCells(row: StrategyRow): string[] {
  const { latencyUs: l, stalls } = row;
  if (row.runs === 0) return [row.name, "–", "–", "cannot be had", "–", "–", "–", "–"];
  const stalled = (stalls.reclaim?.mid ?? 0) + (stalls.compaction?.mid ?? 0);
  return [
    row.name,
    String(row.asked),
    String(row.granted),
    shareText(row.successRate),
    ...[l?.p50, l?.p95, l?.p99].map(microsecondsText),
    String(stalled),
  ];
}

/** What is said below the table: verdicts of pairs, and why a strategy could not be had. */
export function comparisonNotes({ strategies, pairs }: Comparison): string[] {
  const notes = pairs.map((p) => `${p.verdict}.`);
  for (const row of strategies)
    if (row.failedRuns > 0)
      notes.push(`${row.name}: ${row.failedRuns} runs gave no outcome: ${row.remarks.at(-1)}`);
  return notes;
}

/** What runs under which names: so that a reader can ask for the same again. */
export function comparisonTitle({ scenario, seeds, firstSeed }: Comparison): string {
  return `${scenario}: ${seeds} seeds from ${firstSeed}, the same for every strategy; times are modelled`;
}
