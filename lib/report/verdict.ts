/** What is to be said of a stored result whose plan was run again, by the command line and by a page alike. */
import { canonicalJson } from "../base/canonical-json";
import type { Run } from "../chart/figure";
import { firstDifference } from "./first-difference";
import { inTodaysNames, isFormer, withoutHashAndWording } from "./former-results";
import type { RunAnswer, Unrun } from "./run-answer";
import { changedSha256 } from "./stored-results";

export interface Verdict {
  /** `changed`: plan or result no longer have the stored SHA-256, so the plan was not run. */
  verdict: "identical" | "differs" | "changed" | "cannot be run";
  /** The reason in words, unless identical. */
  why?: string;
  /** What an older version wrote under other names and so was not compared; the numbers were. Absent if nothing. */
  leftOut?: string[];
}

/** `answer`: what running the plan gave; undefined if it was not run, because the run no longer has its SHA-256. */
export function verdictOn(run: Run, answer: RunAnswer | undefined): Verdict {
  if (answer === undefined)
    return {
      verdict: "changed",
      why: `plan and result must have the SHA-256 they were stored with: they have ${changedSha256(run)}`,
    };
  if ("failed" in answer) return { verdict: "cannot be run", why: answer.failed };
  if (canonicalJson(answer.result) === canonicalJson(run.result)) return { verdict: "identical" };
  const renamed = inTodaysNames(run.result, answer.result);
  const { stored, leftOut } = isFormer(run.plan, run.result)
    ? withoutHashAndWording(renamed, answer.result)
    : { stored: renamed, leftOut: [] };
  if (canonicalJson(answer.result) === canonicalJson(stored))
    return { verdict: "identical", ...(leftOut.length > 0 && { leftOut }) };
  const reason = answer.unrun && newReason(answer.unrun, stored, answer.result);
  if (reason !== undefined) return { verdict: "cannot be run", why: reason.split("\n")[0]! };
  return { verdict: "differs", why: firstDifference(stored, answer.result) ?? "the order of keys" };
}

/**
 * Why a result that is made of many runs is another one: runs that could not be done here, or that are refused though the stored
 * result knows of no such refusal. Undefined if that is not the reason.
 */
function newReason({ broken, refused }: Unrun, stored: unknown, now: unknown): string | undefined {
  if (broken !== undefined) return broken;
  const [before, after] = [canonicalJson(stored), canonicalJson(now)];
  const isIn = (text: string, reason: string) => text.includes(JSON.stringify(reason));
  return refused.find((reason) => isIn(after, reason) && !isIn(before, reason));
}
