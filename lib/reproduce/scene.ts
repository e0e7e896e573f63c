/**
 * What a plan's machine looks like when its requests begin: pages by kind beside those of the boot, free memory by size, pins, and
 * how much was turned over. The model runs the plan's workload for it; the amounts of a real machine follow from the shares.
 */
import { sum } from "lodash";
import { Random } from "../base/random";
import { readPlanInputs } from "../experiment/plan-inputs";
import { System } from "../machine/system";
import { holderFlows } from "../metrics/holders";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import { heldPages, type OwnerKind, orderInUse } from "../mm/state/owners";
import type { Plan } from "../plan/run";
import { resolveStrategy } from "../strategy";
import { memoryRequest, REQUEST_DEFAULTS } from "../strategy/request";
import { pollution } from "../workload/pollution";
import { partsOf, WorkloadRun } from "../workload/scheduler";

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

/** Boots the plan's machine and runs its workload up to the first request. Throws InputError for a plan that cannot be run. */
export function sceneOf(plan: Plan): Scene {
  const request = memoryRequest(plan.request);
  const { strategy, parameters } = resolveStrategy(plan.strategy);
  const boot = strategy.machine(plan.machine, parameters, request);
  const inputs = readPlanInputs(plan);
  const system = System.boot(boot, { ...plan.system, placement: plan.seed }, plan.costs);
  // As run() does: what the strategy takes at boot, it takes before the machine ages.
  strategy.prepare(system, parameters, request);
  const { memory: m } = system;
  const atBoot = pagesByKind(m);
  const booted = figuresOf(m);
  const { frees, dropped } = system.counters;
  const { before, during } = partsOf(plan.workload);
  const workload = new WorkloadRun(system, new Random(plan.seed).fork("workload"), inputs);
  for (const part of before) workload.toEnd(part);
  if (during !== null) {
    workload.start(during);
    workload.runUntil(system.nowMs + (plan.request.gapMs ?? REQUEST_DEFAULTS.gapMs));
  }
  const scene: Scene = {
    pageBytes: system.pageSize,
    blockBytes: system.pageSize * m.pageblockPages,
    managedPages: system.managedPages,
    added: beyond(pagesByKind(m), atBoot),
    scatteredPages: scattered(m),
    pinnedPages: pinned(m),
    freedPages: system.counters.frees - frees,
    droppedPages: system.counters.dropped - dropped,
    hugeFaults: system.counters.thpAllocated,
    polluted: polluted(m),
    booted,
    aged: figuresOf(m),
  };
  system.release();
  return scene;
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
