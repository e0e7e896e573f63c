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
  /** Order of the pieces in which movable memory is taken where it can be. */
  readonly granuleOrder: number;
  /** Transparent huge pages are configured. */
  readonly thp: boolean;
}

/**
 * Pages above order 0 that workloads take as granules do not wait: no reclaim, no compaction, no access to reserves, as THP
 * faults that may not. When none lies free, an order two lower is tried, at last a single frame.
 */
export const GFP_GRANULE = GFP_TRANSHUGE_LIGHT;
