/** The parts of a running machine that its mechanisms share. */
import { GFP_TRANSHUGE_LIGHT } from "../mm/allocation/thp";
import type { Lru } from "../mm/reclaim/lru";
import type { RoomMaker } from "../mm/reclaim/vmscan";
import type { Memory } from "../mm/state/memory";
import type { PageSlots } from "./page-slots";
import type { SystemCounters } from "./system-counters";
import type { ResolvedSystemOptions } from "./system-options";

export interface RunningParts {
  readonly memory: Memory;
  readonly lru: Lru;
  readonly slots: PageSlots;
  readonly room: RoomMaker;
  readonly counters: SystemCounters;
  readonly options: ResolvedSystemOptions;
  /** Preferred order of the pieces in which movable memory is taken. */
  readonly granuleOrder: number;
  /** Transparent huge pages are configured. */
  readonly thp: boolean;
}

/**
 * Requests for granules above order 0 do not wait: no reclaim, no compaction, no access to reserves, as with THP
 * faults that must not wait. If none is free, an order two lower is tried, and finally a single frame.
 */
export const GFP_GRANULE = GFP_TRANSHUGE_LIGHT;
