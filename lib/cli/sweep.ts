/** `pageblock sweep <plan>`: many plans on every core or on a cluster; results go into the store. */
import type { Command } from "commander";
import { runSweep } from "../experiment/compare";
import { expandSweep } from "../experiment/sweep";
import { type SweepOutcome, SweepTable } from "../experiment/sweep-table";
import { SWEEP_HEAD, SWEEP_ROWS, sweepCells, sweepChangeNotes } from "../experiment/sweep-text";
import { sweepIn } from "../plan/sweep";
import { isObject } from "../schema/check";
import { fieldPath } from "../schema/place";
import { readPlanFile } from "../schema/plan-file";
import { flagsIn, type GivenFlags, withPlanFlags } from "./plan-flags";
import { aligned, INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

export function register(program: Command): void {
  withPlanFlags(withRunningOptions(program.command("sweep")), "sweep")
    .description("run every plan of a sweep, except those already in the store")
    .argument("[plan]", "a sweep (plan, over, sample) or a plan, as JSON or YAML; flags replace its fields")
    .action(async (file: string | undefined, flags: RunningFlags & GivenFlags) => {
      const read = file === undefined ? { file: "plan", value: {}, locate: fieldPath } : readPlanFile(file);
      const alone = isObject(read.value) && !("plan" in read.value) && "machine" in read.value;
      const written = flagsIn("sweep", alone ? { ...read, value: { plan: read.value } } : read, flags);
      const spec = sweepIn(written);
      if (flags.printPlan === true) {
        process.stdout.write(`${JSON.stringify({ kind: "sweep", ...spec }, null, 2)}\n`);
        return;
      }
      const all = expandSweep(spec, written.locate);
      const table = new SweepTable(all);
      const { failures, cancelled, ...summary } = await running(flags, (options) =>
        runSweep(all, options, flags.json ? undefined : ({ text }) => table.take(text)),
      );
      if (cancelled) process.exitCode = INTERRUPTED_EXIT;
      for (const { index, error } of failures)
        process.stderr.write(`pageblock: plan ${index + 1} of ${summary.plans}: ${error}\n`);
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(cancelled ? { ...summary, cancelled } : summary)}\n`);
        return;
      }
      const { plans, run, fromStore, failed, seconds, resultsHash } = summary;
      if (resultsHash !== null)
        process.stdout.write(sweepText(table.result(resultsHash), flags.store, sweepChangeNotes(spec)));
      process.stdout.write(
        `${plans} plans: ${run} run in ${seconds.toFixed(1)} s, ${fromStore} from the store, ${failed} failed${cancelled ? "; cancelled: run the same command to continue" : ""}\n${resultsHash === null ? "" : `results ${resultsHash}\n`}`,
      );
    });
}

/** A line for each combination of the parameters; runs that differ only in the seed are one. */
function sweepText(outcome: SweepOutcome, store: string, notes: readonly string[]): string {
  const { points, pointsLeftOut, parameters } = outcome;
  const shown = points.slice(0, SWEEP_ROWS);
  const more = points.length - shown.length + pointsLeftOut;
  const kept = store === "none" ? "" : ": pageblock results has every run";
  return `${[
    aligned([[...parameters, ...SWEEP_HEAD], ...shown.map(sweepCells)]),
    ...(more > 0 ? [`${more} more combinations are not shown${kept}`] : []),
    ...notes,
    "times are modelled",
    "",
  ].join("\n")}\n`;
}
