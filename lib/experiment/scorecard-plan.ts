/**
 * A scorecard as a plan: what is compared, and the hardware at both ends of the memory by name. Checked as plans from strangers are;
 * a name that is not known is answered with those that are.
 */
import { DEFAULT_PATTERNS, type PatternName } from "../hardware/access-pattern";
import { CPU_TLB_NAMES } from "../hardware/cpu-tlb-data";
import { RDMA_ADAPTER_NAMES } from "../hardware/rdma-adapter-data";
import type { ComparisonSpec } from "./comparison";
import { parseComparison } from "./experiment-file";
import { fields, oneOf } from "./schema-fields";
import { parseWith } from "./schema-read";
import { SCORECARD_DEFAULTS, type ScorecardOptions, scorecardHere } from "./scorecard";

/** Everything needed to make the scorecard again. */
export interface ScorecardPlan extends ComparisonSpec, Required<ScorecardOptions> {
  kind: "scorecard";
  /** What the comparison is called. */
  scenario: string;
}

const { adapter, cpu, pattern } = SCORECARD_DEFAULTS;
const hardware = fields("scorecard", {
  adapter: oneOf("adapter", RDMA_ADAPTER_NAMES).default(adapter),
  cpu: oneOf("cpu", CPU_TLB_NAMES).default(cpu),
  pattern: oneOf("pattern", Object.keys(DEFAULT_PATTERNS) as PatternName[]).default(pattern),
});

/** Names of hardware models, each with its default. Throws InputError listing the known ones. */
export function parseHardware(given: {
  adapter?: string | undefined;
  cpu?: string | undefined;
  pattern?: string | undefined;
}): Required<ScorecardOptions> {
  return parseWith(hardware, given) as Required<ScorecardOptions>;
}

/** Checks a plan of a scorecard: the fields of a comparison, `adapter`, `cpu` and `pattern`. */
export function parseScorecard(plan: Readonly<Record<string, unknown>>): ScorecardPlan {
  const { kind: _kind, scenario, adapter, cpu, pattern, ...rest } = plan as Record<string, never>;
  return {
    kind: "scorecard",
    scenario: typeof scenario === "string" ? scenario : "scorecard",
    ...parseComparison(rest),
    ...parseHardware({ adapter, cpu, pattern }),
  };
}

/** Makes it here and now: the same plan gives the same scorecard everywhere. */
export function runScorecard({ kind: _kind, scenario, adapter, cpu, pattern, ...spec }: ScorecardPlan) {
  return scorecardHere(scenario, spec, { adapter, cpu, pattern });
}
