/** `--dry-run`: what plans weigh, told in place of running them. */
import type { Command } from "commander";
import { sumBy } from "lodash";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";
import type { PlansWeight } from "../experiment/plans-weight";

export interface DryRunFlags {
  dryRun?: boolean;
}

export function withDryRun(command: Command): Command {
  return command.option("--dry-run", "print how much memory and time the plans may take, and run nothing");
}

/** Prints what plans of any kind weigh together; `what` they are, default their kind. */
export function tellWeight(plans: readonly unknown[], what?: string): void {
  // Loaded here: other uses of the commands run no plan of another kind.
  const { planKindOf, planWeight } = require("../report/plan-kinds") as typeof import("../report/plan-kinds");
  tell(what ?? planKindOf(plans[0]).name, plans.map(planWeight));
}

/** Prints what the plans that a notebook or a write-up carries weigh. What else its cells run is not known before they run. */
export function tellStoredWeight(file: string): void {
  const { planWeight } = require("../report/plan-kinds") as typeof import("../report/plan-kinds");
  const { readStoredWriteUp } =
    require("../report/stored-write-up") as typeof import("../report/stored-write-up");
  const { runs } = readStoredWriteUp(file);
  const weights = runs.flatMap(({ run: { plan, sha256 } }) => {
    try {
      return [planWeight(plan)];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      process.stdout.write(`${sha256.slice(0, 16)}: cannot be run: ${printable(error.message)}\n`);
      return [];
    }
  });
  tell(`${file}: ${runs.length} results`, weights);
}

function tell(what: string, weights: readonly PlansWeight[]): void {
  const { weightText } = require("../experiment/plans-weight") as typeof import("../experiment/plans-weight");
  const weight = {
    plans: sumBy(weights, "plans"),
    bytes: weights.reduce((most, { bytes }) => Math.max(most, bytes), 0),
    seconds: sumBy(weights, "seconds"),
  };
  const many = weight.plans === 1 ? "" : `, ${weight.plans.toLocaleString("en-US")} runs`;
  process.stdout.write(`plan      ${what}${many}\n${weightText(weight)}\n`);
}
