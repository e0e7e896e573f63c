/**
 * A run as text, which workers send, stores keep, and hashes cover: the canonical JSON of an outcome or, for a plan
 * that could not be run, `{"error": …, "plan": …}`. Equal plans give equal texts on every computer.
 */
import { canonicalJson } from "../base/canonical-json";
import { errorOf, InputError, NoResult } from "../base/errors";
import { codeIn, refuseStrange } from "../change/code";
import type { Outcome, Plan } from "./plan";
import { planHash } from "./plan";
import { listed } from "./plans";
import { weightOf } from "./plans-weight";
import { run, runTogether, sharingKey } from "./run";
import { refuseLong } from "./weight";

/** One finished plan. */
export interface RunText {
  /** Canonical JSON. */
  text: string;
  /**
   * `ok`; `refused`: the plan cannot be run (an InputError, the same every time); `broken`: no result (a bug in pageblock, a
   * worker that died, or a NoResult such as code that may not run here). A broken run is reported and not kept.
   */
  state: "ok" | "refused" | "broken";
}

/** Runs a plan; never throws. */
export function runToText(plan: Plan): RunText {
  try {
    return textOf(run(plan));
  } catch (error) {
    return errorText(plan, error);
  }
}

/** Runs plans, those that may share a machine on one. Returns the texts of runToText(), in order. */
export function runAllToText(plans: readonly Plan[]): RunText[] {
  const groups = new Map<string, number[]>();
  plans.forEach((plan, i) => {
    const key = sharingKey(plan) ?? `${i}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  });
  const texts = new Array<RunText>(plans.length);
  for (const group of groups.values()) {
    const done = group.length === 1 ? [runToText(plans[group[0]!]!)] : together(group.map((i) => plans[i]!));
    group.forEach((i, at) => {
      texts[i] = done[at]!;
    });
  }
  return texts;
}

/**
 * The same for plans that become one result in this thread. Throws InputError if one has code that may not run here, or if all of
 * them are likely to take longer than may be taken here: a refusal of that kind is no result, since it ends once more is allowed.
 */
export function runAllHere(plans: readonly Plan[]): RunText[] {
  refuseLong(() => weightOf(listed(plans)).seconds);
  for (const { machine } of plans) for (const code of codeIn(machine)) refuseStrange(code);
  return runAllToText(plans);
}

/** Is given every run of a result that is computed in this thread. */
export type SeenRun = (run: RunText) => void;

/** True if two plans may run on the same machine. */
export function sharing(a: Plan, b: Plan): boolean {
  const key = sharingKey(a);
  return key !== null && key === sharingKey(b);
}

function together(plans: Plan[]): RunText[] {
  return runTogether(plans).map((o, i) => (o instanceof Error ? errorText(plans[i]!, o) : textOf(o)));
}

function textOf(outcome: Outcome): RunText {
  return { text: canonicalJson(outcome), state: "ok" };
}

function errorText(plan: Plan, error: unknown): RunText {
  if (error instanceof InputError)
    return failedRun(planHash(plan), error.message, error instanceof NoResult ? "broken" : "refused");
  const { stack, message } = errorOf(error);
  const where = /\n\s{1,20}at (.{0,500})/
    .exec(stack ?? "")?.[1]
    ?.replace(/\(?(?:[^\s(]*[\\/])?([^\\/]+:\d+):\d+\)?/, "$1");
  const told = `internal error: ${message}${where === undefined ? "" : ` (${where})`}`;
  return failedRun(planHash(plan), told, "broken");
}

/** The text of a plan without an outcome. */
export function failedRun(plan: string, error: string, state: "refused" | "broken"): RunText {
  return { text: canonicalJson({ error, plan }), state };
}

/** Parses the text of a run. */
export function readRun(text: string): Outcome | { plan: string; error: string } {
  return JSON.parse(text);
}

export function isOutcome(read: Outcome | { plan: string; error: string }): read is Outcome {
  return !("error" in read);
}
