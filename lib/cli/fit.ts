/** `pageblock fit <samples>`: from samples of a real machine a workload that makes a model machine like it. */
import type { Command } from "commander";
import type { Scalar, YAMLMap } from "yaml";
import { InputError } from "../base/errors";
import { agreementOf, machineLike, SEEDS_LEAST } from "../calibration/agreement";
import { agreementTable, agreementVerdict } from "../calibration/agreement-text";
import { readKernelShares, sharesTable } from "../calibration/kernel-shares";
import { measureSample } from "../calibration/measure-sample";
import { modelRun } from "../calibration/model-run";
import { fitSeries } from "../calibration/moments";
import { type Column, quantitiesText } from "../calibration/quantities-text";
import { readSeries, type Sample } from "../calibration/sample";
import { MACHINE } from "../machine/boot-request";
import { RUN } from "../plan/run";
import { check } from "../schema/check";
import type { Field } from "../schema/field";
import { SETTLED_SECONDS } from "../workload/fit-series";
import { workloadKind } from "../workload/index";
import type { LeafWorkload } from "../workload/workload";
import { writtenWith } from "./plan-flags";

interface FitOptions {
  measure?: boolean;
  beside?: string;
  check?: boolean;
  shares?: boolean;
  seeds: string;
  kernel: string;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("fit")
    .description(
      "derive a workload from samples of a real machine; or measure, or check the model against them",
    )
    .argument(
      "<samples>",
      "a folder with texts of /proc (meminfo, buddyinfo, …), a folder of such folders, or one text",
    )
    .option("--measure", "print the quantities of each sample instead")
    .option(
      "--beside <plan>",
      "measure, and beside it the machine and workload of a plan of one run at the same times",
    )
    .option("--check", "fit the first half of the samples, predict the second, and say how many values agree")
    .option(
      "--shares",
      "read a table of kernel memory in reports instead, and print its shares by size of memory",
    )
    .option("--seeds <n>", "seeds of a check", String(SEEDS_LEAST))
    .option("--kernel <release>", "release of the model machine", "6.18")
    .option("--json", "print JSON")
    .action((path: string, options: FitOptions) => {
      process.stdout.write(fit(path, options));
    });
}

function fit(path: string, options: FitOptions): string {
  if (options.shares === true) return `${sharesTable(readKernelShares(path))}\n`;
  const samples = readSeries(path);
  if (options.check === true) return checked(samples, options);
  if (options.measure === true || options.beside !== undefined) return measured(samples, options);
  const { workload: fitted, assumed } = fitSeries(samples);
  // A plan asks once its workload has ended: the machine is then as old as the real one was at its last sample.
  const seconds = Math.round(samples.at(-1)!.uptime ?? SETTLED_SECONDS);
  const workload = { ...fitted, duration: `${seconds} seconds` };
  if (options.json === true)
    return json({ machine: machineLike(samples[0]!, options.kernel), workload, assumed });
  return [
    `# Fitted to ${samples.length} sample${samples.length === 1 ? "" : "s"} of ${path}.`,
    `# It runs for ${seconds} seconds, the age of the machine at the last sample. What lies beyond is extrapolated: what grows, grows on.`,
    ...spanLines(samples),
    ...assumed.map((what) => `# Assumed: ${what}.`),
    inUnits({ machine: machineLike(samples[0]!, options.kernel), workload }),
  ].join("\n");
}

/** Rates are fitted per hour: what is shorter is extrapolated. */
const SPAN_LEAST_S = 3600;

function spanLines(samples: readonly Sample[]): string[] {
  const [first, last] = [samples[0]!.uptime, samples.at(-1)!.uptime];
  if (samples.length < 2 || first === undefined || last === undefined) return [];
  const span = Math.round(last - first);
  if (span >= SPAN_LEAST_S) return [];
  return [
    `# Warning: the samples lie within ${span} second${span === 1 ? "" : "s"}. Rates per hour, and what comes and goes, are extrapolated from that: watch for an hour or more.`,
  ];
}

/** YAML with the unit behind each number that has one. */
function inUnits({ machine, workload }: { machine: object; workload: LeafWorkload }): string {
  const yaml = require("yaml") as typeof import("yaml");
  const document = new yaml.Document({ machine, workload });
  const units = { machine: MACHINE.fields, workload: workloadKind(workload.kind).parameters };
  for (const [part, fields] of Object.entries(units) as [string, Record<string, Field>][])
    for (const { key, value } of (document.get(part) as YAMLMap<Scalar, Scalar>).items) {
      const unit = fields[String(key.value)]?.facts.unit;
      if (typeof value?.value === "number" && unit !== undefined && unit !== "") value.comment = ` ${unit}`;
    }
  return document.toString();
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function wholeNumber(text: string, option: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new InputError(`${option}: must be a whole number, ${least} or more: got ${text}`);
  return value;
}

function checked(samples: readonly Sample[], options: FitOptions): string {
  const agreement = agreementOf(samples, {
    seeds: wholeNumber(options.seeds, "--seeds", 2),
    kernel: options.kernel,
  });
  if (options.json === true) return json(agreement);
  const predicted = agreement.rows.filter((row) => row.predicted && row.counts);
  return `${agreementTable(predicted)}\n\n${agreementVerdict(agreement)}\n`;
}

function measured(samples: readonly Sample[], options: FitOptions): string {
  const columns = samples.map((sample): Column => ({ name: sample.name, q: measureSample(sample) }));
  if (options.beside !== undefined) {
    const { value, locate } = writtenWith("run", options.beside, {});
    const { machine, system, workload, seed } = check(RUN, value, locate);
    const seconds = samples.map((sample) => sample.uptime ?? 0);
    const model = modelRun({ machine, system, workload }, seed, seconds);
    columns.push(...model.map((q, i): Column => ({ name: `model ${samples[i]!.name}`, q })));
  }
  return options.json === true ? json(columns) : quantitiesText(columns);
}
