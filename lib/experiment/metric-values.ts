/** Metrics of one run by name, and which direction of each is the better one. */

import type { Outcome } from "./plan";
import { median } from "./statistics";

const LESS =
  /^(fallbacks.*|(mixed|unmovable)Blocks(Mean|End)?|unusableIndex|(reclaim|compaction|compact)Stalls|compact(Failed|MoveFailed|Scanned)|othersFailed|refaults|thpFellBack|thpP\d+Ns|latencyNs|reclaimedForNothing|cpu\w+Ns)$/;
const MORE =
  /^(success|free(2MiB|Thp)Pages|largestFreeBytes|pageblocksFree|probe(2MiB|Thp)(Granted|Share)|thpAllocated|thpShare)$/;

/** Whether less or more of a metric is better; null if neither is by itself. */
export function betterOf(metric: string): "less" | "more" | null {
  if (LESS.test(metric)) return "less";
  return MORE.test(metric) ? "more" : null;
}

/**
 * What variants are compared by unless a plan names other metrics: one of each kind that reviewers ask for. More would say the
 * same again, and every further test makes the correction for all of them harder.
 */
export const COMPARED = [
  "success",
  "latencyNs",
  "othersFailed",
  "fallbacksFragmenting",
  "mixedBlocksEnd",
  "unmovableBlocksEnd",
  "unusableIndex",
  "compactScanned",
  "compactStalls",
  "thpShare",
  "thpP99Ns",
  "probeThpShare",
  "reclaimedForNothing",
  "cpuCompactionNs",
  "cpuReclaimNs",
] as const;

/** A metric of a run; undefined if the run has none of this name. */
export function metricValue({ metrics, requests }: Outcome, metric: string): number | undefined {
  if (metric === "success") return requests.granted.reduce((n, one) => n + one, 0) / requests.granted.length;
  if (metric === "latencyNs") {
    const times = requests.latencyNs.filter((_, i) => requests.granted[i] === 1);
    return times.length === 0 ? undefined : median(times);
  }
  const share = /^(probe\w+)Share$/.exec(metric)?.[1];
  if (share === undefined) return metrics[metric];
  const [got, asked] = [metrics[`${share}Granted`], metrics[`${share}Asked`]];
  return got === undefined || asked === undefined || asked === 0 ? undefined : got / asked;
}

/** Metrics that are shares: differences are percentage points. */
export function isShare(metric: string): boolean {
  return metric === "success" || metric === "unusableIndex" || metric.endsWith("Share");
}
