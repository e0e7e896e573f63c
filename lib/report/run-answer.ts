/** What running a stored plan gave, here and in a page by the same code. */
import { lineOf } from "../base/line-of";
import type { RunText } from "../experiment/run-text";
import { isOutcome, readRun } from "../experiment/run-text";
import { runPlan } from "./plan-kinds";

/** Runs inside of a result that gave no outcome, by their reasons. */
export interface Unrun {
  /** No outcome for a reason of this place: too little memory, or a fault of ours. Elsewhere the result may be another one. */
  broken?: string;
  /** Refused plans, the same everywhere; each reason once. */
  refused: string[];
}

/** The result as plain JSON, or one line that says why there is none. */
export type RunAnswer = { result: unknown; unrun?: Unrun } | { failed: string };

/** Reasons that are kept of one result. */
const REASONS_MOST = 100;

/** Runs a plan; never throws. `refuse` looks at the plan first. */
export async function answerTo(
  plan: unknown,
  refuse: (plan: unknown) => void = () => {},
): Promise<RunAnswer> {
  const refused = new Set<string>();
  let broken: string | undefined;
  const seen = ({ text, state }: RunText) => {
    if (state === "ok") return;
    const run = readRun(text);
    if (isOutcome(run)) return;
    if (state === "broken") broken ??= run.error;
    else if (refused.size < REASONS_MOST) refused.add(run.error);
  };
  try {
    refuse(plan);
    const result = await runPlan(plan, seen);
    if (broken === undefined && refused.size === 0) return { result };
    return { result, unrun: { refused: [...refused], ...(broken !== undefined && { broken }) } };
  } catch (error) {
    return { failed: lineOf(error) };
  }
}
