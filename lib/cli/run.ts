/** `pageblock run plan.json`: one plan, its outcome. */
import type { Command } from "commander";
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { runAll } from "../experiment/compare";
import { planHash } from "../experiment/plan";
import { isOutcome, readRun } from "../experiment/run-text";
import { timeText } from "../experiment/texts";
import { parsePlan, withDefaults } from "../plan/run";
import type { Locate } from "../schema/place";
import { readPlanFile } from "../schema/plan-file";
import { refusedField } from "../strategy/request-check";
import { INTERRUPTED_EXIT, type RunningFlags, running, wholeNumber, withRunningOptions } from "./running";

export function register(program: Command): void {
  withRunningOptions(program.command("run"))
    .description("run one plan and print its outcome")
    .argument("<plan>", "a plan as JSON or YAML")
    .option("--seed <n>", "another seed than the plan's", wholeNumber)
    .action(async (file: string, flags: RunningFlags & { seed?: number }) => {
      const { value, locate } = readPlanFile(file);
      const read = parsePlan(value, locate);
      const plan = parsePlan({ ...read, seed: flags.seed ?? read.seed });
      let text: string | null = null;
      await running(flags, (options) => runAll([plan], 1, options, (run) => (text = run.text)));
      if (text === null) {
        process.exitCode = INTERRUPTED_EXIT;
        return;
      }
      const outcome = readRun(text);
      if (!isOutcome(outcome)) throw new InputError(`${file}: ${outcome.error}`);
      if (flags.json) {
        process.stdout.write(`${canonicalJson({ ...outcome, asked: withDefaults(plan) })}\n`);
        return;
      }
      const { granted, latencyNs } = outcome.requests;
      const lines = [
        `plan      ${planHash(plan)}`,
        `strategy  ${plan.strategy.name}, seed ${plan.seed}`,
        `granted   ${granted.filter((g) => g === 1).length} of ${granted.length}`,
        `time      ${timeText(Math.max(...latencyNs))} at most (modelled)`,
        ...Object.entries(outcome.metrics).map(([name, n]) => `${name.padEnd(20)} ${n}`),
        ...outcome.failures.map(
          (f) => `request ${f.request + 1} failed: ${placeOf(f.data, locate)}${f.text}`,
        ),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

/** Where the plan asks for what no machine of the kind can serve: `plan.yaml:4: request.size: `. */
function placeOf(data: unknown, locate: Locate): string {
  const field = refusedField(data)?.field;
  return field === undefined ? "" : `${locate(["request", field])}: `;
}
