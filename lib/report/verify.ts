/**
 * Checks that a write-up shows the results of its plans. It runs every plan again, alone, and compares the result; and
 * it compares all shown content with its stored SHA-256. It never executes the text of a cell.
 *
 * It does not detect a person who changes a chart and computes every SHA-256 of the file anew. The results themselves
 * cannot be forged that way.
 */
import { InputError } from "../base/errors";
import { checkSha256 } from "../change/allowed";
import { alteredCode, codeIn, otherAllowed, strangeCode } from "../change/code";
import { type JudgedPart, judgedPart } from "./judged-part";
import { planKindOf } from "./plan-kinds";
import { RUN_LIMITS, type RunLimits, runAgain } from "./run-again";
import { changedSha256 } from "./stored-results";
import { readStoredWriteUp } from "./stored-write-up";
import { type Verdict, verdictOn } from "./verdict";

export interface VerifiedResult extends Verdict {
  /** As stored. */
  sha256: string;
  /** Kind of the plan, or `unknown`. */
  kind: string;
  /** The cells that contain it, or the parts of a page that rest on it; empty if the write-up does not say. */
  places: string[];
}

export interface Verification {
  file: string;
  form: string;
  results: VerifiedResult[];
  /** Changes other than in the results and parts. */
  changes: string[];
  /** Figures, tables and sentences of a page that can verify itself, by the names and in the words that it has for them. */
  parts: (JudgedPart & { name: string })[];
  /** Other parts that were compared, in words. */
  compared: string[];
  /** SHA-256 of the changes whose code was run, because the caller allowed it. */
  code: string[];
  /** True if every result is identical and nothing was changed. */
  ok: boolean;
}

/**
 * Verifies a notebook (.ipynb) or a write-up (.html, .md, .pdf). Throws InputError for a file that cannot be verified, and for one
 * with the code of a change that `limits.allowCode` does not name or that is not the code its SHA-256 was taken of: then nothing of
 * the file is run.
 */
export async function verifyFile(file: string, limits: RunLimits = RUN_LIMITS): Promise<Verification> {
  const { form, runs, changes, compared, parts: stored } = readStoredWriteUp(file);
  const sound = runs.filter(({ run }) => changedSha256(run) === undefined);
  const plans = sound.map(({ run }) => run.plan);
  const allowed = new Set(limits.allowCode ?? []);
  for (const sha256 of allowed) checkSha256(sha256, "--allow-code");
  for (const one of codeIn(plans)) {
    const altered = alteredCode(one);
    if (altered !== null) throw new InputError(`${file}: ${altered}: nothing is run`);
  }
  const strange = strangeCode(plans, (sha256) => allowed.has(sha256));
  if (strange !== null)
    throw new InputError(
      `${file}: contains ${strange.words}: nothing is run${otherAllowed([...allowed])}; ` +
        `read the code, then verify with --allow-code ${strange.sha256.slice(0, 64)}`,
    );
  const code = codeIn(plans).map(({ sha256 }) => sha256);
  const answers = await runAgain(plans, limits);
  const answered = new Map(sound.map(({ run }, i) => [run, answers[i]]));
  const results = runs.map(({ run, places }): VerifiedResult => {
    return { sha256: run.sha256, kind: kindOf(run.plan), places, ...verdictOn(run, answered.get(run)) };
  });
  const parts = stored.map(({ name, runs: rests, asMade }) => ({
    name,
    ...judgedPart(asMade, rests, results),
  }));
  const ok =
    changes.length === 0 &&
    results.every((result) => result.verdict === "identical") &&
    parts.every(({ state }) => state === "same");
  return { file, form, results, changes, parts, compared, code, ok };
}

function kindOf(plan: unknown): string {
  try {
    return planKindOf(plan).name;
  } catch {
    return "unknown";
  }
}
