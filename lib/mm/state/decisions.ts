/**
 * The decisions that a change may take in place of the kernel: what each is given, and what it answers. Types, lists and
 * modes are words here, frames and pages are numbers. A machine without a change has no decisions, and its code takes the
 * same path as before.
 */

/** Migrate types by number, as changes name them. */
export const TYPE_WORDS = ["unmovable", "movable", "reclaimable", "highatomic", "cma", "isolate"] as const;
export type TypeWord = (typeof TYPE_WORDS)[number];

/** What every decision about a zone knows of it. */
export interface ZoneGiven {
  readonly zone: string;
  readonly node: number;
}

export interface FallbackGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly freeBlocks: number;
}

export interface ShouldClaimGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly foundOrder: number;
  readonly blockOrder: number;
  readonly mobilityGrouping: boolean;
}

export interface ClaimGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly foundOrder: number;
  readonly pfn: number;
  readonly blockType: TypeWord;
  readonly blockPages: number;
  readonly freePages: number;
  readonly alikePages: number;
  readonly mobilityGrouping: boolean;
  readonly rule: "steal" | "claim";
}

export type ClaimWord = "claim" | "move" | "page" | "none";

export interface StealGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly foundOrder: number;
  readonly pageType: TypeWord;
  readonly pfn: number;
}

export interface FallbackPageGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly foundOrder: number;
  readonly pageType: TypeWord;
  readonly firstPfn: number;
  readonly zoneStartPfn: number;
  readonly zoneEndPfn: number;
  readonly blockPages: number;
}

export type FallbackPage = "first" | "lowest" | "highest" | { readonly from: number; readonly to: number };

export interface FreePageGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly cpu: number;
  readonly lastPfn: number;
  readonly lastOrder: number;
  readonly zoneStartPfn: number;
  readonly zoneEndPfn: number;
  readonly blockPages: number;
}

export interface ListEndGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly pfn: number;
  readonly toTail: boolean;
  readonly mergeLikely: boolean;
}

export interface ListsGiven extends ZoneGiven {
  readonly type: TypeWord;
  readonly order: number;
  readonly mayUseCma: boolean;
  readonly balance: boolean;
  readonly threshold: number;
  readonly freePages: number;
  readonly freeCmaPages: number;
}

export interface PcpSizeGiven extends ZoneGiven {
  readonly managedPages: number;
  readonly cpus: number;
  readonly batch: number;
  readonly high: number;
}

export interface PcpSize {
  readonly batch: number;
  readonly high: number;
}

/** The lists of one CPU. */
export interface PcpGiven extends ZoneGiven {
  readonly order: number;
  readonly count: number;
  readonly batch: number;
  readonly high: number;
  readonly highMin: number;
  readonly highMax: number;
  readonly freeFactor: number;
  readonly allocFactor: number;
  readonly freeCount: number;
  readonly belowHigh: boolean;
  readonly reclaiming: boolean;
  readonly autoTuned: boolean;
  readonly rule: "fixed" | "freeFactor" | "freeCount";
}

export interface PcpHighGiven extends PcpGiven {
  readonly drainsAll: boolean;
}

export interface PcpDrainGiven extends PcpHighGiven {
  readonly limit: number;
}

export type CompactMode = "async" | "sync-light" | "sync";

export interface CompactionBlockGiven extends ZoneGiven {
  readonly blockPfn: number;
  readonly blockType: TypeWord;
  readonly blockPages: number;
  readonly order: number;
  readonly type: TypeWord;
  readonly mode: CompactMode;
  readonly direct: boolean;
  readonly wholeBlock: boolean;
  readonly anyType: boolean;
  readonly fast: boolean;
}

export interface SuitableGiven extends ZoneGiven {
  readonly order: number;
  readonly freePages: number;
  readonly markMet: boolean;
  readonly hasRoom: boolean;
  readonly costly: boolean;
  readonly index: number;
  readonly threshold: number;
}

export type SuitableWord = "success" | "skipped" | "continue";

export interface FinishedGiven extends ZoneGiven {
  readonly order: number;
  readonly type: TypeWord;
  readonly direct: boolean;
  readonly proactive: boolean;
  readonly score: number;
  readonly scoreGoal: number;
  readonly atBlockEnd: boolean;
  readonly pageFree: boolean;
  readonly migratePfn: number;
  readonly freePfn: number;
  readonly freePages: number;
  readonly freeBlockPages: number;
  readonly highPages: number;
}

