/** A scorecard in words and columns, for terminals. */
import { formatSize, roughSize } from "../base/units";
import type { FailureColumn, Scorecard, ScorecardRow } from "./scorecard";
import { shareText, timeText } from "./texts";

export const SCORECARD_HEAD = [
  "strategy",
  "granted",
  "granted %, 95 % interval",
  "p50",
  "idle",
  "adapter entries",
  "M ops/s",
  "CPU page",
  "ns/access",
  "huge pages left",
  "front",
];

/** Cells of a strategy's line under SCORECARD_HEAD. Times and rates are modelled. */
export function scorecardCells(row: ScorecardRow): string[] {
  const { adapter, cpu, takes } = row;
  const size = (bytes: number | null) => (bytes === null ? "–" : bytes === 0 ? "0" : roughSize(bytes));
  return [
    row.name,
    row.asked === 0 ? "–" : `${row.granted} of ${row.asked}`,
    row.asked === 0 ? "cannot be had" : shareText(row.successRate),
    timeText(row.latencyNs?.p50),
    size(row.idleBytes),
    adapter === null ? "–" : String(adapter.entries),
    adapter === null ? "–" : (adapter.operationsPerSecond / 1e6).toFixed(1),
    cpu === null ? "–" : formatSize(cpu.pageBytes),
    cpu === null ? "–" : nsText(cpu.nsPerAccess),
    hugePagesText(takes),
    row.pareto ? "*" : "",
  ];
}

/** `0` where every access hits the first level, whose time belongs to the access itself; a smaller time than is told is no 0. */
function nsText(ns: number): string {
  if (ns === 0) return "0";
  return ns < 0.005 ? "< 0.01" : ns.toFixed(2);
}

/** `28.5 of 256`: the pages still to be had, of those asked for; medians over seeds. */
function hugePagesText({ hugePagesLeft: left, hugePagesAsked: asked }: ScorecardRow["takes"]): string {
  if (left === null) return "–";
  return asked === null ? String(left) : `${left} of ${asked}`;
}

/** Notes below the table: the meaning of the front, and why strategies failed. */
export function scorecardNotes({ strategies, adapter, cpu, pattern }: Scorecard): string[] {
  const notes = [
    `adapter ${adapter}, CPU ${cpu}, accesses ${pattern}; *: no other strategy is as good in every column and better in one`,
  ];
  for (const { name, failures } of strategies)
    if (failures !== null) notes.push(`${name}: ${reasonsText(failures)}`);
  return notes;
}

/** The three most frequent reasons, each with the figures of the first failure that had it. */
function reasonsText({ reasons }: FailureColumn): string {
  return reasons
    .slice(0, 3)
    .map(({ first, count }) => `${first} (${count})`)
    .join("; ");
}
