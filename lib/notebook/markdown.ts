/** Computed prose: Markdown as the output of a cell, so that numbers in sentences come from the run. */
import type { Run } from "../chart/figure";
import { type Planned, runOf } from "../chart/run";
import { withResults } from "../report/runs";
import { DISPLAY } from "./display";
import type { Showable } from "./show";

export interface MarkdownOptions {
  /** What the numbers in the text were computed from: machines, comparisons, sweeps, curves, recordings. */
  from?: readonly Planned[];
}

/**
 * `text` shown as Markdown in a notebook, and as it is on a terminal: `show(markdown("one **word**"))`. With `from` the output
 * carries the plans and results that its numbers come from, as they are now, and `pageblock verify` runs them again.
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