export interface DeferredGiven extends ZoneGiven {
  readonly order: number;
  readonly considered: number;
  readonly deferShift: number;
  readonly orderFailed: number;
}

export interface ContigSearchGiven extends ZoneGiven {
  readonly pages: number;
  readonly blockPages: number;
  readonly zoneStartPfn: number;
  readonly zoneEndPfn: number;
}

export interface ContigSearch {
  readonly from: "lowest" | "highest";
  readonly unit: number;
}

export interface WatermarkGiven extends ZoneGiven {
  readonly order: number;
  readonly freePages: number;
  readonly unusablePages: number;
  readonly markPages: number;
  readonly reservePages: number;
  readonly pageFree: boolean;
  readonly shortcut: boolean;
}

export interface BoostGiven extends ZoneGiven {
  readonly boost: number;
  readonly blockPages: number;
  readonly most: number;
}

export interface ReclaimGiven {
  readonly node: number;
  readonly list: "file" | "anon" | "slab";
  readonly priority: number;
  readonly goal: number;
  readonly reclaimed: number;
  readonly inactivePages: number;
  readonly activePages: number;
  readonly freeSwapPages: number;
}

/** What kswapd and kcompactd are woken for. */
interface TaskGiven {
  readonly node: number;
  readonly order: number;
  readonly blockOrder: number;
  readonly mostOrder: number;
  readonly highestZone: string;
}

export interface KswapdGiven extends TaskGiven {
  readonly balanced: boolean;
  readonly boosted: boolean;
  readonly failures: number;
}

export interface ZoneDoneGiven extends ZoneGiven {
  readonly order: number;
  readonly blockOrder: number;
  readonly when: "wake" | "work" | "sleep";
  readonly freePages: number;
  readonly freeBlockPages: number;
  readonly highPages: number;
  readonly boost: number;
  readonly reclaimed: number;
  readonly markMet: boolean;
}

export interface KcompactdGiven extends TaskGiven {
  readonly by: "boost" | "sleep";
  readonly suitable: boolean;
}

export interface ProactiveGiven {
  readonly node: number;
  readonly score: number;
  readonly threshold: number;
  readonly proactiveness: number;
}

/** What each decision point is given and what it answers. */
export interface Points {
  fallbackOrder: { given: FallbackGiven; answer: readonly TypeWord[] };
  shouldClaim: { given: ShouldClaimGiven; answer: boolean };
  claimBlock: { given: ClaimGiven; answer: ClaimWord };
  stealPage: { given: StealGiven; answer: boolean };
  fallbackPage: { given: FallbackPageGiven; answer: FallbackPage };
  freePage: { given: FreePageGiven; answer: FallbackPage };
  listEnd: { given: ListEndGiven; answer: "head" | "tail" };
  lists: { given: ListsGiven; answer: readonly TypeWord[] };
  pcpSize: { given: PcpSizeGiven; answer: PcpSize };
  pcpRefill: { given: PcpGiven; answer: number };
  pcpHigh: { given: PcpHighGiven; answer: number };
  pcpDrain: { given: PcpDrainGiven; answer: number };
  compactionSource: { given: CompactionBlockGiven; answer: boolean };
  compactionTarget: { given: CompactionBlockGiven; answer: boolean };
  compactionSuitable: { given: SuitableGiven; answer: SuitableWord };
  compactionFinished: { given: FinishedGiven; answer: "continue" | "success" };
  compactionDeferred: { given: DeferredGiven; answer: boolean };
  contigSearch: { given: ContigSearchGiven; answer: ContigSearch };
  watermark: { given: WatermarkGiven; answer: boolean };
  watermarkBoost: { given: BoostGiven; answer: number };
  reclaimPriority: { given: ReclaimGiven; answer: number };
  kswapdWake: { given: KswapdGiven; answer: number };
  kswapdBalanced: { given: ZoneDoneGiven; answer: boolean };
  kcompactdWake: { given: KcompactdGiven; answer: number };
  kcompactdProactive: { given: ProactiveGiven; answer: boolean };
}

/** Answers that were checked already; a point that is absent is decided by the kernel. */
export type Decisions = {
  readonly [P in keyof Points]?: (given: Points[P]["given"]) => Points[P]["answer"];
} & {
  /** Called between two requests of a running machine, when no operation is under way: checks its laws. */
  between?: () => void;
};
