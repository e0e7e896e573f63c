/** Plans of experiments: one run, a comparison, a sweep, and a machine led step by step. All are checked as plans from strangers are. */
import { z } from "zod";
import { compareHere } from "../experiment/compare";
import { parseComparison, sweepIn } from "../experiment/experiment-file";
import { readPlanInputs } from "../experiment/plan-inputs";
import { run } from "../experiment/run";
import { parsePlan } from "../experiment/schema";
import { fields, PLAN_LIMITS, size, whole } from "../experiment/schema-fields";
import { machineSchema, systemSchema } from "../experiment/schema-machine";
import { fieldPath, parseWith } from "../experiment/schema-read";
import { workloadSchema } from "../experiment/schema-workload";
import { parseScorecard, runScorecard } from "../experiment/scorecard-plan";
import { FILL_KINDS, PASS_MS_MAX, runSteps, type StepPlan } from "../experiment/steps";
import { sweepHere } from "../experiment/sweep-table";
import type { PlanKind } from "./plan-kind";

/** `Plan` in, `Outcome` out. */
export const EXPERIMENT_PLAN: PlanKind = {
  name: "experiment",
  matches: (plan) => Object.hasOwn(plan, "strategy") && Object.hasOwn(plan, "request"),
  run(plan) {
    const { kind: _kind, ...rest } = plan;
    const checked = parsePlan(rest);
    return run(checked, readPlanInputs(checked));
  },
};

/** `ComparisonSpec` in, `Comparison` out. */
export const COMPARISON_PLAN: PlanKind = {
  name: "comparison",
  matches: (plan) => Object.hasOwn(plan, "strategies") && Object.hasOwn(plan, "request"),
  run(plan) {
    const { kind: _kind, scenario, ...rest } = plan;
    return compareHere(typeof scenario === "string" ? scenario : "comparison", parseComparison(rest));
  },
};

/** `ScorecardPlan` in, `Scorecard` out. */
export const SCORECARD_PLAN: PlanKind = {
  name: "scorecard",
  matches: (plan) => Object.hasOwn(plan, "strategies") && Object.hasOwn(plan, "adapter"),
  run: (plan) => runScorecard(parseScorecard(plan)),
};

/** `SweepPlan` in, `SweepOutcome` out. */
export const SWEEP_PLAN: PlanKind = {
  name: "sweep",
  matches: (plan) => Object.hasOwn(plan, "plan") && Object.hasOwn(plan, "over"),
  run(plan) {
    const { kind: _kind, ...value } = plan;
    return sweepHere(sweepIn({ value, locate: fieldPath }));
  },
};

const share = z.number().min(0).max(1);
const seed = whole("seed", 0, PLAN_LIMITS.seed);
const step = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("fill"), kind: z.enum(FILL_KINDS), bytes: size("bytes", 1) }),
  z.strictObject({ do: z.literal("free"), share, seed }),
  z.strictObject({ do: z.literal("pin"), share, seed, kind: z.string().max(20), by: z.string().max(200) }),
  z.strictObject({ do: z.literal("run"), workload: workloadSchema, seed }),
  z.strictObject({ do: z.literal("start"), workload: workloadSchema, seed }),
  z.strictObject({ do: z.literal("pass"), ms: z.number().positive().max(PASS_MS_MAX) }),
  z.strictObject({
    do: z.literal("cmaAlloc"),
    bytes: size("bytes", 1),
    alignBytes: size("alignBytes", 1),
    area: whole("area", 0, 63),
    timeline: z.boolean().optional(),
  }),
  z.strictObject({
    do: z.literal("allocContigPages"),
    bytes: size("bytes", 1),
    timeline: z.boolean().optional(),
  }),
  z.strictObject({ do: z.literal("allocPages"), order: whole("order", 0, 30) }),
  z.strictObject({ do: z.literal("hugePages"), bytes: size("bytes", 1), count: whole("count", 0, 2 ** 31) }),
  z.strictObject({ do: z.literal("release"), step: whole("step", 0, 10_000) }),
  z.strictObject({ do: z.literal("compact") }),
  z.strictObject({ do: z.literal("dropCaches") }),
]);
const stepsSchema = fields("plan", {
  kind: z.literal("steps"),
  machine: machineSchema,
  system: systemSchema,
  steps: z.array(step).max(10_000, "steps: at most 10000"),
});

/** `StepPlan` in, `StepsOutcome` out. */
export const STEPS_PLAN: PlanKind = {
  name: "steps",
  matches: (plan) => Object.hasOwn(plan, "steps"),
  run: (plan) => runSteps(parseWith(stepsSchema, { kind: "steps", ...plan }) as StepPlan),
};
