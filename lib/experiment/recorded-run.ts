/** What a run with a `record` has in its outcome beside metrics. */
import type { LatencyQuantilesNs } from "../workload/latency-histogram";
import type { SeriesColumns } from "./bounded-series";
import type { FallbackColumns } from "./fallback-table";

/** What a run recorded; plain JSON. Groups that were not asked for are absent. */
export interface RecordedRun {
  fallbacks?: FallbackColumns;
  /** Requests of the workload above order 0, by order: made, and granted. */
  orders?: { order: number[]; asked: number[]; granted: number[] };
  /** Modelled time of huge page faults that got a huge page, and of those that fell back; null if there were none. */
  hugeFaults?: { granted: LatencyQuantilesNs | null; fellBack: LatencyQuantilesNs | null };
  /** Over the whole run. */
  series: SeriesColumns;
  /** Over the time of the requests, in bins of its own; absent if nothing was asked. */
  requestSeries?: SeriesColumns;
}
