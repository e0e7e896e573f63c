/** `pageblock sweep <plan>`: many plans on every core or on a cluster; results go into the store. */

import type { Command } from "commander";
import { aligned } from "../base/aligned";
import { InputError, told } from "../base/errors";
import { printableJson } from "../base/printable";
import type { Figure } from "../chart/figure";
import { runSweep } from "../experiment/compare";
import type { RunSummary } from "../experiment/run-plans";
import { expandSweep } from "../experiment/sweep";
import { type SweepOutcome, SweepTable } from "../experiment/sweep-table";
import { SWEEP_HEAD, SWEEP_ROWS, sweepCells, sweepChangeNotes } from "../experiment/sweep-text";
import { type SweepPlan, SweepResult } from "../fluent/sweep-result";
import { sweepIn } from "../plan/sweep";
import { isObject } from "../schema/check";
import { fieldPath } from "../schema/place";
import { readPlanFile } from "../schema/plan-file";
import { type ChartFlags, drawChart, withChartOption } from "./chart-file";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { flagsIn, type GivenFlags, withPlanFlags } from "./plan-flags";
import { INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

interface SweepFlags extends RunningFlags, GivenFlags, ChartFlags, DryRunFlags {
  json?: boolean;
}

export function register(program: Command): void {
  withPlanFlags(
    withChartOption(
      withDryRun(withRunningOptions(program.command("sweep"))),
      "what was granted, as a heat map over two parameters",
    ),
    "sweep",
  )
    .description("run every plan of a sweep, except those already in the store")
    .argument("[plan]", "a sweep (plan, over, sample) or a plan, as JSON or YAML; flags replace its fields")
    .action(async (file: string | undefined, flags: SweepFlags) => {
      const read = file === undefined ? { file: "plan", value: {}, locate: fieldPath } : readPlanFile(file);
      const alone = isObject(read.value) && !("plan" in read.value) && "machine" in read.value;
      const written = flagsIn("sweep", alone ? { ...read, value: { plan: read.value } } : read, flags);
      const spec = sweepIn(written);
      if (flags.printPlan === true) {
        process.stdout.write(`${printableJson({ kind: "sweep", ...spec }, 2)}\n`);
        return;
      }
      if (flags.dryRun === true) return tellWeight([{ kind: "sweep", ...spec }]);
      const all = expandSweep(spec, written.locate);
      const table = new SweepTable(all);
      const whole = await running(flags, (options) =>
        runSweep(
          all,
          options,
          flags.json && flags.chart === undefined ? undefined : ({ text }) => table.take(text),
        ),
      );
      const { failures, cancelled, ...summary } = whole;
      if (cancelled) process.exitCode = INTERRUPTED_EXIT;
      for (const { index, error } of failures)
        process.stderr.write(`pageblock: plan ${index + 1} of ${summary.plans}: ${told(error)}\n`);
      const { resultsHash } = summary;
      const chart = async () => {
        if (resultsHash === null) return;
        await drawChart(flags, () => figureOf({ kind: "sweep", ...spec }, whole, table.result(resultsHash)));
      };
      if (flags.json) {
        process.stdout.write(`${printableJson(cancelled ? { ...summary, cancelled } : summary)}\n`);
        return chart();
      }
      const { plans, run, fromStore, failed, seconds } = summary;
      if (resultsHash !== null)
        process.stdout.write(sweepText(table.result(resultsHash), flags.store, sweepChangeNotes(spec)));
      process.stdout.write(
        `${plans} plans: ${run} run in ${seconds.toFixed(1)} s, ${fromStore} from the store, ${failed} failed${cancelled ? "; cancelled: run the same command to continue" : ""}\n${resultsHash === null ? "" : `results ${resultsHash}\n`}`,
      );
      await chart();
    });
}

/** A heat map if every combination of two parameters was run, otherwise a row for each combination. */
function figureOf(plan: SweepPlan, summary: RunSummary, outcome: SweepOutcome): Figure {
  const { parameters, points, pointsLeftOut } = outcome;
  const result = new SweepResult(plan, summary, outcome, { runs: [], hashes: [] });
  if (parameters.length === 2 && plan.sample === undefined && pointsLeftOut === 0) return result.heatMap();
  if (points.length > SWEEP_ROWS)
    throw new InputError(
      `--chart: draws at most ${SWEEP_ROWS} combinations, or any number over two parameters: got ${points.length + pointsLeftOut}`,
    );
  return result.chart.success();
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
