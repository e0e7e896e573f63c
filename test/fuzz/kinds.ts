/** Every kind of input that is fuzzed by its structure, and how a kind is run. */
import fc from "fast-check";
import type { FuzzKind } from "./kind";
import { LOGS } from "./logs";
import { NOTEBOOKS, PAGES } from "./notebooks";
import { PLANS } from "./plans";
import { SNAPSHOTS } from "./snapshots";
import { TRACES } from "./traces";

export const FUZZ_KINDS: readonly FuzzKind[] = [PLANS, SNAPSHOTS, TRACES, NOTEBOOKS, PAGES, LOGS];

export interface FuzzResult {
  runs: number;
  /** The smallest failing input, as a file, and what did not hold; undefined: all held. */
  failure?: { text: string; why: string };
}

/** Draws inputs from a seed until `runs` or `ms` are over. */
export async function fuzz(kind: FuzzKind, seed: number, runs: number, ms = 600_000): Promise<FuzzResult> {
  const property = fc.asyncProperty(kind.inputs, async (input) => kind.holds(input));
  const details = await fc.check(property, { seed, numRuns: runs, interruptAfterTimeLimit: ms });
  const { counterexample } = details;
  if (!details.failed || counterexample === null) return { runs: details.numRuns };
  const error = details.errorInstance;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { runs: details.numRuns, failure: { text: kind.text(counterexample[0]), why } };
}
