/** The answer of a live figure at a choice of its knobs: here, and in a page, by the same code. */
import type { Figure, Run } from "../../chart/figure";
import { runOf } from "../../chart/run";
import { runPlan } from "../plan-kinds";
import { type LiveFigure, turnedPlan } from "./live-figure";
import { viewNamed } from "./views";

/** The run, and what its view says of it. */
export interface Computed {
  run: Run;
  sentences: string[];
  figure: Figure;
}

/**
 * Runs the plan with the values of `choice`. `refuse` looks at the plan first. Throws InputError for a plan that cannot be run; its
 * message is the answer that a reader sees.
 */
export async function computed(
  live: LiveFigure,
  choice: readonly unknown[],
  refuse: (plan: unknown) => void = () => {},
): Promise<Computed> {
  const view = viewNamed(live.view);
  const turned = turnedPlan(live, choice);
  refuse(turned);
  const plan = view.parse(turned);
  const run = runOf(plan, await runPlan(plan));
  const { sentences, figure } = view.of(plan, run.result);
  return { run, sentences, figure: { ...figure, runs: [run] } };
}
