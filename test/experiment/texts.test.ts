/** What is said below a comparison: strategies that came out alike stand together, and no verdict is lost. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Comparison, StrategyPair } from "../../lib/experiment/comparison";
import { comparisonNotes, timeText } from "../../lib/experiment/texts";

const never = ["search", "pin", "pool"];
const always = ["boot", "area"];

function pair(a: string, b: string, seedsNeeded: number | null, decided = false, mid = -1): StrategyPair {
  const difference = { low: mid, mid, high: mid };
  const success = { difference, seedsNeeded } as StrategyPair["success"];
  return { a, b, success, latencyNs: null, verdict: `${a} ${b}`, decided };
}

const comparison = (between: (a: string, b: string) => StrategyPair) =>
  ({
    seeds: 4,
    strategies: [],
    pairs: [
      ...never.flatMap((a) => always.map((b) => between(a, b))),
      ...never.slice(1).map((b) => pair("search", b, null)),
      pair("boot", "area", null),
    ],
  }) as unknown as Comparison;

test("pairs that are open stand together by what came out alike, with the seeds that would do", () => {
  const notes = comparisonNotes(comparison((a, b) => pair(a, b, b === "area" ? 14 : 12)));
  assert.deepEqual(notes, [
    "4 seeds do not suffice to tell boot, area from search, pin, pool (about 12 to 14 would, if the difference is what it seems).",
    "search, pin, pool granted the same share on average: 4 seeds do not tell them apart.",
    "boot, area granted the same share on average: 4 seeds do not tell them apart.",
  ]);
});

test("where one pair of two groups is decided, the others are named", () => {
  const notes = comparisonNotes(
    comparison((a, b) => (a === "pin" && b === "boot" ? pair(a, b, null, true) : pair(a, b, 12))),
  );
  assert.ok(notes.includes("boot grants more than pin."));
  assert.ok(
    notes.some((n) => n.startsWith("4 seeds do not suffice to tell search from boot (about 12 would")),
  );
  assert.equal(notes.filter((n) => n.includes("do not suffice")).length, 5);
});

test("times are in the unit that leaves few digits", () => {
  assert.deepEqual([33_330, 33_329_400, 1_164_703_500, undefined].map(timeText), [
    "33.3 µs",
    "33.3 ms",
    "1.16 s",
    "–",
  ]);
});
