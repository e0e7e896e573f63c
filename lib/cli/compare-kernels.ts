/** `pageblock compare-kernels <plan>`: variants of one machine, with what the seeds say of each metric. */
import type { Command } from "commander";
import { runKernels } from "../experiment/compare-kernels";
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
  pairNotes,
} from "../experiment/kernels-text";
import { kernelsIn } from "../plan/compare-kernels";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";
import { aligned, INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

interface Flags extends RunningFlags, GivenFlags {}

export function register(program: Command): void {
  withPlanFlags(withRunningOptions(program.command("compare-kernels")), "compare-kernels")
    .description("compare variants of one machine: releases, switches, sysctls, page blocks, page sizes")
    .argument("[plan]", "a plan with variants as JSON or YAML; flags replace its fields")
    .action(async (file: string | undefined, flags: Flags) => {
      const spec = kernelsIn(writtenWith("compare-kernels", file, flags));
      const plan = { kind: "compare-kernels", ...spec };
      if (flags.printPlan === true) {
        process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
        return;
      }
      const { kernels } = await running(flags, (options) => runKernels(spec, options));
      if (kernels === null) process.exitCode = INTERRUPTED_EXIT;
      else if (flags.json) process.stdout.write(`${JSON.stringify({ plan, result: kernels })}\n`);
      else process.stdout.write(`${textOf(kernels)}\nresults ${kernels.resultsHash}\n`);
    });
}

function textOf(kernels: KernelsResult): string {
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
  return [kernelsTitle(kernels), ...tables, ...divided].join("\n");
}
