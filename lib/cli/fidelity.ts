/** `pageblock fidelity`: checks recordings of the real kernel against the model; exit 1 if anything disagrees. */

import type { Command } from "commander";
import { sumBy } from "lodash";
import { InputError } from "../base/errors";
import { printableJson } from "../base/printable";
import {
  type FidelityCheck,
  type FidelityReport,
  type FidelityValues,
  type FoundRecording,
  findRecordings,
} from "../trace/fidelity";
import { RECORDING_KINDS } from "../trace/recording-check";

/** Kinds of recordings that are recognised but not checked yet, and reported as such. Currently none. */
const NOT_CHECKED_YET: readonly FoundRecording["kind"][] = [];

export function register(program: Command): void {
  program
    .command("fidelity")
    .description("check recordings of a real kernel against the model")
    .argument("<path...>", "files or folders with recordings; folders are searched for recordings")
    .option("--json", "print a JSON array with one object per recording")
    .option("--summary", "print one line per recording and a total")
    .option("--keep-going", "continue if a recording cannot be read; the exit status is still 2")
    .action(async (paths: string[], options: FidelityOptions) => {
      process.exitCode = await fidelity(paths, options);
    });
}

interface FidelityOptions {
  json?: boolean;
  summary?: boolean;
  keepGoing?: boolean;
}

async function fidelity(paths: readonly string[], options: FidelityOptions): Promise<number> {
  const found = paths.flatMap((path) => findRecordings(path, [...RECORDING_KINDS, ...NOT_CHECKED_YET]));
  const skipped = found.filter((f) => f.kind.check === undefined);
  if (skipped.length === found.length)
    throw new InputError(
      `${skipped[0]!.path}: a recording of kind ${skipped[0]!.kind.name}, which is not checked yet: checked are ${RECORDING_KINDS.map((k) => k.name).join(", ")}`,
    );
  const checks: FidelityCheck[] = [];
  const broken: string[] = [];
  // Invalid input prints nothing on stdout, so results wait for the end unless the user chose to continue.
  const waiting: string[] = [];
  const print = (text: string) => (options.keepGoing ? process.stdout.write(text) : waiting.push(text));
  for (const { path, kind } of found) {
    if (kind.check === undefined) continue;
    try {
      const check = await kind.check(path);
      checks.push(check);
      if (options.summary) print(oneLine(check));
      else if (!options.json) print(human(check));
    } catch (error) {
      if (!(options.keepGoing && error instanceof InputError)) throw error;
      broken.push(error.message);
    }
  }
  process.stdout.write(waiting.join(""));
  for (const message of broken) process.stderr.write(`pageblock: ${message}\n`);
  for (const { path, kind } of skipped)
    process.stderr.write(`pageblock: ${path}: a recording of kind ${kind.name} is not checked yet\n`);
  const reports = checks.map((c) => c.report);
  if (options.json) process.stdout.write(`${printableJson(reports, 2)}\n`);
  if (options.summary) process.stdout.write(total(checks, broken.length, skipped.length));
  if (broken.length > 0) return 2;
  return reports.some(disagrees) ? 1 : 0;
}

function disagrees(report: FidelityReport): boolean {
  return report.results.some((r) => r.agrees === false);
}

function compared(report: FidelityReport): number {
  return report.results.filter((r) => r.agrees !== null).length;
}

function oneLine({ report, notes }: FidelityCheck): string {
  const verdict = disagrees(report) ? "DIFFERS" : "agrees";
  const why = disagrees(report) && notes.length > 0 ? `: ${notes[0]}` : "";
  return `${verdict.padEnd(8)} ${report.agreeing} of ${compared(report)} ${report.path} (${report.kind})${why}\n`;
}

function total(checks: readonly FidelityCheck[], broken: number, skipped: number): string {
  const good = checks.filter((c) => !disagrees(c.report)).length;
  const rows = sumBy(checks, (c) => compared(c.report));
  const agreeing = sumBy(checks, (c) => c.report.agreeing);
  return `${good} of ${checks.length} recordings agree in every row, ${agreeing} of ${rows} rows; ${broken} could not be read, ${skipped} of kinds not checked yet\n`;
}

function human({ report, notes }: FidelityCheck): string {
  const lines = [`${report.path} (${report.kind})`];
  for (const { row, recorded, predicted, agrees } of report.results) {
    const verdict = agrees === null ? "predicted" : agrees ? "agrees" : "DIFFERS";
    const shown =
      recorded === null ? text(predicted) : `recorded ${text(recorded)} | predicted ${text(predicted)}`;
    lines.push(`  ${String(row).padStart(5)} ${verdict.padEnd(9)} ${shown}`);
  }
  const open = report.results.filter((r) => r.agrees === null).length;
  lines.push(
    `  ${report.agreeing} of ${report.rows - open} rows agree${open > 0 ? `, ${open} only predicted` : ""}`,
    ...notes.map((note) => `  ${note}`),
  );
  return `${lines.join("\n")}\n`;
}

function text(values: FidelityValues): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value ?? "-"}`)
    .join(" ");
}
