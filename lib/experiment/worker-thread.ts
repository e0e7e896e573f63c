/** A local worker: takes plans and returns texts. Piscina loads it in a thread. */
import type { Plan } from "./plan";
import { type RunText, runAllToText } from "./run-text";

/** Plans to run in order. */
export interface Batch {
  plans: Plan[];
}

/** Texts in the order of the plans, and their duration in milliseconds. */
export interface BatchDone {
  texts: RunText[];
  ms: number;
}

export default function runBatch({ plans }: Batch): BatchDone {
  const started = performance.now();
  const texts = runAllToText(plans);
  return { texts, ms: performance.now() - started };
}
