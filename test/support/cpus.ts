/**
 * What several CPUs change for the findings of the notebooks: the comparison of every plan in docs/robustness, without its
 * other knobs, on machines of 1, 4 and 16 CPUs with the option `smp`. Results are in docs/cpus.json, and docs/fidelity.md has
 * them as a table. This file runs them and writes both, with a store, so that a second run continues the first:
 *
 *     node --require ./test/support/register.cjs test/support/cpus.ts [NAME…] [--seeds 8]
 *     node --require ./test/support/register.cjs test/support/cpus.ts --write    (the table of what is stored)
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { partition } from "lodash";
import { runRobust } from "../../lib/experiment/robust";
import type { RobustOutcome } from "../../lib/experiment/robust-table";
import type { RobustSpec } from "../../lib/plan/robust";
import { shortStatement } from "../../lib/plan/statement";
import { ROBUST_NAMES, robustPlan } from "./robustness";

const ROOT = join(__dirname, "../..");
const RESULTS = join(ROOT, "docs/cpus.json");
export const FIDELITY = join(ROOT, "docs/fidelity.md");
export const CPUS = [1, 4, 16] as const;
const SEEDS = 8;
const BEGIN = "<!-- cpus: see test/support/cpus.ts -->";
const END = "<!-- end of cpus -->";

/** What one side of a statement came to at a number of CPUs. */
export interface Side {
  label: string;
  asked: number;
  granted: number;
  value: number;
}

/** A finding and what was found with 1, 4 and 16 CPUs; a machine of two nodes has no point with one. */
export interface CpusFinding {
  name: string;
  statement: string;
  seeds: number;
  points: { cpus: number; held: boolean; sure: boolean; sides: Side[] }[];
}

/** The comparison of a plan of docs/robustness with the knob `cpus` alone. */
export function cpusPlan(name: string, seeds: number): RobustSpec {
  const { plan, statement, variants, seed } = robustPlan(name);
  return {
    plan: { ...plan, seeds },
    statement,
    ...(variants !== undefined && { variants }),
    seed,
    over: { cpus: [...CPUS] },
    sample: "grid",
  };
}

/** What the stored result says of each finding, in the order of the plans. */
export function storedFindings(): CpusFinding[] {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : [];
}

function findingOf(name: string, { plan, statement }: RobustSpec, { results }: RobustOutcome): CpusFinding {
  const points = results.map(({ held, sure, sides, values }) => ({
    cpus: Number(values.cpus),
    held,
    sure,
    sides: sides.map(({ label, asked, granted, value }) => ({ label, asked, granted, value })),
  }));
  points.sort((a, b) => a.cpus - b.cpus);
  return { name, statement: shortStatement(statement), seeds: plan.seeds, points };
}

/** A statement about something other than shares. */
const isMetric = (statement: string): boolean => / of /.test(statement);

/** Of a share, the requests granted; of a metric, its median. */
function cell({ sides, held }: CpusFinding["points"][number], ofMetric: boolean): string {
  const of = sides.map(({ granted, asked, value }) =>
    ofMetric ? String(Number(value.toPrecision(3))) : `${granted} of ${asked}`,
  );
  return `${of.join(", ")}${held ? "" : " (does not hold)"}`;
}

/** How many findings are the same with every number of CPUs, and the table. */
export function cpusTable(findings: readonly CpusFinding[]): string {
  const rows = findings.map(({ name, statement, points }) => {
    const metric = isMetric(statement);
    const cells = CPUS.map((n) => {
      const point = points.find(({ cpus }) => cpus === n);
      return point === undefined ? "no such machine" : cell(point, metric);
    });
    return `| [${name}](robustness/${name}.yaml) | ${statement} | ${cells.join(" | ")} |`;
  });
  const head = `| plan | statement | ${CPUS.map((n) => `${n} CPU${n === 1 ? "" : "s"}`).join(" | ")} |`;
  return [head, "|---|---|---|---|---|", ...rows].join("\n");
}

/** Those whose verdict differs between numbers of CPUs. */
export const turning = (findings: readonly CpusFinding[]): CpusFinding[] =>
  findings.filter(({ points }) => points.some(({ held }) => held !== points[0]!.held));

/** Whether shares are 0 or 1, and the same with every number of CPUs. */
const atBound = ({ statement, points }: CpusFinding): boolean =>
  !isMetric(statement) &&
  points.every(({ sides }) =>
    sides.every(({ value }, i) => (value === 0 || value === 1) && value === points[0]!.sides[i]!.value),
  );

/** Whether the number of CPUs turns a finding, in a sentence. */
export function cpusSentence(findings: readonly CpusFinding[]): string {
  const turned = turning(findings).map(({ name }) => `\`${name}\``);
  const same = (of: readonly CpusFinding[]) => `${of.length - turning(of).length} of ${of.length} statements`;
  const [everywhere, others] = partition(findings, ({ points }) => points.length === CPUS.length);
  const first = [
    `The verdict is the same with 1, 4 and 16 CPUs for ${same(everywhere)}, and with 4 and 16 for ${same(others)}`,
    `that no machine of one CPU can answer. In ${findings.filter(atBound).length} of them none or all of the requests are granted at`,
    "every number of CPUs, so nothing less than a great change could have turned them.",
  ].join("\n");
  return turned.length === 0 ? first : `${first}\nIt differs for ${turned.join(", ")}.`;
}

/** The page with the table of the findings in its place. */
export function withTable(page: string, findings: readonly CpusFinding[]): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/fidelity.md has no place ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${cpusTable(findings)}\n\n${cpusSentence(findings)}\n\n${page.slice(to)}`;
}

/** Writes the table of the stored findings. */
function writeTable(): void {
  writeFileSync(FIDELITY, withTable(readFileSync(FIDELITY, "utf8"), storedFindings()));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: "string" }, write: { type: "boolean" } },
  });
  if (values.write) {
    writeTable();
    return;
  }
  for (const name of positionals.length > 0 ? positionals : ROBUST_NAMES) {
    const spec = cpusPlan(name, Number(values.seeds ?? SEEDS));
    const begun = process.cpuUsage();
    const { robust } = await runRobust(spec, { workers: 1 });
    if (robust === null) return;
    const others = storedFindings().filter((finding) => finding.name !== name);
    const all = [...others, findingOf(name, spec, robust)].sort((a, b) => (a.name < b.name ? -1 : 1));
    writeFileSync(RESULTS, `${JSON.stringify(all, null, 1)}\n`);
    writeTable();
    const { user, system } = process.cpuUsage(begun);
    process.stdout.write(`${name}: ${robust.range}; ${((user + system) / 1e6).toFixed(0)} s of CPU time\n`);
  }
}

if (require.main === module) void main();
