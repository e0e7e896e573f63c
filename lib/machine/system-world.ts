/** How pages of a running machine move: which may be isolated, where they go, and who is told. */
import { type MigrationWorld, ownersWorld } from "../mm/contiguous/migrate";
import { MigrationRun } from "../mm/contiguous/migrate-run";
import { LruMoves } from "../mm/reclaim/lru-moves";
import type { Memory } from "../mm/state/memory";
import { holdsOf, orderInUse } from "../mm/state/owners";
import { SLOT_DROPPED } from "./page-slots";
import type { RunningParts } from "./running-parts";

/** Decides whether pages move, and is notified: the page owners as a running machine records them. */
export function systemWorld(parts: RunningParts): MigrationWorld {
  const { memory: m, lru, slots, counters } = parts;
  const { migration, reclaim } = parts.options;
  const owners = ownersWorld(m);
  const world: MigrationWorld = {
    ...owners,
    move: (from, to) => (migration ? owners.move(from, to) : -16),
    dropped: (pfn) => reclaim && owners.dropped(pfn),
    moved: (from, to) => {
      lru.move(from, to);
      slots.moved(from, to);
    },
    gone: (pfn) => {
      counters.dropped += 1 << orderInUse(m, pfn);
      const slot = slots.slotAt(pfn);
      if (slot >= 0) slots.lose(slot, SLOT_DROPPED);
    },
    split: m.splitter!,
  };
  const lists = new LruMoves(m, lru);
  if (migration)
    world.many = new MigrationRun(m, world, (from, to, n) => {
      lists.moved(from, to, n);
      for (let i = 0; i < n; i++) slots.moved(from[i]!, to[i]!);
    });
  return world;
}

/** Compaction leaves pinned anonymous pages where they are; of others the attempt fails. */
function mayIsolate(m: Memory, pfn: number): boolean {
  for (const h of holdsOf(m, pfn))
    if (h.kind === "get" || h.kind === "longterm" || h.kind === "noMigrate") return false;
  return true;
}

/** Lets compaction ask the page owners, and notifies them of every page that it moves. */
export function joinOwners({ memory: m, lru, slots, options }: RunningParts): void {
  m.tracker = (from, to) => slots.moved(from, to);
  m.splitter = (pfn, order) => {
    lru.split(pfn, order);
    slots.split(pfn);
  };
  m.mayIsolate = (pfn) => mayIsolate(m, pfn);
  if (!options.migration) m.mayMigrate = () => false;
  else
    m.mayMigrate = (pfn) =>
      holdsOf(m, pfn).every((h) => h.kind === "mlock" || h.kind === "writeback" || h.kind === "locked");
}
