/** `--threshold`: up to which share of unmovable memory a search of the scorecard finds its range. */

import type { Command } from "commander";
import { aligned } from "../base/aligned";
import { printableJson } from "../base/printable";
import { Cancelled } from "../fluent/interrupt";
import { searchThreshold, thresholdPlans } from "../fluent/search-threshold";
import { THRESHOLD_HEAD } from "../fluent/search-threshold-result";
import type { ComparisonSpec } from "../plan/comparison";
import { type ChartFlags, drawChart } from "./chart-file";
import { type DryRunFlags, tellWeight } from "./dry-run";
import { INTERRUPTED_EXIT, type RunningFlags, running } from "./running";

export interface ThresholdFlags extends ChartFlags {
  /** The label of a strategy; true: the default. */
  threshold?: string | true;
}

export function withThresholdOption(command: Command): Command {
  return command.option(
    "--threshold [strategy]",
    "instead: up to which share of unmovable memory, and in how many places, this search finds its range (default: alloc-contig-pages)",
  );
}

/** Runs the sweeps and prints their counts, with the thresholds in words below. */
export async function showThreshold(
  spec: ComparisonSpec,
  flags: Omit<RunningFlags, "json"> & ThresholdFlags & DryRunFlags,
): Promise<void> {
  const of = flags.threshold === true ? {} : { of: flags.threshold! };
  if (flags.dryRun === true) return tellWeight(thresholdPlans(spec, of), "threshold");
  try {
    const result = await running(flags, (options) => searchThreshold(spec, of, options));
    if (flags.json) process.stdout.write(`${printableJson(result)}\n`);
    else {
      const table = aligned([THRESHOLD_HEAD, ...result.cells]);
      const head = [result.title, ...result.about].join("\n");
      process.stdout.write(`${head}\n${table}\n${result.sentences.join("\n")}\n`);
    }
    await drawChart(flags, () => result.chart());
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    process.exitCode = INTERRUPTED_EXIT;
  }
}
