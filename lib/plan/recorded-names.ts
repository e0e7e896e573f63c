/** The figures of a run with a `record`: counts from boot to the last request. lib/experiment/recorder.ts makes them. */
import type { MetricName } from "./metric-name";

const FREE_BY_ORDER = Object.fromEntries(
  Array.from({ length: 15 }, (_, order): [string, MetricName] => [
    `freeOrder${order}`,
    { unit: "count", meaning: `free blocks of order ${order} at the end, in all zones` },
  ]),
);

export const RECORDED_METRICS: Readonly<Record<string, MetricName>> = {
  othersAsked: { unit: "count", meaning: "pages, folios and huge pages that the workload asked for" },
  othersFreed: { unit: "count", meaning: "pages of any order that the workload freed" },
  fallbacks: {
    unit: "count",
    meaning: "requests served from lists of another type (mm_page_alloc_extfrag)",
  },
  fallbacksClaimed: {
    unit: "count",
    meaning: "of these, those whose page block went over to the request's type (change_ownership)",
  },
  fallbacksStolen: { unit: "count", meaning: "of these, those whose page block kept its type" },
  fallbacksFragmenting: {
    unit: "count",
    meaning: "of these, those that found a page smaller than a page block (fragmenting)",
  },
  fallbacksByUnmovable: { unit: "count", meaning: "of these, those of unmovable requests" },
  fallbacksByReclaimable: { unit: "count", meaning: "of these, those of reclaimable requests" },
  fallbacksByMovable: { unit: "count", meaning: "of these, those of movable requests" },
  mixedBlocks: {
    unit: "count",
    meaning: "page blocks at the end with a page in use that moves and one that does not",
  },
  unmovableBlocks: {
    unit: "count",
    meaning: "page blocks at the end with at least one page in use that does not move",
  },
  mixedBlocksEnd: { unit: "count", meaning: "mixedBlocks, under a name that says when" },
  unmovableBlocksEnd: { unit: "count", meaning: "unmovableBlocks, under a name that says when" },
  mixedBlocksMean: { unit: "count", meaning: "the mean of mixedBlocks over simulated time, aging included" },
  unmovableBlocksMean: {
    unit: "count",
    meaning: "the mean of unmovableBlocks over simulated time, aging included",
  },
  largestFreeBytes: { unit: "bytes", meaning: "the largest range of free frames at the end, in one zone" },
  ...FREE_BY_ORDER,
  compactScanned: { unit: "pages", meaning: "frames that compaction's two scanners looked at" },
  compactMigrated: { unit: "pages", meaning: "pages that moved (pgmigrate_success)" },
  compactMoveFailed: { unit: "pages", meaning: "tries to move a page that failed (pgmigrate_fail)" },
  compactStalls: { unit: "count", meaning: "direct compactions (compact_stall)" },
  compactSucceeded: { unit: "count", meaning: "those that made a page of the order (compact_success)" },
  compactFailed: { unit: "count", meaning: "those that did not (compact_fail)" },
  thpShare: { unit: "ratio", meaning: "share of the workload's huge page faults that got a huge page" },
  thpP50Ns: {
    unit: "ns",
    meaning: "modelled time of faults that got a huge page, median: making room, taking and clearing it",
  },
  thpP95Ns: { unit: "ns", meaning: "the same, 95th percentile" },
  thpP99Ns: { unit: "ns", meaning: "the same, 99th percentile" },
  largeAsked: { unit: "count", meaning: "requests of the workload above order 0" },
  largeGranted: { unit: "count", meaning: "of these, those that were granted" },
  reclaimScanned: {
    unit: "pages",
    meaning: "pages of LRU lists that reclaim looked at (pgscan_kswapd and pgscan_direct)",
  },
  reclaimedPages: { unit: "pages", meaning: "pages that reclaim took" },
  reclaimedForNothing: {
    unit: "pages",
    meaning: "of these, those taken during a request above order 0 that failed all the same",
  },
  cpuCompactionNs: {
    unit: "ns",
    meaning: "CPU time of scanning and moving pages, by the model's counts",
  },
  cpuReclaimNs: { unit: "ns", meaning: "CPU time of scanning LRU lists and dropping pages, likewise" },
};
