/** `pageblock reproduce <plan> --out DIR`: a plan as a script and C programs for a real machine; `--read DIR` compares. */

import type { Command } from "commander";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";
import { formatSize, parseSize } from "../base/units";
import { parsePlan } from "../plan/run";
import {
  changeSentence,
  readReproduction,
  reproduce,
  reproductionText,
  SHOWS,
  TOO_SMALL,
  writeReproduction,
} from "../reproduce";
import { withCodeFlag, writtenWith } from "./plan-flags";
import { wholeNumber } from "./running";

interface ReproduceFlags {
  out?: string;
  memory?: string;
  floor?: string;
  seconds?: number;
  read?: string;
  json?: boolean;
  allowCode: string[];
}

export function register(program: Command): void {
  withCodeFlag(program.command("reproduce"))
    .description(
      "write a script and C programs that bring a real machine into the state of a plan; compare its results",
    )
    .argument("[plan]", "a plan of a run as JSON or YAML")
    .option("--out <dir>", "the folder to write, which must not exist")
    .option("--memory <size>", "most memory that the script uses (default: a quarter of MemAvailable there)")
    .option("--floor <size>", "the script ends if MemAvailable falls below it (default: a quarter of it)")
    .option("--seconds <n>", "how long the state is held (default: 60)", wholeNumber)
    .option("--read <dir>", "compare what run.sh measured in such a folder with the model")
    .option("--json", "print JSON")
    .action((file: string | undefined, flags: ReproduceFlags) => {
      process.stdout.write(
        printable(flags.read === undefined ? written(file, flags) : compared(file, flags.read, flags)),
      );
    });
}

function compared(file: string | undefined, folder: string, { out, json }: ReproduceFlags): string {
  if (file !== undefined || out !== undefined)
    throw new InputError("--read: takes no plan and no --out: the folder has its plan");
  const reading = readReproduction(folder);
  return json === true ? `${JSON.stringify(reading, null, 2)}\n` : reproductionText(reading);
}

function written(file: string | undefined, flags: ReproduceFlags): string {
  const { out, json, memory, floor, seconds, allowCode } = flags;
  if (file === undefined) throw new InputError("reproduce: a plan must be given, or --read with a folder");
  if (out === undefined) throw new InputError("reproduce: --out must name the folder to write");
  const { value, locate } = writtenWith("run", file, { allowCode });
  const made = reproduce(parsePlan(value, locate), {
    ...(memory !== undefined && { memory }),
    ...(floor !== undefined && { floor }),
    ...(seconds !== undefined && { seconds }),
  });
  writeReproduction(out, made);
  const { planHash, settings, shares, leftOut, change } = made;
  if (json === true)
    return `${JSON.stringify({ planHash, out, settings, shares, leftOut, ...(change !== null && { change }) }, null, 2)}\n`;
  return [
    `plan ${planHash}`,
    ...Object.entries(shares).map(([name, share]) => `${name.padEnd(8)} ${(100 * share).toFixed(2)} %`),
    "not reproduced:",
    ...leftOut.map(({ part, why }) => `  ${part}: ${why}`),
    ...(memory === undefined ? [] : [smallText(parseSize(memory, "memory"))]),
    ...(change === null ? [] : [`${changeSentence(change)}; its source is ${out}/change.ts`]),
    `written: ${out}; run it with: sh run.sh`,
    "",
  ].join("\n");
}

/** For which machines the memory is too little to compare more than what the programs hold. */
function smallText(bytes: number): string {
  return `${TOO_SMALL}. ${formatSize(bytes)} are less than that on a machine of more than ${formatSize(bytes / SHOWS)}`;
}
