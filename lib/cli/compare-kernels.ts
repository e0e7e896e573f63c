/** `pageblock compare-kernels <plan>`: variants of one machine, with what the seeds say of each metric. */

import type { Command } from "commander";
import { aligned } from "../base/aligned";
import { printableJson } from "../base/printable";
import { aboutKernels } from "../experiment/about-plan";
import { runKernels } from "../experiment/compare-kernels";
import { designNote } from "../experiment/design";
import type { KernelsResult } from "../experiment/kernels";
import {
  ABLATION_HEAD,
  ablationNotes,
  ablationRest,
  ablationTable,
  carriedText,
  KERNELS_HEAD,
  kernelCells,
  kernelsTitle,
  methodNotes,
  pairNotes,
} from "../experiment/kernels-text";
import { lookNotes } from "../experiment/looks";
import { KernelsComparison } from "../fluent/kernels-comparison";
import { type KernelsSpec, kernelsIn } from "../plan/compare-kernels";
import { type ChartFlags, drawChart, withChartOption } from "./chart-file";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";
import { INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

interface Flags extends RunningFlags, GivenFlags, ChartFlags, DryRunFlags {
  json?: boolean;
}

export function register(program: Command): void {
  withPlanFlags(
    withChartOption(
      withDryRun(withRunningOptions(program.command("compare-kernels"))),
      "the differences of every metric",
    ),
    "compare-kernels",
  )
    .description("compare variants of one machine: releases, switches, sysctls, page blocks, page sizes")
    .argument("[plan]", "a plan with variants as JSON or YAML; flags replace its fields")
    .action(async (file: string | undefined, flags: Flags) => {
      const spec = kernelsIn(writtenWith("compare-kernels", file, flags));
      const plan = { kind: "compare-kernels", ...spec };
      if (flags.printPlan === true) {
        process.stdout.write(`${printableJson(plan, 2)}\n`);
        return;
      }
      if (flags.dryRun === true) return tellWeight([plan]);
      const note = designNote(spec);
      if (note !== null) process.stderr.write(`pageblock: ${note}\n`);
      const { kernels, earlierLooks } = await running(flags, (options) => runKernels(spec, options));
      if (kernels === null) {
        process.exitCode = INTERRUPTED_EXIT;
        return;
      }
      if (flags.json) process.stdout.write(`${printableJson({ plan, result: kernels, earlierLooks })}\n`);
      else
        process.stdout.write(
          `${[textOf(spec, kernels), ...lookNotes(earlierLooks)].join("\n")}\nresults ${kernels.resultsHash}\n`,
        );
      const without = kernels.variants.find(({ failedRuns }) => failedRuns === spec.seeds);
      if (without !== undefined) {
        process.stderr.write(`pageblock: ${without.label}: no run gave an outcome: ${without.error}\n`);
        process.exitCode = 2;
        return;
      }
      await drawKernels(new KernelsComparison(spec, kernels, [], earlierLooks), flags);
    });
}

/** The differences of each pair, and what each difference of an ablation does to a metric; each in a file of its own. */
async function drawKernels(comparison: KernelsComparison, flags: ChartFlags): Promise<void> {
  const { chart, result } = comparison;
  for (const [i, { b }] of result.pairs.entries())
    await drawChart(flags, () => chart.differences({ label: b }), i === 0 ? undefined : b);
  for (const { metric } of result.ablation?.metrics ?? [])
    await drawChart(flags, () => chart.ablation(metric), `ablation-${metric}`);
}

function textOf(spec: KernelsSpec, kernels: KernelsResult): string {
  const { pairs, ablation } = kernels;
  const tables = pairs.flatMap((pair) => [
    aligned([KERNELS_HEAD, ...pair.metrics.map(kernelCells)]),
    ...pairNotes(kernels, pair),
  ]);
  const divided =
    ablation === undefined
      ? []
      : [
          ...ablation.metrics.flatMap((metric) => [
            carriedText(metric),
            ...(metric.decided
              ? [aligned([ABLATION_HEAD, ...ablationTable(metric)]), ablationRest(metric)]
              : []),
          ]),
          ...ablationNotes(ablation),
        ];
  const about = aboutKernels(spec);
  return [kernelsTitle(kernels), ...about, ...tables, ...divided, ...methodNotes(kernels)].join("\n");
}
