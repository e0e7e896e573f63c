/**
 * `pageblock verify <file…>`: runs a write-up again from the plans that it carries, and reports for every result if it
 * is identical.
 */
import type { Command } from "commander";
import { InputError, quoted } from "../base/errors";
import { printable, printableJson } from "../base/printable";
import { kebab } from "../base/spelling";
import { SIGNS } from "../report/judged-part";
import { RUN_LIMITS } from "../report/run-again";
import { type Verification, verifyFile } from "../report/verify";
import { tellStoredWeight } from "./dry-run";

/** Places that are named of one result. */
const PLACES_MOST = 8;

const placesText = (places: readonly string[]) =>
  places.length <= PLACES_MOST
    ? places.join(", ")
    : `${places.slice(0, PLACES_MOST).join(", ")} and ${places.length - PLACES_MOST} more`;

function report({ file, results, changes, parts, compared, code, ok }: Verification): string {
  const lines = results.map(({ sha256, kind, verdict, why, leftOut, places }) => {
    const where = places.length === 0 ? "" : `  ${placesText(places)}`;
    const told = why ?? (leftOut && `every number; left out since names have changed: ${leftOut.join(", ")}`);
    return `${verdict}  ${sha256.slice(0, 16)}  ${kind}${where}${told === undefined ? "" : `: ${told}`}`;
  });
  const notRun = results.filter(({ why }) => why?.startsWith("not run: ") === true).length;
  const same = parts.filter(({ state }) => state === "same").length;
  const identical = results.filter((result) => result.verdict === "identical").length;
  const summary = ok
    ? `all ${results.length} results identical; as made: ${compared.join(", ")}`
    : [
        `${identical} of ${results.length} results identical`,
        ...(parts.length === 0
          ? []
          : [`${same} of ${parts.length} figures, tables and sentences are confirmed`]),
        ...(changes.length === 0 ? [] : [`changed: ${changes.length} beside them`]),
        ...(notRun === 0 ? [] : [`not run: ${notRun}`]),
      ].join("; ");
  const told = parts.flatMap(({ name, state, words }) =>
    state === "same" || state === null ? [] : [`${SIGNS[state]} ${name}: ${words}`],
  );
  const ran = code.map((sha256) => `code     ${sha256}: run, as --allow-code says`);
  return [...ran, ...lines, ...told, ...changes.map((change) => `changed  ${change}`), `${file}: ${summary}`]
    .map((line) => printable(line.replaceAll("\n", " ")))
    .join("\n");
}

const NUMBERS = { seconds: 2 ** 31 / 1000, secondsTogether: 2 ** 31 / 1000, megabytes: 2 ** 20 } as const;

interface Options extends Record<keyof typeof NUMBERS, string> {
  allowCode: string[];
  json?: boolean;
  dryRun?: boolean;
}

function numberOf(options: Options, name: keyof typeof NUMBERS): number {
  const value = Number(options[name]);
  const most = Math.floor(NUMBERS[name]);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new InputError(
      `verify: --${kebab(name)} must be whole, from 1 to ${most}: got ${quoted(options[name])}`,
    );
  return value;
}

const repeated = (value: string, before: string[]): string[] => [...before, value];

export function register(program: Command): void {
  program
    .command("verify")
    .description("run a write-up or an executed notebook again from its own plans, and compare every result")
    .argument("<file...>", "write-ups (.html, .md, .pdf) or executed notebooks (.ipynb)")
    .option("--seconds <n>", "longest time a plan may take", String(RUN_LIMITS.seconds))
    .option(
      "--seconds-together <n>",
      "longest time that all plans of a file may take; the rest is not run",
      String(RUN_LIMITS.secondsTogether),
    )
    .option("--megabytes <n>", "most memory a plan may take", String(RUN_LIMITS.megabytes))
    .option("--allow-code <sha256>", "run the change with this SHA-256; may be repeated", repeated, [])
    .option("--json", "print one JSON array")
    .option("--dry-run", "print how much memory and time the plans may take, and run nothing")
    .action(async (files: string[], options: Options) => {
      if (options.dryRun) {
        for (const file of files) tellStoredWeight(file);
        return;
      }
      const limits = {
        seconds: numberOf(options, "seconds"),
        secondsTogether: numberOf(options, "secondsTogether"),
        megabytes: numberOf(options, "megabytes"),
        allowCode: options.allowCode,
      };
      const all: Verification[] = [];
      for (const file of files) {
        const verification = await verifyFile(file, { ...RUN_LIMITS, ...limits });
        if (!options.json) process.stdout.write(`${report(verification)}\n`);
        all.push(verification);
      }
      if (options.json) process.stdout.write(`${printableJson(all)}\n`);
      process.exitCode = all.every((one) => one.ok) ? 0 : 1;
    });
}
