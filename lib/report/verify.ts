/**
 * Does a write-up tell what its plans give? Every plan is run again, alone, and its result compared; and whatever is
 * shown is compared with the SHA-256 it was made with. No text of a cell is ever executed.
 *
 * What this cannot notice: somebody who changes a chart and computes every SHA-256 of the file anew. The results
 * themselves cannot be forged that way.
 */
import { canonicalJson } from "../base/canonical-json";
import type { Run } from "../chart/figure";
import { firstDifference } from "./first-difference";
import { inTodaysNames } from "./former-results";
import { planKindOf } from "./plan-kinds";
import { RUN_LIMITS, type RunAnswer, type RunLimits, runAgain } from "./run-again";
import { changedSha256 } from "./stored-results";
import { readStoredWriteUp } from "./stored-write-up";

export interface VerifiedResult {
  /** As stored. */
  sha256: string;
  /** Kind of the plan, or `unknown`. */
  kind: string;
  /** `changed`: plan or result no longer have the stored SHA-256; it is not run then. */
  verdict: "identical" | "differs" | "changed" | "cannot be run";
  /** In words, unless identical. */
  why?: string;
  /** Cells it stands in; empty where a write-up does not tell. */
  places: string[];
}

export interface Verification {
  file: string;
  form: string;
  results: VerifiedResult[];
  /** What was changed beside the results. */
  changes: string[];
  /** What else was compared, in words. */
  compared: string[];
  /** Every result identical and nothing changed. */
  ok: boolean;
}

/** Verifies a notebook (.ipynb) or a write-up (.html, .md, .pdf). Throws InputError for a file that cannot be verified. */
export async function verifyFile(file: string, limits: RunLimits = RUN_LIMITS): Promise<Verification> {
  const { form, runs, changes, compared } = readStoredWriteUp(file);
  const sound = runs.filter(({ run }) => changedSha256(run) === undefined);
  const answers = await runAgain(
    sound.map(({ run }) => run.plan),
    limits,
  );
  const answered = new Map(sound.map(({ run }, i) => [run, answers[i]]));
  const results = runs.map(({ run, places }): VerifiedResult => {
    return { sha256: run.sha256, kind: kindOf(run.plan), places, ...verdictOn(run, answered.get(run)) };
  });
  const ok = changes.length === 0 && results.every((result) => result.verdict === "identical");
  return { file, form, results, changes, compared, ok };
}

function verdictOn(run: Run, answer: RunAnswer | undefined): Pick<VerifiedResult, "verdict" | "why"> {
  if (answer === undefined)
    return {
      verdict: "changed",
      why: `plan and result must have the SHA-256 they were stored with: they have ${changedSha256(run)}`,
    };
  if ("failed" in answer) return { verdict: "cannot be run", why: answer.failed };
  if (canonicalJson(answer.result) === canonicalJson(run.result)) return { verdict: "identical" };
  const stored = inTodaysNames(run.result, answer.result);
  if (canonicalJson(answer.result) === canonicalJson(stored)) return { verdict: "identical" };
  return { verdict: "differs", why: firstDifference(stored, answer.result) ?? "the order of keys" };
}

function kindOf(plan: unknown): string {
  try {
    return planKindOf(plan).name;
  } catch {
    return "unknown";
  }
}
