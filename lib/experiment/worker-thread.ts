/** A local worker: takes plans and returns texts. Piscina loads it in a thread. */
import { allowCode } from "../change/allowed";
import type { Plan } from "./plan";
import { type RunText, runAllToText } from "./run-text";

/** Plans to run in order. */
export interface Batch {
  plans: Plan[];
  /** SHA-256 of code in the plans that whoever sends them may run. */
  allowed: string[];
}

/** Texts in the order of the plans, and their duration in milliseconds. */
export interface BatchDone {
  texts: RunText[];
  ms: number;
}

export default function runBatch({ plans, allowed }: Batch): BatchDone {
  allowCode(...allowed);
  const started = performance.now();
  const texts = runAllToText(plans);
  return { texts, ms: performance.now() - started };
}
