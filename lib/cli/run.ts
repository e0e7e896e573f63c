/** `pageblock run plan.json`: runs one plan and prints its outcome. */

import type { Command } from "commander";
import { aligned, leftAligned } from "../base/aligned";
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { printableJson, printableJsonText } from "../base/printable";
import { countTexts, idleText } from "../change/counts";
import { runAll } from "../experiment/compare";
import { runCostNotes } from "../experiment/cost-notes";
import {
  fallbackRows,
  freeBlocksRows,
  METRICS_HEAD,
  metricRows,
  orderRows,
  probeRows,
} from "../experiment/metrics-text";
import { type Outcome, planHash } from "../experiment/plan";
import { listed } from "../experiment/plans";
import { isOutcome, readRun } from "../experiment/run-text";
import { timeText } from "../experiment/texts";
import { parsePlan, RUN_FIELDS, withDefaults } from "../plan/run";
import type { Locate } from "../schema/place";
import { asWritten } from "../schema/plan-file";
import { refusedField } from "../strategy/request-check";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";
import { INTERRUPTED_EXIT, type RunningFlags, running, withRunningOptions } from "./running";

export function register(program: Command): void {
  withPlanFlags(withDryRun(withRunningOptions(program.command("run"))), "run")
    .description("run one plan and print its outcome")
    .argument("[plan]", "a plan as JSON or YAML; flags replace its fields, or make a plan")
    .action(async (file: string | undefined, flags: RunningFlags & GivenFlags & DryRunFlags) => {
      const { value, locate } = writtenWith("run", file, flags);
      const plan = parsePlan(value, locate);
      if (flags.printPlan === true) {
        process.stdout.write(`${printableJson(plan, 2)}\n`);
        return;
      }
      if (flags.dryRun === true) return tellWeight([plan], planHash(plan));
      let text: string | null = null;
      await running(flags, (options) => runAll(listed([plan]), options, (run) => (text = run.text)));
      if (text === null) {
        process.exitCode = INTERRUPTED_EXIT;
        return;
      }
      const outcome = readRun(text);
      if (!isOutcome(outcome)) throw new InputError(`${file ?? "plan"}: ${outcome.error}`);
      if (flags.json) {
        process.stdout.write(
          `${printableJsonText(canonicalJson({ ...outcome, asked: withDefaults(plan) }))}\n`,
        );
        return;
      }
      const { granted, latencyNs } = outcome.requests;
      const lines = [
        `plan      ${planHash(plan)}`,
        `strategy  ${plan.strategy.name}, seed ${plan.seed}`,
        `granted   ${granted.filter((g) => g === 1).length} of ${granted.length}`,
        `time      ${timeText(largestOf(latencyNs))} at most (modelled)`,
        ...runCostNotes(plan).map((line) => `          ${line}`),
        ...decisionLines(outcome),
        "",
        leftAligned([METRICS_HEAD, ...metricRows(outcome)]),
        ...recordedTables(outcome),
        ...outcome.failures.map(
          (f) => `request ${f.request + 1} failed: ${placeOf(f.data, value, locate)}${f.text}`,
        ),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

/** What a change decided: a line a point, and whether that can have had an effect. */
function decisionLines({ decisions }: Outcome): string[] {
  if (decisions === undefined) return [];
  const idle = idleText(decisions);
  return [...countTexts(decisions), ...(idle === null ? [] : [idle])].map(
    (line, i) => `${i === 0 ? "change" : ""}`.padEnd(10) + line,
  );
}

/** What a run with a record has in tables, each after an empty line. */
function recordedTables(outcome: Outcome): string[] {
  const { rows, note } = fallbackRows(outcome);
  const fallbacks = rows.length === 0 ? [] : ["", "fallbacks by kind", leftAligned(rows)];
  const tables = [probeRows(outcome), freeBlocksRows(outcome), orderRows(outcome)];
  return [
    ...tables.filter((table) => table.length > 0).flatMap((table) => ["", aligned(table)]),
    ...fallbacks,
    ...(note === null ? [] : [note]),
    ...(outcome.recorded === undefined ? [] : ["", "series over time: --json, or a chart of a script"]),
  ];
}

/** The place of a field that asks for more than the machine has: `plan.yaml:4: request.size: `. */
function placeOf(data: unknown, value: unknown, locate: Locate): string {
  const field = refusedField(data)?.field;
  return field === undefined ? "" : `${locate(asWritten(RUN_FIELDS, value, ["request", field]))}: `;
}
