/** Plans of recordings checked against the model: a recording of the repository by path and SHA-256. */
import { runRecordingPlan } from "../trace/recording-check";
import type { RecordingPlan } from "../trace/recording-statement";
import type { PlanKind } from "./plan-kind";

/** `RecordingPlan` in, `RecordingOutcome` out. Needs the repository; reads nothing but its recordings. */
export const RECORDING_PLAN: PlanKind = {
  name: "recording",
  matches: () => false,
  run: (plan) => runRecordingPlan(plan as unknown as RecordingPlan),
};
