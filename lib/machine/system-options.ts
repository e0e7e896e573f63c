/** The options of a running machine: their meaning, defaults and limits. */
import { InputError, unknownName } from "../base/errors";
import { THP_DEFRAG_MODES } from "../mm/allocation/thp";
import { readField, spellings } from "../schema/check";
import { withDefaults } from "../schema/defaults";
import {
  type Fields,
  name,
  type ObjectField,
  type OutOf,
  object,
  optional,
  size,
  truth,
  whole,
} from "../schema/field";
import { FieldError, fieldPath } from "../schema/place";

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
  smp: optional(
    truth(
      "rules and movements that show only with several CPUs: tasks and interrupts on CPUs of their own, frees on others, each CPU's own counters",
      { default: false, source: "rules: mm/vmstat.c, mm/page_alloc.c; movements: modelling choice" },
    ),
  ),
  kswapdLag: optional(
    whole(
      "requests of pages between waking kswapd and its work: it runs on another CPU, after what is queued there; a few thousand are a millisecond of four busy CPUs",
      "requests",
      { most: 2 ** 20, default: 0, source: "modelling choice" },
    ),
  ),
} satisfies Fields;

/** Fields of earlier plans, and why each is gone. */
export const SYSTEM_GONE: Readonly<Record<string, string>> = {
  granuleOrder:
    "machines of every size work page by page now: leave it out, and run the plan again: what a machine with granules granted is not comparable",
};

/** Fields that plans had here, and where they belong now: both are read. */
export const MOVED_SETTINGS = { "system.proactiveness": "machine.compactionProactiveness" } as const;

export interface SystemField extends ObjectField<typeof SYSTEM_FIELDS> {}

export const SYSTEM: SystemField = object("mechanisms and swap of the running machine", SYSTEM_FIELDS, {
  gone: SYSTEM_GONE,
});

export interface SystemOptions extends OutOf<typeof SYSTEM_FIELDS> {}

/** What the engine takes beside the fields of plans. */
export interface EngineOptions extends SystemOptions {
  /** Many pages at once as one operation; default true. False: page by page, which leaves the same machine. For debugging. */
  bulk?: boolean;
  /** Draws where things are in a machine with a state; default 1. A seed in the state itself goes first. */
  placement?: number;
  /** Is given a machine with a change as soon as the change is at work, before the kernel has taken its own pages. */
  watch?: (system: never) => void;
}

/** Every option of a running machine with its value; mobility grouping may be the machine's to decide. */
export type ResolvedSystemOptions = Required<Omit<EngineOptions, "mobilityGrouping" | "watch">> &
  Pick<SystemOptions, "mobilityGrouping">;

/** The options with their defaults; throws InputError for one that does not exist or whose value is out of range. */
export function checkedSystemOptions({
  bulk = true,
  placement = 1,
  watch: _watch,
  ...options
}: EngineOptions): ResolvedSystemOptions {
  for (const [option, value] of Object.entries(options))
    if (!spellings(SYSTEM_FIELDS).has(option) && !Object.hasOwn(SYSTEM_GONE, option))
      throw unknownName("option of a running machine", option, Object.keys(SYSTEM_FIELDS));
    else if (value === undefined) throw new InputError(`option ${option}: must have a value`);
  try {
    const read = readField(SYSTEM, options, []) as SystemOptions;
    // Filled in: what is left open is the machine's to decide.
    return { ...(withDefaults(SYSTEM_FIELDS, read) as ResolvedSystemOptions), bulk, placement };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new InputError(`option ${fieldPath(error.path, error.key)}: ${error.message}`);
  }
}
