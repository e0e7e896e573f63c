/** The parts of a running machine that its mechanisms share. */
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
  /** Transparent huge pages are configured. */
  readonly thp: boolean;
}
