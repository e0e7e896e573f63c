/** What a local worker does: plans in, texts out. Loaded by Piscina in a thread of its own. */
import type { Plan } from "./plan";
import { type RunText, runAllToText } from "./run-text";

/** Some plans to run one after the other. */
export interface Batch {
  plans: Plan[];
}

/** Texts in the order of the plans, and the milliseconds they took. */
export interface BatchDone {
  texts: RunText[];
  ms: number;
}

export default function runBatch({ plans }: Batch): BatchDone {
  const started = performance.now();
  const texts = runAllToText(plans);
  return { texts, ms: performance.now() - started };
}
