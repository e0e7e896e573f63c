/** Computed prose: Markdown as the output of a cell, so that numbers in sentences come from the run. */
import type { Run } from "../chart/figure";
import { type Planned, runOf } from "../chart/run";
import { withResults } from "../report/runs";
import { DISPLAY } from "./display";
import type { Showable } from "./show";

export interface MarkdownOptions {
  /** The sources of the numbers in the text: machines, comparisons, sweeps, curves, recordings. */
  from?: readonly Planned[];
}

/**
 * Text that a notebook shows as Markdown and a terminal shows unchanged: `show(markdown("one **word**"))`. With
 * `from`, the output carries the current plans and results behind its numbers, which `pageblock verify` runs again.
 * @example
 * ```ts
 * import { markdown, show } from "pageblock";
 *
 * show(markdown("**20 of 20** requests were granted."));
 * ```
 */
export function markdown(text: string, { from = [] }: MarkdownOptions = {}): Showable {
  const runs = new Map<string, Run>();
  for (const one of from) {
    const run = runOf(one.plan, one.toJSON());
    runs.set(run.sha256, run);
  }
  return { [DISPLAY]: () => withResults({ "text/markdown": text, "text/plain": text }, [...runs.values()]) };
}
