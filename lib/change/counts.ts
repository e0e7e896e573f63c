/** How often a change was asked, and how often it answered otherwise than the kernel would have. */
import type { PointName } from "./points";

/** Decisions of one machine, or of several: columns with one entry for each point that the change decides. */
export interface DecisionCounts {
  point: PointName[];
  /** Decisions that the change took. */
  asked: number[];
  /** Of these, those in which its answer was not the stock rule's. */
  otherwise: number[];
}

/** Whether two answers of a point are the same: words, numbers and truth values, and lists and records of them. */
export function sameAnswer(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && a[name as never] === b[name as never]);
}

/** The sums of counts of one change. */
export function summedCounts(all: readonly DecisionCounts[]): DecisionCounts {
  const sums: DecisionCounts = { point: [], asked: [], otherwise: [] };
  for (const counts of all)
    counts.point.forEach((point, i) => {
      let at = sums.point.indexOf(point);
      if (at < 0) {
        at = sums.point.push(point) - 1;
        sums.asked.push(0);
        sums.otherwise.push(0);
      }
      sums.asked[at]! += counts.asked[i]!;
      sums.otherwise[at]! += counts.otherwise[i]!;
    });
  return sums;
}

const times = (n: number) => `${n.toLocaleString("en")} ${n === 1 ? "time" : "times"}`;

/** `fallbackOrder: asked 3,412 times, answered otherwise than stock 118 times`, for each point. */
export function countTexts({ point, asked, otherwise }: DecisionCounts): string[] {
  return point.map(
    (name, i) =>
      `${name}: asked ${times(asked[i]!)}${asked[i] === 0 ? "" : `, answered otherwise than stock ${times(otherwise[i]!)}`}`,
  );
}

/** One sentence if the change, or a part of it, cannot have had an effect; null if every point decided something. */
export function idleText({ point, asked, otherwise }: DecisionCounts): string | null {
  const never = point.filter((_, i) => asked[i] === 0);
  if (never.length === point.length)
    return "The change was never asked, so it had no effect: these runs say nothing of it.";
  const same = point.filter((_, i) => asked[i]! > 0 && otherwise[i] === 0);
  if (never.length + same.length === point.length)
    return "The change never answered otherwise than the stock rule, so it had no effect: these runs say nothing of it.";
  const parts = [
    ...(never.length > 0 ? [`was never asked about ${never.join(", ")}`] : []),
    ...(same.length > 0 ? [`never answered otherwise than stock on ${same.join(", ")}`] : []),
  ];
  return parts.length === 0 ? null : `The change ${parts.join(" and ")}: that part of it had no effect.`;
}
