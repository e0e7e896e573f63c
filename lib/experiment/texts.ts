/** A comparison in words and columns, for terminals and for readers of a notebook without pictures. */
import { largestOf, leastOf } from "../base/extremes";
import type { Comparison, StrategyRow } from "./comparison";
import type { Interval } from "./statistics";

const percent = (share: number) => (100 * share).toFixed(1);

/** `97.5 (94.1 to 99.0)`: percent with the 95 % interval. */
export function shareText({ low, mid, high }: Interval): string {
  return `${percent(mid)} (${percent(low)} to ${percent(high)})`;
}

/** `27 of 32`: what a strategy was granted, by its label. */
export function grantedText(
  strategies: readonly Pick<StrategyRow, "name" | "granted" | "asked">[],
  name: string,
): string {
  const row = strategies.find((one) => one.name === name);
  return row === undefined ? "0 of 0" : `${row.granted} of ${row.asked}`;
}

/** Nanoseconds as µs, ms or s with three digits, or a dash. */
export function timeText(ns: number | undefined): string {
  if (ns === undefined) return "–";
  const us = ns / 1000;
  if (us >= 1e6) return `${Number((us / 1e6).toPrecision(3))} s`;
  if (us >= 1000) return `${Number((us / 1000).toPrecision(3))} ms`;
  return `${Number(us.toPrecision(3))} µs`;
}

export const COMPARISON_HEAD = [
  "strategy",
  "granted",
  "granted %, 95 % interval",
  "p50",
  "p95",
  "p99",
  "stalls",
];

/** Cells of a strategy's line under COMPARISON_HEAD. Times are modelled. */
export function comparisonCells(row: StrategyRow): string[] {
  const { latencyNs: l, stalls } = row;
  if (row.runs === 0) return [row.name, "–", "cannot be had", "–", "–", "–", "–"];
  const stalled = (stalls.reclaim?.mid ?? 0) + (stalls.compaction?.mid ?? 0);
  return [
    row.name,
    `${row.granted} of ${row.asked}`,
    shareText(row.successRate),
    ...[l?.p50, l?.p95, l?.p99].map(timeText),
    String(stalled),
  ];
}

/** Up to this many pairs get a verdict each; with more, pairs with the same verdict share a line. */
const PAIRS_TOLD = 6;

/**
 * Notes below the table: which strategies the seeds tell apart, and why a strategy is unavailable. The result holds
 * the verdict of every pair.
 */
export function comparisonNotes(comparison: Comparison): string[] {
  const { strategies, pairs } = comparison;
  const counts = ({ a, b }: { a: string; b: string }) =>
    `${a} ${grantedText(strategies, a)}, ${b} ${grantedText(strategies, b)}`;
  const notes =
    pairs.length <= PAIRS_TOLD
      ? pairs.map((p) => `${p.verdict}: ${counts(p)}.`)
      : verdictsTogether(comparison);
  for (const row of strategies)
    if (row.failedRuns > 0)
      notes.push(`${row.name}: ${row.failedRuns} runs gave no outcome: ${row.remarks.at(-1)}`);
  return notes;
}

/** The verdicts of many pairs in a few lines. */
function verdictsTogether({ seeds, pairs }: Comparison): string[] {
  const notes: string[] = [];
  const told = new Map<string, string[]>();
  for (const { a, b, decided, success } of pairs) {
    if (!decided) continue;
    const [more, less] = success.difference.mid > 0 ? [a, b] : [b, a];
    told.set(more, [...(told.get(more) ?? []), less]);
  }
  for (const [more, less] of told) notes.push(`${more} grants more than ${less.join(", ")}.`);
  const same = pairs.filter((p) => !p.decided && p.success.seedsNeeded === null);
  const groups: Set<string>[] = [];
  for (const { a, b } of same) {
    const group = groups.find((g) => g.has(a) || g.has(b));
    if (group === undefined) groups.push(new Set([a, b]));
    else group.add(a).add(b);
  }
  notes.push(...openTogether(seeds, pairs, groups));
  for (const group of groups)
    notes.push(
      `${[...group].join(", ")} granted the same share on average: ${seeds} seeds do not tell them apart.`,
    );
  return notes;
}

const inOrder = (a: string, b: string): [string, string] => (b < a ? [b, a] : [a, b]);

/** Pairs that more seeds might tell apart; strategies with equal results share a line. */
function openTogether(seeds: number, pairs: Comparison["pairs"], groups: readonly Set<string>[]): string[] {
  const together = (name: string) => [...(groups.find((g) => g.has(name)) ?? [name])].join(", ");
  const keyOf = (a: string, b: string) => inOrder(together(a), together(b)).join(" | ");
  // If any pair of two groups is decided, the others get a line each.
  const mixed = new Set(pairs.filter((p) => p.decided).map(({ a, b }) => keyOf(a, b)));
  const needed = new Map<string, { a: string; b: string; seeds: number[] }>();
  for (const { a, b, decided, success } of pairs) {
    if (decided || success.seedsNeeded === null) continue;
    const grouped = !mixed.has(keyOf(a, b));
    const [one, other] = grouped ? inOrder(together(a), together(b)) : [a, b];
    const key = `${one} | ${other}`;
    const known = needed.get(key) ?? { a: one, b: other, seeds: [] };
    known.seeds.push(Math.max(success.seedsNeeded, seeds + 1));
    needed.set(key, known);
  }
  return [...needed.values()].map(({ a, b, seeds: enough }) => {
    const [least, most] = [leastOf(enough), largestOf(enough)];
    const about = least === most ? `${least}` : `${least} to ${most}`;
    return `${seeds} seeds do not suffice to tell ${a} from ${b} (about ${about} would, if the difference is what it seems).`;
  });
}

/** Scenario and seeds, so that a reader can run the same again. */
export function comparisonTitle({ scenario, seeds, firstSeed }: Comparison): string {
  return `${scenario}: ${seeds} seeds from ${firstSeed}, the same for every strategy; times are modelled`;
}
