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

/** Up to so many pairs are judged pair by pair; beyond, pairs that came out alike share a line. */
const PAIRS_TOLD = 6;

/**
 * What is said below the table: what the seeds tell apart and what not, and why a strategy could not be had. All verdicts stand in
 * the result, pair by pair.
 */
export function comparisonNotes(comparison: Comparison): string[] {
  const { strategies, pairs } = comparison;
  const notes = pairs.length <= PAIRS_TOLD ? pairs.map((p) => `${p.verdict}.`) : verdictsTogether(comparison);
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
  const open = pairs.filter((p) => !p.decided && p.success.seedsNeeded !== null);
  if (open.length > 0)
    notes.push(
      `${seeds} seeds do not suffice to tell apart ${open
        .map(
          ({ a, b, success }) => `${a} from ${b} (about ${Math.max(success.seedsNeeded!, seeds + 1)} would)`,
        )
        .join(", ")}, if the differences are what they seem.`,
    );
  const same = pairs.filter((p) => !p.decided && p.success.seedsNeeded === null);
  const groups: Set<string>[] = [];
  for (const { a, b } of same) {
    const group = groups.find((g) => g.has(a) || g.has(b));
    if (group === undefined) groups.push(new Set([a, b]));
    else group.add(a).add(b);
  }
  for (const group of groups)
    notes.push(
      `${[...group].join(", ")} granted the same share on average: ${seeds} seeds do not tell them apart.`,
    );
  return notes;
}

/** What runs under which names: so that a reader can ask for the same again. */
export function comparisonTitle({ scenario, seeds, firstSeed }: Comparison): string {
  return `${scenario}: ${seeds} seeds from ${firstSeed}, the same for every strategy; times are modelled`;
}
