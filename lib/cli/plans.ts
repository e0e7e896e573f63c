/** `pageblock steps`, `tlb-curve`, …: kinds of plans whose result is printed as JSON. */

import type { Command } from "commander";
import { printableJson } from "../base/printable";
import { PLAN_KINDS } from "../plan/kinds";
import { check } from "../schema/check";
import { type DryRunFlags, tellWeight, withDryRun } from "./dry-run";
import { type GivenFlags, withPlanFlags, writtenWith } from "./plan-flags";

/** Kinds with a command of their own, which prints results for people. */
const ELSEWHERE = new Set(["run", "comparison", "compare-kernels", "sweep", "robust", "scorecard", "boot"]);

/** Kinds of plans whose commands this file registers. */
export const PLAIN_KINDS = PLAN_KINDS.filter(({ name }) => !ELSEWHERE.has(name));

export function register(program: Command): void {
  for (const { name, doc, statement } of PLAIN_KINDS)
    withPlanFlags(withDryRun(program.command(name)), name)
      .description(`run a plan of this kind and print its result as JSON: ${doc}`)
      .argument("[plan]", "a plan as JSON or YAML")
      .action(async (file: string | undefined, given: GivenFlags & DryRunFlags) => {
        const { value, locate } = writtenWith(name, file, given);
        const plan = { ...(check(statement, value, locate) as object), kind: name };
        if (given.dryRun === true) return tellWeight([plan]);
        // Loaded here, so that command-line completion does not load every engine.
        const { runPlan } = require("../report/plan-kinds") as typeof import("../report/plan-kinds");
        const printed = given.printPlan === true ? plan : await runPlan(plan);
        process.stdout.write(`${printableJson(printed, 2)}\n`);
      });
}
