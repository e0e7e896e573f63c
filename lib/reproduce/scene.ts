/**
 * What a plan's machine looks like when its requests begin: pages by kind beside those of the boot, free memory by size, pins, and
 * how much was turned over. The model runs the plan's workload for it; the amounts of a real machine follow from the shares.
 */
import { sum } from "lodash";
import { assert } from "../base/errors";
import type { Outcome } from "../experiment/plan";
import { readPlanInputs } from "../experiment/plan-inputs";
import { type RunLook, runLookedAt } from "../experiment/run";
import type { System } from "../machine/system";
import { holderFlows } from "../metrics/holders";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import { heldPages, type OwnerKind, orderInUse } from "../mm/state/owners";
import type { Plan } from "../plan/run";
import { pollution } from "../workload/pollution";

/** Lists and page blocks of a machine at one moment, as a real machine's buddyinfo and pagetypeinfo say them too. */
export interface StateFigures {
  /** Free pages as a share of managed ones. */
  free: number;
  /** Share of free memory in pieces smaller than a page block (0: none). */
  unusable: number;
  /** Page blocks by migrate type, as shares of all; those of no block are left out. */
  blocks: Readonly<Record<string, number>>;
}

/** The state that a plan's workload leaves. Pages of 4 KiB or whatever the plan's machine has. */
export interface Scene {
  pageBytes: number;
  blockBytes: number;
  managedPages: number;
  /** Pages in use that were not in use after the boot, by kind. */
  added: Readonly<Partial<Record<OwnerKind, number>>>;
  /** Free pages in pieces smaller than a page block. */
  scatteredPages: number;
  pinnedPages: number;
  /** Pages that their owners freed while the workload ran, and file pages that reclaim dropped. */
  freedPages: number;
  droppedPages: number;
  /** Huge pages that faults of the workload got. */
  hugeFaults: number;
  /** Share of page blocks that hold a page which does not move. */
  polluted: number;
  booted: StateFigures;
  aged: StateFigures;
}

/** A run of a plan, and what its machine looked like when its requests began. */
export interface SeenRun {
  scene: Scene;
  outcome: Outcome;
}

/** Groups of a record with what a real machine counts too. */
const COUNTED_TOO = ["fallbacks", "compaction", "hugePages", "reclaim"] as const;

/** What the plan records, and those groups. */
function recordOf({ record }: Plan): NonNullable<Plan["record"]> {
  if (record !== undefined && record.metrics === undefined) return record;
  return { ...record, metrics: [...new Set([...(record?.metrics ?? []), ...COUNTED_TOO])] };
}

/** Runs a plan, and records what a real machine counts too. Throws InputError for a plan that cannot be run. */
export function seenRun(plan: Plan): SeenRun {
  const look = new SceneLook();
  const outcome = runLookedAt({ ...plan, record: recordOf(plan) }, readPlanInputs(plan), look);
  assert(look.scene !== null, "a run looks at its machine before the first request");
  return { scene: look.scene, outcome };
}

/** Notes what a machine has after its boot, and what the workload made of it. */
class SceneLook implements RunLook {
  scene: Scene | null;
  private atBoot: Pick<Scene, "booted"> & {
    kinds: ReadonlyMap<OwnerKind, number>;
    frees: number;
    dropped: number;
  };

  constructor() {
    this.scene = null;
    this.atBoot = { booted: { free: 0, unusable: 0, blocks: {} }, kinds: new Map(), frees: 0, dropped: 0 };
  }

  booted({ memory: m, counters: { frees, dropped } }: System): void {
    this.atBoot = { booted: figuresOf(m), kinds: pagesByKind(m), frees, dropped };
  }

  aged(system: System): void {
    const { memory: m, counters } = system;
    const { booted, kinds, frees, dropped } = this.atBoot;
    this.scene = {
      pageBytes: system.pageSize,
      blockBytes: system.pageSize * m.pageblockPages,
      managedPages: system.managedPages,
      added: beyond(pagesByKind(m), kinds),
      scatteredPages: scattered(m),
      pinnedPages: pinned(m),
      freedPages: counters.frees - frees,
      droppedPages: counters.dropped - dropped,
      hugeFaults: counters.thpAllocated,
      polluted: polluted(m),
      booted,
      aged: figuresOf(m),
    };
  }
}

function pagesByKind(m: Memory): Map<OwnerKind, number> {
  const pages = new Map<OwnerKind, number>();
  for (const flow of holderFlows(m)) pages.set(flow.kind, (pages.get(flow.kind) ?? 0) + flow.pages);
  return pages;
}

function beyond(now: ReadonlyMap<OwnerKind, number>, before: ReadonlyMap<OwnerKind, number>): Scene["added"] {
  const added: Partial<Record<OwnerKind, number>> = {};
  for (const [kind, pages] of now) {
    const more = pages - (before.get(kind) ?? 0);
    if (more > 0) added[kind] = more;
  }
  return added;
}

function polluted(m: Memory): number {
  const { polluted, blocks } = pollution(m);
  return polluted / Math.max(1, blocks);
}

/** Free pages of each order, in all zones together. */
function freeByOrder(m: Memory): number[] {
  const orders = m.zones.reduce((most, z) => Math.max(most, z.nrFree.length), 0);
  return Array.from({ length: orders }, (_, o) => sum(m.zones.map((z) => (z.nrFree[o] ?? 0) * 2 ** o)));
}

function scattered(m: Memory): number {
  return sum(freeByOrder(m).slice(0, m.pageblockOrder));
}

function pinned(m: Memory): number {
  let pages = 0;
  for (const [head, holds] of heldPages(m))
    if (holds.some((h) => h.kind === "get" || h.kind === "longterm")) pages += 2 ** orderInUse(m, head);
  return pages;
}

function figuresOf(m: Memory): StateFigures {
  const free = freeByOrder(m);
  const counts = new Map<string, number>();
  for (const zone of m.zones)
    for (
      let block = Math.ceil(zone.startPfn / m.pageblockPages) * m.pageblockPages;
      block < zone.endPfn;
      block += m.pageblockPages
    )
      if (!m.notInZone(zone, block)) {
        const name = MIGRATE_NAMES[m.blockType(block)]!;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
  return figures(
    free.map((pages, o) => pages / 2 ** o),
    m.pageblockOrder,
    sum(m.zones.map((z) => z.managed)),
    counts,
  );
}

/** Figures of the free blocks by order, the page blocks by type and the managed pages of a machine. */
export function figures(
  nrFree: readonly number[],
  blockOrder: number,
  managed: number,
  blocks: ReadonlyMap<string, number>,
): StateFigures {
  const free = sum(nrFree.map((n, o) => n * 2 ** o));
  const all = Math.max(1, sum([...blocks.values()]));
  const shares = [...blocks].filter(([, n]) => n > 0).map(([name, n]): [string, number] => [name, n / all]);
  return {
    free: free / Math.max(1, managed),
    unusable: free === 0 ? 0 : unusableFreeIndex(nrFree, blockOrder) / 1000,
    blocks: Object.fromEntries(shares.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
