/**
 * The ranges of docs/claims.md: plans in docs/robustness/NAME.yaml, their results in NAME.json, and the sentences that the
 * page takes from them. This file runs plans and writes both, with a store, so that a second run continues the first:
 *
 *     node --require ./test/support/register.cjs test/support/robustness.ts [NAME…] [--within "5 minutes"] [--seeds 8] [--points 32]
 *
 * Without names it runs every plan; `--within`, `--points` and `--seeds` take the place of what the plans say.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { omit } from "lodash";
import { parseDuration } from "../../lib/base/duration";
import { runRobust } from "../../lib/experiment/robust";
import type { RobustOutcome } from "../../lib/experiment/robust-table";
import { type RobustSpec, robustIn } from "../../lib/plan/robust";
import { shortStatement } from "../../lib/plan/statement";
import { readPlanFile } from "../../lib/schema/plan-file";

const ROOT = join(__dirname, "../..");
export const CLAIMS_FILE = join(ROOT, "docs/claims.md");
const FOLDER = join(ROOT, "docs/robustness");

/** Names of the plans. */
export const ROBUST_NAMES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -".yaml".length))
  .sort();

export const robustPlan = (name: string): RobustSpec => robustIn(readPlanFile(join(FOLDER, `${name}.yaml`)));

const resultFile = (name: string) => join(FOLDER, `${name}.json`);

/** Writes the plan that was run and its result. */
export function storeResult(name: string, plan: object, result: RobustOutcome): void {
  writeFileSync(resultFile(name), `${JSON.stringify({ plan, result }, null, 1)}\n`);
}

/** The plan that was run and its result; undefined before the first run. */
export function robustResult(name: string): { plan: RobustSpec; result: RobustOutcome } | undefined {
  return existsSync(resultFile(name)) ? JSON.parse(readFileSync(resultFile(name), "utf8")) : undefined;
}

/** `[cma ≤ 0](robustness/cma-64k.yaml) holds at all 12 points tried (…)`. */
export function rangeOf(name: string): string {
  const stored = robustResult(name);
  const link = `[${shortStatement(robustPlan(name).statement)}](robustness/${name}.yaml)`;
  return `${link} ${stored === undefined ? "was not run yet" : `${stored.result.range}; ${stored.plan.plan.seeds} seeds a point`}`;
}

/** The plans that a cell names. */
export const namedIn = (cell: string): string[] =>
  [...cell.matchAll(/\]\(robustness\/([\w-]+)\.yaml\)/g)].map((match) => match[1]!);

/** What the cell of a row must say, by the plans that it names. */
export const rangeCell = (names: readonly string[]): string => names.map(rangeOf).join(". ");

/** The rows of the page's tables: cells without their edges, and where the last one stands. */
export function claimRows(page: string): { line: string; cells: string[] }[] {
  return page
    .split("\n")
    .filter((line) => /^\| /.test(line) && !/^\| claim \|/.test(line))
    .map((line) => ({
      line,
      cells: line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    }));
}

/** The page with the range of every row that names a plan as its result says it. */
export function withRanges(page: string): string {
  let text = page;
  for (const { line, cells } of claimRows(page)) {
    const names = namedIn(cells.at(-1)!);
    if (names.length === 0) continue;
    text = text.replace(line, () => `| ${[...cells.slice(0, -1), rangeCell(names)].join(" | ")} |`);
  }
  return text;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { within: { type: "string" }, seeds: { type: "string" }, points: { type: "string" } },
  });
  for (const name of positionals.length > 0 ? positionals : ROBUST_NAMES) {
    const stated = robustPlan(name);
    const base = values.points === undefined ? stated : omit(stated, "within");
    const spec = {
      ...base,
      ...(values.points !== undefined && { points: Number(values.points) }),
      ...(values.within !== undefined && { within: parseDuration(values.within, "--within") }),
      ...(values.seeds !== undefined && { plan: { ...stated.plan, seeds: Number(values.seeds) } }),
    };
    const { robust, plan } = await runRobust(spec);
    if (robust === null) return;
    storeResult(name, { kind: "robust", ...plan }, robust);
    writeFileSync(CLAIMS_FILE, withRanges(readFileSync(CLAIMS_FILE, "utf8")));
    process.stdout.write(`${name}: ${robust.range}\n`);
  }
}

if (require.main === module) void main();
