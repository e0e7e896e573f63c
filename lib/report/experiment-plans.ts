/**
 * Runs plans of experiments: one run, a comparison, a scorecard, a sweep, where a statement is true, and a machine led step by
 * step.
 */
import { compareHere } from "../experiment/compare";
import { kernelsHere } from "../experiment/compare-kernels";
import { comparisonPlans } from "../experiment/comparison";
import { kernelsPlans } from "../experiment/kernels";
import { readPlanInputs } from "../experiment/plan-inputs";
import { stepsSeconds } from "../experiment/plan-time";
import { listed } from "../experiment/plans";
import { weightOf } from "../experiment/plans-weight";
import { robustHere, robustPlans } from "../experiment/robust";
import { run } from "../experiment/run";
import { runScorecard } from "../experiment/scorecard";
import { runSteps } from "../experiment/steps";
import { expandSweep } from "../experiment/sweep";
import { sweepHere } from "../experiment/sweep-table";
import { stepsBytes } from "../experiment/weight";
import { parseKernels } from "../plan/compare-kernels";
import { parseComparison } from "../plan/comparison";
import { parseRobust } from "../plan/robust";
import { parsePlan } from "../plan/run";
import { parseScorecard } from "../plan/scorecard";
import { parseSteps } from "../plan/steps";
import { parseSweep } from "../plan/sweep";
import type { PlanKind } from "./plan-kind";

/** `Plan` in, `Outcome` out. */
export const RUN_PLAN: PlanKind = {
  name: "run",
  matches: (plan) => Object.hasOwn(plan, "strategy") && Object.hasOwn(plan, "request"),
  run(plan) {
    const { kind: _kind, ...rest } = plan;
    const checked = parsePlan(rest);
    return run(checked, readPlanInputs(checked));
  },
  weigh: ({ kind: _kind, ...rest }) => weightOf(listed([parsePlan(rest)])),
};

/** `ComparisonSpec` in, `Comparison` out. */
export const COMPARISON_PLAN: PlanKind = {
  name: "comparison",
  matches: (plan) => Object.hasOwn(plan, "strategies") && Object.hasOwn(plan, "request"),
  run(plan, seen) {
    const { kind: _kind, scenario, ...rest } = plan;
    return compareHere(typeof scenario === "string" ? scenario : "comparison", parseComparison(rest), seen);
  },
  weigh: ({ kind: _kind, scenario: _scenario, ...rest }) => weightOf(comparisonPlans(parseComparison(rest))),
};

/** `KernelsSpec` in, `KernelsResult` out. */
export const KERNELS_PLAN: PlanKind = {
  name: "compare-kernels",
  matches: (plan) => Object.hasOwn(plan, "variants") && Object.hasOwn(plan, "request"),
  run: (plan, seen) => kernelsHere(parseKernels(plan), seen),
  weigh: (plan) => weightOf(kernelsPlans(parseKernels(plan))),
};

/** `ScorecardPlan` in, `Scorecard` out. */
export const SCORECARD_PLAN: PlanKind = {
  name: "scorecard",
  matches: (plan) => Object.hasOwn(plan, "strategies") && Object.hasOwn(plan, "adapter"),
  run: (plan, seen) => runScorecard(parseScorecard(plan), seen),
  weigh: (plan) => weightOf(comparisonPlans(parseScorecard(plan))),
};

/** `SweepPlan` in, `SweepOutcome` out. */
export const SWEEP_PLAN: PlanKind = {
  name: "sweep",
  matches: (plan) => Object.hasOwn(plan, "plan") && Object.hasOwn(plan, "over"),
  run: (plan, seen) => sweepHere(parseSweep(plan), seen),
  weigh: (plan) => weightOf(expandSweep(parseSweep(plan))),
};

/** `StepPlan` in, `StepsOutcome` out. */
export const STEPS_PLAN: PlanKind = {
  name: "steps",
  matches: (plan) => Object.hasOwn(plan, "steps"),
  run: (plan) => runSteps(parseSteps(plan)),
  weigh(plan) {
    const steps = parseSteps(plan);
    return { plans: 1, bytes: stepsBytes(steps), seconds: stepsSeconds(steps) };
  },
};

/** `RobustSpec` in, `RobustOutcome` out. The time budget of the plan does not count: its number of points does. */
export const ROBUST_PLAN: PlanKind = {
  name: "robust",
  matches: (plan) => Object.hasOwn(plan, "plan") && Object.hasOwn(plan, "statement"),
  run: (plan, seen) => robustHere(parseRobust(plan), seen),
  weigh: (plan) => weightOf(robustPlans(parseRobust(plan))),
};
