/** `pageblock robust <plan>`: where a statement on a comparison is true. `pageblock compare --robust` comes here too. */

import { type Command, Option } from "commander";
import { aligned } from "../base/aligned";
import { printableJson } from "../base/printable";
import { aboutRobust } from "../experiment/about-plan";
import { robustDesignNote } from "../experiment/design";
import { runRobust } from "../experiment/robust";
import {
  KNOB_HEAD,
  knobCells,
  POINT_HEAD,
  pointCells,
  robustNotes,
  robustTitle,
} from "../experiment/robust-text";
import { RobustResult } from "../fluent/robust-result";
import type { ComparisonSpec } from "../plan/comparison";
import { parseRobust, ROBUST_OPTIONS, type RobustSpec, robustIn } from "../plan/robust";
import { flagsOf, fromText, optionKey } from "../schema/flags";
import { type ChartFlags, drawChart, withChartOption } from "./chart-file";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";
import { INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

interface Flags extends RunningFlags, GivenFlags, ChartFlags, DryRunFlags {
  json?: boolean;
  byPoint?: boolean;
}

export function register(program: Command): void {
  withPlanFlags(
    withChartOption(
      withDryRun(withRunningOptions(program.command("robust"))),
      "the map of the two knobs that turn it most",
    ),
    "robust",
  )
    .description(
      "where a statement on a comparison is true: over memory, profile, age, unmovable pages, releases",
    )
    .argument(
      "[plan]",
      "a plan of robustness (plan, statement, over) as JSON or YAML; flags replace its fields",
    )
    .option("--by-point", "print every point in place of every knob")
    .action(async (file: string | undefined, flags: Flags) =>
      showRobust(robustIn(writtenWith("robust", file, flags)), flags),
    );
}

/** The options of robustness as `pageblock compare` has them, all of them used only with `--robust`. */
const OPTIONS = flagsOf({
  statement: ROBUST_OPTIONS.statement,
  sample: ROBUST_OPTIONS.sample,
  count: ROBUST_OPTIONS.count,
  seed: ROBUST_OPTIONS.seed,
  points: ROBUST_OPTIONS.points,
  within: ROBUST_OPTIONS.within,
});

/** Adds `--robust` and its options to `pageblock compare`. */
export function withRobustOptions(command: Command): Command {
  command.addOption(
    new Option(
      "--robust <knobs>",
      "asks where a statement is true: { memory: [4GiB, 16GiB], profile: [server, database], age: [1 day] }",
    ).argParser((text) => fromText(ROBUST_OPTIONS.over, text)),
  );
  for (const { name, field } of OPTIONS)
    command.addOption(
      new Option(`--${name} <value>`, `with --robust: ${field.facts.doc}`).argParser((text) =>
        fromText(field, text),
      ),
    );
  return command.option("--by-point", "with --robust: print every point in place of every knob");
}

/** The plan of `pageblock compare --robust`, made of the comparison and the options. */
export function robustWith(plan: ComparisonSpec, flags: GivenFlags): RobustSpec {
  const given = OPTIONS.flatMap(({ name, path }) => {
    const value = flags[optionKey(name)];
    return value === undefined ? [] : [[path[0]!, value] as const];
  });
  return parseRobust({ plan, over: flags.robust, ...Object.fromEntries(given) });
}

export async function showRobust(spec: RobustSpec, flags: Flags): Promise<void> {
  if (flags.printPlan === true) {
    process.stdout.write(`${printableJson({ kind: "robust", ...spec }, 2)}\n`);
    return;
  }
  if (flags.dryRun === true) return tellWeight([{ kind: "robust", ...spec }]);
  const note = robustDesignNote(spec);
  if (note !== null) process.stderr.write(`pageblock: ${note}\n`);
  const { robust, plan } = await running(flags, (options) => runRobust(spec, options));
  if (robust === null) {
    process.exitCode = INTERRUPTED_EXIT;
    return;
  }
  const chart = () => drawChart(flags, () => new RobustResult(plan, robust).map());
  if (flags.json) {
    process.stdout.write(`${printableJson({ plan: { kind: "robust", ...plan }, result: robust })}\n`);
    return chart();
  }
  const table = flags.byPoint
    ? [POINT_HEAD, ...robust.results.map((point) => pointCells(point, spec.statement.metric))]
    : [KNOB_HEAD, ...robust.knobs.flatMap(knobCells)];
  process.stdout.write(
    `${[robustTitle(robust), ...aboutRobust(plan)].join("\n")}\n${aligned(table)}\n${robustNotes(robust).join("\n")}\nresults ${robust.resultsHash}\n`,
  );
  await chart();
}
