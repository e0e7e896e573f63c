/** A sweep in words and columns, a line for each combination of its parameters, for terminals and notebooks. */
import { codeIn } from "../change/code";
import { changeNotes, changeWords } from "../machine/change-field";
import type { SweepSpec } from "./sweep";
import type { SweepOutcome, SweepPoint } from "./sweep-table";
import { shareText, timeText } from "./texts";

/** Most rows shown in a table; further rows are only counted. */
export const SWEEP_ROWS = 60;

/** A line for every change in the plan, in its machine or among the values of a parameter. */
export function sweepChangeNotes({ plan, over }: SweepSpec): string[] {
  const varied = codeIn(over).map(
    (change) => `With the ${changeWords(change)} the kernel is no released kernel.`,
  );
  return varied.length > 0 ? varied : changeNotes(plan.machine);
}

/** Columns behind those of the parameters. */
export const SWEEP_HEAD = ["runs", "asked", "granted", "granted %, 95 % interval", "p50", "p95", "p99"];

/** `12 runs over memory and size`. */
export function sweepTitle({ plans, failed, parameters }: SweepOutcome): string {
  const over = parameters.length === 0 ? "" : ` over ${parameters.join(" and ")}`;
  return `${plans} runs${over}${failed > 0 ? `, ${failed} without outcome` : ""}`;
}

/** Cells of a combination: its values, then those of SWEEP_HEAD. Times are modelled. */
export function sweepCells({
  values,
  runs,
  asked,
  granted,
  successRate,
  latencyNs: l,
}: SweepPoint): string[] {
  return [
    ...values.map(String),
    ...[runs, asked, granted].map(String),
    successRate === null ? "no outcome" : shareText(successRate),
    ...[l?.p50, l?.p95, l?.p99].map(timeText),
  ];
}
