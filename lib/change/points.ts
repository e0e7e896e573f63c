/** Every decision point of the engine. Code, checks and docs/changes.md are made from this list. */
import type { Point } from "./point";
import {
  COMPACTION_DEFERRED,
  COMPACTION_FINISHED,
  COMPACTION_SOURCE,
  COMPACTION_SUITABLE,
  COMPACTION_TARGET,
} from "./points/compaction";
import { KCOMPACTD_PROACTIVE, KCOMPACTD_WAKE, KSWAPD_BALANCED, KSWAPD_WAKE } from "./points/daemons";
import {
  CLAIM_BLOCK,
  FALLBACK_ORDER,
  FALLBACK_PAGE,
  FREE_PAGE,
  LIST_END,
  LISTS,
  SHOULD_CLAIM,
  STEAL_PAGE,
} from "./points/fallback";
import { PCP_DRAIN, PCP_HIGH, PCP_REFILL, PCP_SIZE } from "./points/per-cpu";
import { CONTIG_SEARCH, RECLAIM_PRIORITY, WATERMARK, WATERMARK_BOOST } from "./points/room";
import type { PointName } from "./types";

export type { PointName };

/** By name, in the order of docs/changes.md. */
export const POINTS: { readonly [P in PointName]: Point<P> } = {
  fallbackOrder: FALLBACK_ORDER,
  shouldClaim: SHOULD_CLAIM,
  claimBlock: CLAIM_BLOCK,
  stealPage: STEAL_PAGE,
  fallbackPage: FALLBACK_PAGE,
  lists: LISTS,
  freePage: FREE_PAGE,
  listEnd: LIST_END,
  pcpSize: PCP_SIZE,
  pcpRefill: PCP_REFILL,
  pcpHigh: PCP_HIGH,
  pcpDrain: PCP_DRAIN,
  compactionSource: COMPACTION_SOURCE,
  compactionTarget: COMPACTION_TARGET,
  compactionSuitable: COMPACTION_SUITABLE,
  compactionFinished: COMPACTION_FINISHED,
  compactionDeferred: COMPACTION_DEFERRED,
  contigSearch: CONTIG_SEARCH,
  watermark: WATERMARK,
  watermarkBoost: WATERMARK_BOOST,
  reclaimPriority: RECLAIM_PRIORITY,
  kswapdWake: KSWAPD_WAKE,
  kswapdBalanced: KSWAPD_BALANCED,
  kcompactdWake: KCOMPACTD_WAKE,
  kcompactdProactive: KCOMPACTD_PROACTIVE,
};

export const POINT_NAMES = Object.keys(POINTS) as PointName[];
