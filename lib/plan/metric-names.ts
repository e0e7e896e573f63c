/** The unit and the meaning of every figure of an outcome. Strategies and the run itself use only these names. */

import type { MetricName } from "./metric-name";
import { RECORDED_METRICS } from "./recorded-names";

export type { MetricName };

/** By name; a run reports those that apply to it. */
export const METRICS: Readonly<Record<string, MetricName>> = {
  managedBytes: { unit: "bytes", meaning: "memory that the allocator manages" },
  freeBytes: { unit: "bytes", meaning: "memory on the free lists at the end; per-CPU lists are not in it" },
  pageblocksFree: { unit: "count", meaning: "whole page blocks that lie free at the end" },
  pageblockBytes: { unit: "bytes", meaning: "size of a page block" },
  unusableIndex: {
    unit: "ratio",
    meaning: "share of the free memory in pieces smaller than a page block, in the largest zone (0: none)",
  },
  reclaimStalls: {
    unit: "count",
    meaning: "direct reclaims of anybody since the first request (allocstall)",
  },
  compactionStalls: {
    unit: "count",
    meaning: "direct compactions of anybody since the first request (compact_stall)",
  },
  othersFailed: {
    unit: "count",
    meaning: "allocations of the workload that failed since the first request: what others lost",
  },
  refaults: { unit: "count", meaning: "pages read back after reclaim took them, since boot" },
  thpAllocated: { unit: "count", meaning: "huge page faults of the workload that got a huge page" },
  thpFellBack: { unit: "count", meaning: "huge page faults of the workload that fell back to single pages" },
  uptimeMs: { unit: "ms", meaning: "simulated time from boot to the end" },
  reservedBytes: { unit: "bytes", meaning: "memory that the strategy sets aside" },
  idleBytes: {
    unit: "bytes",
    meaning: "of that, what nobody used: the average of samples taken just before each request",
  },
  roundingBytes: {
    unit: "bytes",
    meaning: "memory lost to rounding: of the area at boot, or of each request where nothing is set aside",
  },
  physicalPieces: {
    unit: "count",
    meaning: "physical ranges of the memory last granted, adjacent ones as one",
  },
  firstByteAddress: { unit: "bytes", meaning: "physical address of its first byte" },
  fittingPageBytes: {
    unit: "bytes",
    meaning:
      "largest page that fits wherever its physical addresses jump (2^40: they do not), with a virtual address that agrees with the first",
  },
  free2MiBPages: {
    unit: "count",
    meaning: "aligned pages of 2 MiB that could be taken from the free lists at the end, CMA areas included",
  },
  freeThpPages: { unit: "count", meaning: "the same for the kernel's own huge page" },
  thpBytes: { unit: "bytes", meaning: "size of the kernel's own huge page: what a PMD maps" },
  probe2MiBAsked: {
    unit: "count",
    meaning: "pages of 2 MiB asked for at the end: a 16th of memory, at most 256",
  },
  probe2MiBGranted: {
    unit: "count",
    meaning: "of these, how many were got, with reclaim and compaction as the machine lets",
  },
  probeThpAsked: {
    unit: "count",
    meaning: "huge pages of the kernel's own size asked for at the end, likewise",
  },
  probeThpGranted: { unit: "count", meaning: "of these, how many were got" },
  cleancacheBytes: {
    unit: "bytes",
    meaning: "guaranteed CMA: copies of clean file pages in the area at the end",
  },
  cleancacheDroppedPages: { unit: "pages", meaning: "guaranteed CMA: copies dropped by requests" },
  servedFromStock: { unit: "count", meaning: "reservation: requests served from the stock" },
  pieces: { unit: "count", meaning: "physical ranges of the memory granted last" },
  longestRunBytes: {
    unit: "bytes",
    meaning: "longest physical range: of the memory granted last (iommu), of any attempt (adjacent-thp)",
  },
  ...RECORDED_METRICS,
};
