/** `pageblock compare <scenario|plan>`: compares strategies, with the conclusions that the seeds support. */

import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { aligned } from "../base/aligned";
import { InputError } from "../base/errors";
import { printableJson } from "../base/printable";
import { runComparison } from "../experiment/compare";
import { comparedCostNotes } from "../experiment/cost-notes";
import { SCENARIOS, scenario } from "../experiment/scenarios";
import { scorecard } from "../experiment/scorecard";
import { SCORECARD_HEAD, scorecardCells, scorecardNotes } from "../experiment/scorecard-text";
import { COMPARISON_HEAD, comparisonCells, comparisonNotes, comparisonTitle } from "../experiment/texts";
import { ComparisonResult } from "../fluent/comparison-result";
import { searchNote } from "../fluent/search-threshold";
import { CPU_TLB_NAMES } from "../hardware/cpu-tlb-data";
import { RDMA_ADAPTER_NAMES } from "../hardware/rdma-adapter-data";
import { COMPARISON_FIELDS, type ComparisonSpec, comparisonIn, parseComparison } from "../plan/comparison";
import { type Hardware, parseHardware, parseScorecard } from "../plan/scorecard";
import { labelled } from "../plan/strategy";
import { isObject } from "../schema/check";
import { fromText } from "../schema/flags";
import { fieldPath } from "../schema/place";
import { readPlanFile, type Written } from "../schema/plan-file";
import { drawChart, withChartOption } from "./chart-file";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { type CodeFlags, withCode } from "./plan-code";
import { flagsIn, type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";
import { robustWith, showRobust, withRobustOptions } from "./robust";
import { INTERRUPTED_EXIT, type RunningFlags, running, wholeNumber, withRunningOptions } from "./running";
import { showThreshold, type ThresholdFlags, withThresholdOption } from "./threshold";

interface Flags extends RunningFlags, GivenFlags, ThresholdFlags, DryRunFlags {
  strategies?: string;
  uptime?: string;
  seed?: number;
}

export function register(program: Command): void {
  withThresholdOption(
    withRobustOptions(command(program, "compare", "comparison", "compare strategies on one machine")),
  )
    .option("--adapter <name>", `adapter of the scorecard: ${RDMA_ADAPTER_NAMES.join(", ")}`)
    .option("--cpu <name>", `CPU of the scorecard: ${CPU_TLB_NAMES.join(", ")}`)
    .action(async (what: string | undefined, flags: Flags) => {
      const spec = chosen("comparison", what, flags);
      if (flags.robust !== undefined) return showRobust(robustWith(spec, flags), flags);
      if (flags.threshold !== undefined) return showThreshold(spec, flags);
      const hardware = { adapter: flags.adapter, cpu: flags.cpu };
      const carded = what !== undefined && SCENARIOS.get(what)?.card === true;
      if (carded || Object.values(hardware).some((name) => name !== undefined))
        return showScorecard(what ?? "scorecard", spec, parseHardware(hardware), flags);
      if (flags.printPlan === true) return print(spec);
      if (flags.dryRun === true) return tellWeight([{ kind: "comparison", ...spec }]);
      const { comparison, runs } = await running(flags, (options) =>
        runComparison(what ?? "comparison", spec, options),
      );
      if (comparison === null) {
        process.exitCode = INTERRUPTED_EXIT;
        return;
      }
      const chart = () =>
        drawChart(flags, () => new ComparisonResult(spec, comparison, runs).chart.success());
      if (flags.json) {
        process.stdout.write(`${printableJson(comparison)}\n`);
        return chart();
      }
      const table = aligned([COMPARISON_HEAD, ...comparison.strategies.map(comparisonCells)]);
      const notes = [...comparedCostNotes(spec), ...comparisonNotes(comparison)].join("\n");
      process.stdout.write(
        `${comparisonTitle(comparison)}\n${table}\n${notes}\nresults ${comparison.resultsHash}\n`,
      );
      await chart();
    });
  command(program, "scorecard", "scorecard", "every way to serve a request, its price, and a front").action(
    async (what: string | undefined, flags: Flags) => {
      const {
        kind: _kind,
        scenario,
        adapter,
        cpu,
        pattern,
        ...spec
      } = parseScorecard({
        ...chosen("scorecard", what, flags),
        ...hardwareOf(what, flags),
      });
      const name = what !== undefined && SCENARIOS.has(what) ? what : scenario;
      return showScorecard(name, spec, { adapter, cpu, pattern }, flags);
    },
  );
}

function command(program: Command, name: string, kind: string, doc: string): Command {
  const charted = withChartOption(withDryRun(withRunningOptions(program.command(name))), "what was granted");
  return withPlanFlags(charted, kind, ["strategies"])
    .description(`${doc}; scenarios: ${[...SCENARIOS.keys()].join(", ")}`)
    .argument("[scenario|plan]", "name of a scenario, or a plan as JSON or YAML; flags replace its fields")
    .option(
      "--strategies <names>",
      "compare only these, separated by commas; or a list such as [{ name: cma, area: 64MiB }]",
    )
    .addOption(new Option("--seed <n>").argParser(wholeNumber).hideHelp())
    .addOption(new Option("--uptime <time>", 'how long the machine of a scenario has been up: "30 days"'));
}

/** Hardware and name of a scorecard, from its file and the flags. */
function hardwareOf(what: string | undefined, flags: Flags): Record<string, unknown> {
  const named = what !== undefined && (SCENARIOS.has(what) || !existsSync(what));
  const { value } = writtenWith("scorecard", named ? undefined : what, flags);
  const { adapter, cpu, pattern, scenario: called } = value as Record<string, unknown>;
  return { adapter, cpu, pattern, scenario: called };
}

function print(plan: object): void {
  process.stdout.write(`${printableJson(plan, 2)}\n`);
}

/**
 * The scorecard of any comparison that names hardware: as JSON, or as a table with the front and the reasons below it.
 */
async function showScorecard(
  what: string,
  spec: ComparisonSpec,
  hardware: Hardware,
  flags: Flags,
): Promise<void> {
  const plan = { kind: "scorecard", scenario: what, ...spec, ...hardware };
  if (flags.printPlan === true) return print(plan);
  if (flags.dryRun === true) return tellWeight([plan]);
  const made = await running(flags, (options) => scorecard(what, spec, hardware, options));
  const { scorecard: card, comparison, runs } = made;
  if (card === null || comparison === null) {
    process.exitCode = INTERRUPTED_EXIT;
    return;
  }
  if (flags.json) process.stdout.write(`${printableJson(card)}\n`);
  else {
    const table = aligned([SCORECARD_HEAD, ...card.strategies.map(scorecardCells)]);
    const notes = [...comparedCostNotes(spec), ...scorecardNotes(card), ...searchNote(spec)].join("\n");
    process.stdout.write(`${comparisonTitle(comparison)}\n${table}\n${notes}\nresults ${card.resultsHash}\n`);
  }
  await drawChart(flags, () => new ComparisonResult(spec, comparison, runs).chart.success());
}

function chosen(kind: "comparison" | "scorecard", what: string | undefined, flags: Flags): ComparisonSpec {
  const { uptime, seed } = flags;
  const one = /^\s*\{/.test(flags.strategies ?? "");
  const inFull = one || /^\s*\[/.test(flags.strategies ?? "");
  const strategies = inFull ? undefined : flags.strategies;
  const given: GivenFlags = {
    ...flags,
    strategies: inFull
      ? fromText(COMPARISON_FIELDS.strategies, one ? `[${flags.strategies}]` : flags.strategies!)
      : undefined,
    ...(seed !== undefined && { firstSeed: seed }),
  };
  const named = what !== undefined && (SCENARIOS.has(what) || !existsSync(what));
  if (!named && uptime !== undefined)
    throw new InputError("compare: --uptime is for scenarios: add a workload to the plan instead");
  const only = strategies?.split(",").map((s) => s.trim());
  if (named) {
    const { board, memory } = flags as { board?: string; memory?: string };
    const spec = scenario(what, definedOf({ board, memory, uptime }));
    const written: Written = {
      file: what,
      value: only === undefined ? spec : pick(spec, only),
      locate: fieldPath,
    };
    const { value, locate } = flagsIn("comparison", written, given);
    return parseComparison(value, locate);
  }
  const file = what === undefined ? undefined : readPlanFile(what);
  if (file !== undefined && isObject(file.value) && !Object.hasOwn(file.value, "strategies")) {
    // A plan of one run: its strategy is compared with others, and the flags change the comparison.
    const spec = comparisonIn({ ...file, value: withCode(file.value, what!, given as CodeFlags) });
    const { value, locate } = flagsIn(
      "comparison",
      { file: what!, value: only === undefined ? spec : pick(spec, only), locate: fieldPath },
      given,
    );
    return parseComparison(value, locate);
  }
  const { value, locate } = flagsIn(kind, file ?? { file: "plan", value: {}, locate: fieldPath }, given);
  const {
    kind: _kind,
    scenario: _called,
    adapter,
    cpu,
    pattern,
    ...compared
  } = value as Record<string, unknown>;
  const own = kind === "scorecard" ? compared : (value as Record<string, unknown>);
  if (only !== undefined && file === undefined) return parseComparison({ ...own, strategies: only }, locate);
  const spec = comparisonIn({ value: own, locate });
  return only === undefined ? spec : parseComparison(pick(spec, only));
}

function definedOf<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Selects strategies of the comparison by label, or any strategy of the library by name. */
function pick(spec: ComparisonSpec, only: string[]): ComparisonSpec {
  const strategies = labelled(only.map((name) => spec.strategies.find((s) => s.label === name) ?? { name }));
  return { ...spec, strategies };
}
