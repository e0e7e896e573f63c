/** What a trace of a real machine tells, as data. */
import type { CmaCounts } from "./cma-events";
import type { CompactionCounts, MigrationCounts, ReclaimCounts } from "./compaction-events";
import type { FallbackCounts } from "./fallback-events";
import type { PageCounts } from "./page-events";
import type { LineCounts } from "./trace-record";

/** Pages by who asked for them. */
export interface Asker {
  who: string;
  requests: number;
  pages: number;
}

/** What a trace of ftrace, trace-cmd or perf tells. Counts are of what it shows, which a lost event makes too small. */
export interface TraceSummary {
  files: string[];
  lines: LineCounts;
  /** By event: how many. */
  events: Record<string, number>;
  memoryEvents: number;
  cpus: number[];
  /** Seconds of the trace's clock; null without times. */
  fromSeconds: number | null;
  toSeconds: number | null;
  /** Records whose time is before that of the record in front of them. */
  timesBackwards: number;
  /** Neighbours of different CPUs at most a microsecond apart: which of them held a lock first is not recorded. */
  closeNeighbours: number;
  /** Types by number as the kernel printed them: with the names of kernels up to 4.3, or of later ones. */
  typeNumbers: { numbering: "up to 4.3" | "since 4.4"; assumed: boolean };
  pages: PageCounts;
  fallbacks: FallbackCounts;
  compaction: CompactionCounts;
  reclaim: ReclaimCounts;
  migration: MigrationCounts;
  cma: CmaCounts;
  /** Pages by task, the most first. */
  byTask: Asker[];
  /** Pages by calling function, where records have call chains. */
  byCaller: Asker[];
  recordsWithChain: number;
  /** What an exact replay would need and this trace has not, in words. */
  missing: string[];
}
