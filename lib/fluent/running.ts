/** Runs comparisons and sweeps from a script: shared options, progress in a cell, the stop button. */
import type { RunningOptions } from "../experiment/compare";
import { type Progress, progressText } from "../experiment/progress";
import type { RunSummary } from "../experiment/run-plans";
import { changingDisplay } from "../notebook/display";
import { Cancelled, cellSignal } from "./interrupt";

/**
 * Runs `work` with progress in the cell, and ends it if the cell is stopped. The progress line that stays in the
 * notebook states only the number of runs, so that two executions of a notebook are equal. Throws Cancelled if it was
 * stopped.
 */
export async function runInCell<T extends { summary: RunSummary }>(
  given: RunningOptions,
  total: number,
  work: (options: RunningOptions) => Promise<T>,
): Promise<T> {
  const show = given.onProgress === undefined ? changingDisplay() : undefined;
  const text = (line: string) => show?.({ "text/plain": line });
  const signal = cellSignal(given.signal);
  text(`0 of ${total} runs`);
  const done = await work({
    ...given,
    ...(signal !== undefined && { signal }),
    ...(show !== undefined && { onProgress: (p: Progress) => text(progressText(p)) }),
  });
  const { cancelled, run, fromStore, plans } = done.summary;
  text(cancelled ? `stopped after ${run + fromStore} of ${plans} runs` : `${plans} runs`);
  if (cancelled) throw new Cancelled(run + fromStore, plans);
  return done;
}
