/**
 * Writes what follows from the points of the stored results of docs/robustness anew, after a change of how it is told; no plan is run:
 * `node --require ./test/support/register.cjs test/support/robust-ranges.ts`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { knobsOf } from "../../lib/experiment/robust-knobs";
import { robustOutcome } from "../../lib/experiment/robust-table";
import { CLAIMS_FILE, ROBUST_NAMES, robustResult, storeResult, withRanges } from "./robustness";

for (const name of ROBUST_NAMES) {
  const stored = robustResult(name);
  if (stored === undefined) continue;
  const { plan, result } = stored;
  const again = robustOutcome(plan, { knobs: knobsOf(plan.over), count: result.points }, result);
  storeResult(name, plan, again);
}
writeFileSync(CLAIMS_FILE, withRanges(readFileSync(CLAIMS_FILE, "utf8")));
