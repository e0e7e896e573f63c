/** `pageblock fit <samples>`: what samples of a real machine say, and a model machine beside them. */
import type { Command } from "commander";
import { measureSample } from "../calibration/measure-sample";
import { modelRun } from "../calibration/model-run";
import { type Column, quantitiesText } from "../calibration/quantities-text";
import { readSeries, type Sample } from "../calibration/sample";
import { RUN } from "../plan/run";
import { check } from "../schema/check";
import { writtenWith } from "./plan-flags";

interface FitOptions {
  measure?: boolean;
  beside?: string;
  seed: string;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("fit")
    .description("measure samples of a real machine: slab, page tables, free memory, and where they lie")
    .argument(
      "<samples>",
      "a folder with texts of /proc (meminfo, buddyinfo, …), a folder of such folders, or one text",
    )
    .option("--measure", "print the quantities of each sample")
    .option(
      "--beside <plan>",
      "run the machine and workload of a plan of one run, and print it at the same times",
    )
    .option("--seed <n>", "seed of that run", "1")
    .option("--json", "print JSON")
    .action((path: string, options: FitOptions) => {
      const samples = readSeries(path);
      const columns = samples.map((sample): Column => ({ name: sample.name, q: measureSample(sample) }));
      if (options.beside !== undefined)
        columns.push(...besides(samples, options.beside, Number(options.seed)));
      process.stdout.write(
        options.json === true ? `${JSON.stringify(columns, null, 2)}\n` : quantitiesText(columns),
      );
    });
}

function besides(samples: readonly Sample[], file: string, seed: number): Column[] {
  const { value, locate } = writtenWith("run", file, {});
  const { machine, system, workload } = check(RUN, value, locate);
  const seconds = samples.map((sample) => sample.uptime ?? 0);
  return modelRun({ machine, system, workload }, seed, seconds).map((q, i) => ({
    name: `model ${samples[i]!.name}`,
    q,
  }));
}
