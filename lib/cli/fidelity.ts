/** `pageblock fidelity`: checks recordings of the real kernel against the model; exit 1 if anything disagrees. */
import { readdirSync, statSync } from "node:fs";
import type { Command } from "commander";
import { InputError } from "../base/errors";
import { bootTable } from "../trace/boot-table";
import { csvColumns } from "../trace/csv-table";
import {
  type FidelityCheck,
  type FidelityKind,
  type FidelityValues,
  type FoundRecording,
  findRecordings,
} from "../trace/fidelity";

/** Kinds that are checked. A new kind is one object here. */
const KINDS: readonly FidelityKind[] = [bootTable];

/** Kinds of recordings that exist and are recognised but not checked yet: said so in words. */
const NOT_CHECKED_YET: readonly FoundRecording["kind"][] = [
  { name: "trace", recognises: (path) => isFolderWith(path, [/^S0\.txt(\.gz|\.br)?$/, /^trace\.txt/]) },
  { name: "load-table", recognises: (path) => hasColumns(path, ["alloc_mb", "fill_pct"]) },
  { name: "hugetlb-table", recognises: (path) => hasColumns(path, ["phase", "want", "got"]) },
  { name: "contig-rows", recognises: (path) => hasColumns(path, ["movable_occupancy_pct", "obtained"]) },
];

function isFolderWith(path: string, names: readonly RegExp[]): boolean {
  if (!statSync(path).isDirectory()) return false;
  const entries = readdirSync(path);
  return names.every((name) => entries.some((entry) => name.test(entry)));
}

function hasColumns(path: string, wanted: readonly string[]): boolean {
  if (!statSync(path).isFile()) return false;
  const columns = csvColumns(path);
  return columns !== undefined && wanted.every((c) => columns.includes(c));
}

export function register(program: Command): void {
  program
    .command("fidelity")
    .description("check recordings of a real kernel against the model")
    .argument("<path...>", "files or folders with recordings; a folder is searched for what it holds")
    .option("--json", "print one JSON array: an object for each recording")
    .action(async (paths: string[], options: { json?: boolean }) => {
      process.exitCode = await fidelity(paths, options.json === true);
    });
}

async function fidelity(paths: readonly string[], json: boolean): Promise<number> {
  const found = paths.flatMap((path) => findRecordings(path, [...KINDS, ...NOT_CHECKED_YET]));
  const skipped = found.filter((f) => f.kind.check === undefined);
  if (skipped.length === found.length)
    throw new InputError(
      `${skipped[0]!.path}: a recording of kind ${skipped[0]!.kind.name}, which is not checked yet: checked are ${KINDS.map((k) => k.name).join(", ")}`,
    );
  const checks: FidelityCheck[] = [];
  for (const { path, kind } of found) if (kind.check !== undefined) checks.push(await kind.check(path));
  for (const { path, kind } of skipped)
    process.stderr.write(`pageblock: ${path}: a recording of kind ${kind.name} is not checked yet\n`);
  if (json)
    process.stdout.write(
      `${JSON.stringify(
        checks.map((c) => c.report),
        null,
        2,
      )}\n`,
    );
  else for (const check of checks) process.stdout.write(human(check));
  return checks.some((c) => c.report.results.some((r) => r.agrees === false)) ? 1 : 0;
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
