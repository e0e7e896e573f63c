/** `pageblock sweep <plan>`: many plans on every core or on a cluster; results go into the store. */
import type { Command } from "commander";
import { runSweep } from "../experiment/compare";
import { sweep } from "../experiment/sweep";
import { sweepIn } from "../plan/sweep";
import { readPlanFile } from "../schema/plan-file";
import { INTERRUPTED_EXIT, type RunningFlags, running, wholeNumber, withRunningOptions } from "./running";

export function register(program: Command): void {
  withRunningOptions(program.command("sweep"))
    .description("run every plan of a sweep; what the store has is not run again")
    .argument("<plan>", "a sweep (plan, over, sample) or a plan, as JSON or YAML")
    .option("--seed <n>", "seed of the plans, where the sweep does not vary it", wholeNumber)
    .action(async (file: string, flags: RunningFlags & { seed?: number }) => {
      const written = readPlanFile(file);
      const spec = sweepIn(written);
      if (flags.seed !== undefined) spec.plan.seed = flags.seed;
      const all = sweep(spec, written.locate);
      const { failures, cancelled, ...summary } = await running(flags, (options) => runSweep(all, options));
      if (cancelled) process.exitCode = INTERRUPTED_EXIT;
      for (const { index, error } of failures)
        process.stderr.write(`pageblock: plan ${index + 1} of ${summary.plans}: ${error}\n`);
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(cancelled ? { ...summary, cancelled } : summary)}\n`);
        return;
      }
      const { plans, run, fromStore, failed, seconds, resultsHash } = summary;
      process.stdout.write(
        `${plans} plans: ${run} run in ${seconds.toFixed(1)} s, ${fromStore} from the store, ${failed} failed${cancelled ? "; cancelled: the same command goes on" : ""}\n${resultsHash === null ? "" : `results ${resultsHash}\n`}`,
      );
    });
}
