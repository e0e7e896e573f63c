/** The options of a running machine, their defaults and limits. */
import { InputError, unknownName } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import { THP_DEFRAG_MODES, type ThpDefrag } from "../mm/allocation/thp";
import { MAX_GRANULE_ORDER } from "./granules";

/** Mechanisms of the kernel, and what else a running machine is given. `false` switches a mechanism off. */
export interface SystemOptions {
  /** kswapd, direct reclaim, and dropping clean file pages in contiguous requests; default true. */
  reclaim?: boolean;
  /** Direct compaction, kcompactd and proactive compaction; default true. */
  compaction?: boolean;
  /** Moving pages at all, in compaction and in contiguous requests; default true. */
  migration?: boolean;
  /** Grouping of page blocks by mobility; default as the machine decides at boot. */
  mobilityGrouping?: boolean;
  /** Per-CPU page lists; default true. */
  pcp?: boolean;
  /** Swap space in bytes; default 0. */
  swapBytes?: number;
  /** /sys/kernel/mm/transparent_hugepage/defrag; default madvise. */
  thpDefrag?: ThpDefrag;
  /** vm.compaction_proactiveness, 0 to 100; default 20. */
  proactiveness?: number;
  /**
   * Requests of pages between waking kswapd and its work: it runs on another CPU, after what is queued there; default 0: at once.
   * A few thousand are a millisecond of four busy CPUs. A modelling choice.
   */
  kswapdLag?: number;
  /** Order of the pieces in which workloads take movable memory; default by the size of memory (granules.ts). */
  granuleOrder?: number;
}

/** Every option of a running machine with its value; mobility grouping and granule order may be the machine's to decide. */
export type ResolvedSystemOptions = Required<Omit<SystemOptions, "mobilityGrouping" | "granuleOrder">> &
  Pick<SystemOptions, "mobilityGrouping" | "granuleOrder">;

const DEFAULTS = {
  reclaim: true,
  compaction: true,
  migration: true,
  pcp: true,
  swapBytes: 0,
  thpDefrag: "madvise" as ThpDefrag,
  proactiveness: 20,
  kswapdLag: 0,
};

/** The options with their defaults; throws InputError for one that does not exist or whose value is out of range. */
export function checkedSystemOptions(options: SystemOptions): ResolvedSystemOptions {
  const o = { ...DEFAULTS, ...options };
  if (!THP_DEFRAG_MODES.includes(o.thpDefrag))
    throw unknownName("THP defrag mode", String(o.thpDefrag), [...THP_DEFRAG_MODES]);
  if (!Number.isInteger(o.proactiveness) || o.proactiveness < 0 || o.proactiveness > 100)
    throw new InputError(
      `compaction proactiveness: must be a whole number from 0 to 100: got ${o.proactiveness}`,
    );
  if (!Number.isInteger(o.kswapdLag) || o.kswapdLag < 0 || o.kswapdLag > 2 ** 20)
    throw new InputError(
      `kswapdLag: must be a whole number of requests from 0 to 1048576: got ${o.kswapdLag}`,
    );
  const k = o.granuleOrder ?? 0;
  if (!Number.isInteger(k) || k < 0 || k > MAX_GRANULE_ORDER)
    throw new InputError(`granule order: must be a whole number from 0 to ${MAX_GRANULE_ORDER}: got ${k}`);
  parseSize(o.swapBytes as Size, "swap");
  for (const [name, value] of Object.entries(options))
    if (!Object.hasOwn(DEFAULTS, name) && name !== "mobilityGrouping" && name !== "granuleOrder")
      throw unknownName("option of a running machine", name, [
        ...Object.keys(DEFAULTS),
        "mobilityGrouping",
        "granuleOrder",
      ]);
    else if (value === undefined) throw new InputError(`option ${name}: must have a value`);
  return o;
}
