/**
 * Looks at a comparison: each time it is run to its end, somebody sees a verdict. Whoever goes on with more seeds until it turns finds a
 * difference more often than in 5 % of cases, although there is none. The store keeps with how many seeds a comparison was seen.
 */
import { sha256Of } from "../base/canonical-json";
import type { KernelsSpec } from "../plan/compare-kernels";

/** A comparison seen with a number of seeds. */
export interface Look {
  /** The same for every number of seeds, whichever metrics are shown, and whether it is divided or not. */
  comparison: string;
  seeds: number;
}

/** What a run of this plan lets one see. */
export function lookOf({ seeds, metrics: _metrics, ablate: _ablate, ...same }: KernelsSpec): Look {
  return { comparison: sha256Of(same), seeds };
}

/** The note beside the verdicts. `earlier`: numbers of seeds, ascending. */
export function lookNotes(earlier: readonly number[]): string[] {
  if (earlier.length === 0) return [];
  const looks = earlier.length + 1;
  return [
    `Seen before with ${earlier.join(", ")} seeds (the store). p counts one look: after ${looks} looks a p below ${Number((0.05 / looks).toPrecision(2))} is as sure as one below 0.05 at the first. Decide on the number of seeds before.`,
  ];
}
