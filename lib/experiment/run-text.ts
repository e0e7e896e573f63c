/**
 * A run as text: what workers send back, stores keep and hashes are taken of. An outcome's canonical JSON, or — for a plan that
 * could not be run — `{"error": …, "plan": …}`. Equal plans give equal texts wherever they ran.
 */
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import type { Outcome, Plan } from "./plan";
import { planHash } from "./plan";
import { run } from "./run";

/** One finished plan. */
export interface RunText {
  /** Canonical JSON. */
  text: string;
  /**
   * `ok`; `refused`: the plan itself cannot be run (an InputError, the same every time); `broken`: an error of ours, or a worker that
   * died — it is reported and not kept.
   */
  state: "ok" | "refused" | "broken";
}

/** Runs a plan; never throws. */
export function runToText(plan: Plan): RunText {
  try {
    return { text: canonicalJson(run(plan)), state: "ok" };
  } catch (error) {
    if (error instanceof InputError) return failedRun(planHash(plan), error.message, "refused");
    const { stack, message } = error as Error;
    const where = /\n\s+at (.*)/
      .exec(stack ?? "")?.[1]
      ?.replace(/\(?(?:[^\s(]*[\\/])?([^\\/]+:\d+):\d+\)?/, "$1");
    return failedRun(
      planHash(plan),
      `internal error: ${message}${where === undefined ? "" : ` (${where})`}`,
      "broken",
    );
  }
}

/** The text of a plan that gave no outcome. */
export function failedRun(plan: string, error: string, state: "refused" | "broken"): RunText {
  return { text: canonicalJson({ error, plan }), state };
}

/** What a text says. */
export function readRun(text: string): Outcome | { plan: string; error: string } {
  return JSON.parse(text) as Outcome | { plan: string; error: string };
}

export function isOutcome(read: Outcome | { plan: string; error: string }): read is Outcome {
  return !("error" in read);
}
