/** The options of a running machine: their meaning, defaults and limits. */
import { InputError, unknownName } from "../base/errors";
import { THP_DEFRAG_MODES } from "../mm/allocation/thp";
import { readField, spellings } from "../schema/check";
import { withDefaults } from "../schema/defaults";
import { type Fields, name, type OutOf, object, optional, size, truth, whole } from "../schema/field";
import { FieldError, fieldPath } from "../schema/place";
import { MAX_GRANULE_ORDER } from "./granules";

/** Kernel mechanisms and other settings of a running machine. `false` switches a mechanism off. */
export const SYSTEM_FIELDS = {
  reclaim: optional(
    truth("kswapd, direct reclaim, and dropping clean file pages in contiguous requests", { default: true }),
  ),
  compaction: optional(truth("direct compaction, kcompactd and proactive compaction", { default: true })),
  migration: optional(
    truth("moving pages at all, in compaction and in contiguous requests", { default: true }),
  ),
  mobilityGrouping: optional(
    truth("grouping of page blocks by mobility", { default: "as the machine decides at boot" }),
  ),
  pcp: optional(truth("per-CPU page lists", { default: true })),
  swapBytes: optional(size("swap space", { word: "swap", default: 0 })),
  thpDefrag: optional(
    name("/sys/kernel/mm/transparent_hugepage/defrag", THP_DEFRAG_MODES, { default: "madvise" }),
  ),
  proactiveness: optional(whole("vm.compaction_proactiveness", "%", { most: 100, default: 20 })),
  kswapdLag: optional(
    whole(
      "requests of pages between waking kswapd and its work: it runs on another CPU, after what is queued there; a few thousand are a millisecond of four busy CPUs",
      "requests",
      { most: 2 ** 20, default: 0, source: "modelling choice" },
    ),
  ),
  granuleOrder: optional(
    whole("order of the pieces in which workloads take movable memory", "order", {
      most: MAX_GRANULE_ORDER,
      default: "by the size of memory",
      source: "modelling choice",
    }),
  ),
} satisfies Fields;

export const SYSTEM = object("mechanisms and swap of the running machine", SYSTEM_FIELDS);

export interface SystemOptions extends OutOf<typeof SYSTEM_FIELDS> {}

/** Every option of a running machine with its value; the machine may decide mobility grouping and granule order. */
export type ResolvedSystemOptions = Required<Omit<SystemOptions, "mobilityGrouping" | "granuleOrder">> &
  Pick<SystemOptions, "mobilityGrouping" | "granuleOrder">;

/** The options with defaults filled in; throws InputError if one does not exist or its value is out of range. */
export function checkedSystemOptions(options: SystemOptions): ResolvedSystemOptions {
  for (const [option, value] of Object.entries(options))
    if (!spellings(SYSTEM_FIELDS).has(option))
      throw unknownName("option of a running machine", option, Object.keys(SYSTEM_FIELDS));
    else if (value === undefined) throw new InputError(`option ${option}: must have a value`);
  try {
    // Filled in: the machine decides options left open.
    return withDefaults(
      SYSTEM_FIELDS,
      readField(SYSTEM, options, []) as SystemOptions,
    ) as ResolvedSystemOptions;
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new InputError(`option ${fieldPath(error.path)}: ${error.message}`);
  }
}
