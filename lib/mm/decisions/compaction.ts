/** What a change decides about compaction: which blocks it empties and fills, when it runs and when it ends. */
import { wmarkPages } from "../allocation/zone-watermark";
import { COMPACT_CONTINUE, COMPACT_SKIPPED, COMPACT_SUCCESS } from "../compaction/compact-result";
import { fragmentationIndex } from "../reports/fragmentation-index";
import {
  type CompactionBlockGiven,
  type CompactMode,
  type FinishedGiven,
  type SuitableGiven,
  TYPE_WORDS,
} from "../state/decisions";
import { nrFreePagesBlocks } from "../state/free-area";
import type { Memory } from "../state/memory";
import { WMARK_HIGH, type Zone } from "../state/zone";

/** A run of compaction, as far as decisions are concerned. */
export interface Run {
  readonly zone: Zone;
  readonly order: number;
  readonly migratetype: number;
  /** enum migrate_mode. */
  readonly mode: number;
  readonly direct: boolean;
  readonly proactive: boolean;
  readonly ignoreBlockSuitable: boolean;
  readonly migratePfn: number;
  readonly freePfn: number;
}

const MODES: readonly CompactMode[] = ["async", "sync-light", "sync"];

/** Whether one page fills the block; whether the block comes from a search of the free lists. */
export interface BlockFacts {
  readonly wholeBlock: boolean;
  readonly fast: boolean;
}

function blockGiven(m: Memory, cc: Run, blockPfn: number, facts: BlockFacts): CompactionBlockGiven {
  return {
    zone: cc.zone.name,
    node: cc.zone.nid,
    blockPfn,
    blockType: TYPE_WORDS[m.blockType(blockPfn)]!,
    blockPages: m.pageblockPages,
    order: cc.order,
    type: TYPE_WORDS[cc.migratetype]!,
    mode: MODES[cc.mode]!,
    direct: cc.direct,
    anyType: cc.ignoreBlockSuitable,
    ...facts,
  };
}

/** suitable_migration_source(). */
export function takesSource(m: Memory, cc: Run, block: number, facts: BlockFacts): boolean {
  return m.change!.compactionSource!(blockGiven(m, cc, block, facts));
}

/** suitable_migration_target(). */
export function takesTarget(m: Memory, cc: Run, block: number, facts: BlockFacts): boolean {
  return m.change!.compactionTarget!(blockGiven(m, cc, block, facts));
}

const SUITABLE = { success: COMPACT_SUCCESS, skipped: COMPACT_SKIPPED, continue: COMPACT_CONTINUE } as const;

/** compaction_suitable(): a COMPACT_ number. */
export function suits(
  m: Memory,
  zone: Zone,
  order: number,
  facts: Pick<SuitableGiven, "markMet" | "hasRoom" | "costly">,
): number {
  const word = m.change!.compactionSuitable!({
    zone: zone.name,
    node: zone.nid,
    order,
    freePages: Math.max(0, zone.nrFreePages),
    index: fragmentationIndex(zone.nrFree, order),
    threshold: m.extfragThreshold,
    ...facts,
  });
  return SUITABLE[word];
}

/** compact_finished() of a run whose scanners have not met: whether it ends. */
export function endsRun(
  m: Memory,
  cc: Run,
  facts: Pick<FinishedGiven, "score" | "scoreGoal" | "pageFree">,
): boolean {
  const word = m.change!.compactionFinished!({
    zone: cc.zone.name,
    node: cc.zone.nid,
    order: cc.order,
    type: TYPE_WORDS[cc.migratetype]!,
    direct: cc.direct,
    proactive: cc.proactive,
    atBlockEnd: cc.migratePfn % m.pageblockPages === 0,
    migratePfn: cc.migratePfn,
    freePfn: cc.freePfn,
    freePages: Math.max(0, cc.zone.nrFreePages),
    freeBlockPages: nrFreePagesBlocks(m, cc.zone),
    highPages: wmarkPages(cc.zone, WMARK_HIGH),
    ...facts,
  });
  return word === "success";
}

/** compaction_deferred(): whether this attempt is skipped. */
export function skipsAttempt(m: Memory, zone: Zone, order: number): boolean {
  const { considered, deferShift, orderFailed } = zone.compact;
  const { name, nid: node } = zone;
  return m.change!.compactionDeferred!({ zone: name, node, order, considered, deferShift, orderFailed });
}
