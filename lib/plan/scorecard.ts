/** A scorecard as a plan: a comparison, and the adapter and processor that use the memory. */
import { PATTERN_NAMES } from "../hardware/access-pattern";
import { CPU_TLB_NAMES } from "../hardware/cpu-tlb-data";
import { RDMA_ADAPTER_NAMES } from "../hardware/rdma-adapter-data";
import { check } from "../schema/check";
import {
  type Fields,
  filled,
  type InOf,
  literal,
  name,
  type ObjectField,
  type OutOf,
  object,
  text,
} from "../schema/field";
import { fieldPath, type Locate } from "../schema/place";
import { COMPARISON_FIELDS } from "./comparison";
import { FORMAT } from "./run";

export const SCORECARD_DEFAULTS = {
  adapter: "connectx-5",
  cpu: "skylake-sp",
  pattern: "uniform",
} as const;

/** The adapter and the processor that use the memory, and how they access it. */
export const HARDWARE_FIELDS = {
  adapter: filled(name("the RDMA adapter", RDMA_ADAPTER_NAMES, { default: SCORECARD_DEFAULTS.adapter })),
  cpu: filled(name("the processor", CPU_TLB_NAMES, { default: SCORECARD_DEFAULTS.cpu })),
  pattern: filled(
    name("how adapter and processor access the memory", PATTERN_NAMES, {
      default: SCORECARD_DEFAULTS.pattern,
    }),
  ),
} satisfies Fields;

export const HARDWARE = object("hardware of a scorecard", HARDWARE_FIELDS);

/** Names of hardware models, each with its default. */
export interface Hardware extends OutOf<typeof HARDWARE_FIELDS> {}
export type ScorecardOptions = InOf<typeof HARDWARE_FIELDS>;

/** Throws InputError for an unknown name, listing the known ones. */
export function parseHardware(given: unknown): Hardware {
  return check(HARDWARE, given);
}

export const SCORECARD_FIELDS = {
  kind: filled(literal("scorecard")),
  scenario: filled(text("name of the comparison", { default: "scorecard", flag: "scenario" })),
  ...COMPARISON_FIELDS,
  ...HARDWARE_FIELDS,
} satisfies Fields;

const FILE_FIELDS = { format: FORMAT, ...SCORECARD_FIELDS } satisfies Fields;

export interface ScorecardField extends ObjectField<typeof FILE_FIELDS> {}

export const SCORECARD: ScorecardField = object(
  "every way to serve a request, its price, and a front",
  FILE_FIELDS,
);

/** Everything needed to compute the scorecard again. */
export interface ScorecardPlan extends OutOf<typeof SCORECARD_FIELDS> {}
export type ScorecardIn = InOf<typeof FILE_FIELDS>;

/**
 * Checks a plan of a scorecard.
 * @example
 * ```ts
 * import { parseScorecard } from "pageblock";
 *
 * const plan = parseScorecard({
 *   machine: { board: "pc-x86-64", memory: "4GiB" },
 *   strategies: ["map-contig"],
 *   request: { size: "1GiB" },
 *   adapter: "connectx-4",
 * });
 * plan.request.bytes; // => 1073741824
 * ```
 */
export function parseScorecard(value: unknown, locate: Locate = fieldPath): ScorecardPlan {
  const { format: _format, ...plan } = check(SCORECARD, value, locate);
  return plan;
}
