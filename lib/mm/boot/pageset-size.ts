/** Sizes of the per-CPU page lists at boot: mm/page_alloc.c zone_batchsize(), zone_highsize(). */

import { roundDownToPowerOfTwo } from "../../base/alignment";
import { log2 } from "../../base/elementary";
import { KiB, MiB } from "../../base/units";
import { bootRules, type KernelRelease, kernelSwitches } from "../../hardware/kernel-release";

/** `batch`: pages moved to and from the buddy lists at once; `high`: pages a list may hold before it is drained. */
export interface PagesetSize {
  batch: number;
  high: number;
}

/** What the sizes of a zone's lists depend on. */
export interface PagesetZone {
  managedPages: number;
  lowWatermark: number;
  /** CPUs of the node. */
  cpus: number;
  pageSize: number;
}

/** MIN_PERCPU_PAGELIST_HIGH_FRACTION. */
export const LEAST_PAGELIST_FRACTION = 8;

/** zone_highsize(): what a CPU may hold of `pages` that its zone's lists may hold together. */
const highOfCpu = (pages: number, cpus: number, batch: number) =>
  Math.max(Math.floor(pages / cpus), 4 * batch);

/** The upper end of the range in which `high` is tuned since 6.7 (high_max), unless a sysctl says otherwise. */
export const mostOfCpu = (managedPages: number, cpus: number, batch: number): number =>
  highOfCpu(Math.floor(managedPages / LEAST_PAGELIST_FRACTION), cpus, batch);

/** zone_batchsize(): about 0.1 % of the zone, at most a fixed number of bytes, one less than a power of two. */
export function zoneBatchsize(managedPages: number, pageSize: number, release: KernelRelease): number {
  const rule = bootRules(release).pagesetBatch;
  if (rule === "256KiB") {
    const batch = Math.min(Math.floor(managedPages / 4096), (256 * KiB) / pageSize);
    return batch <= 1 ? 1 : roundDownToPowerOfTwo(batch + Math.floor(batch / 2)) - 1;
  }
  const cap = rule === "quarterOf1MiB" ? MiB / pageSize : Math.floor((512 * KiB) / pageSize);
  const batch = Math.max(1, Math.floor(Math.min(Math.floor(managedPages / 1024), cap) / 4));
  return roundDownToPowerOfTwo(batch + Math.floor(batch / 2)) - 1;
}

/**
 * zone_highsize() and its callers. 4.17: six batches. Since 5.14: the zone's low watermark divided among the CPUs, at
 * least four batches. From 6.7 on, `high` is the lower end (high_min) of a range that is tuned at run time.
 */
export function zonePagesetSize(
  managedPages: number,
  lowWatermark: number,
  cpus: number,
  pageSize: number,
  release: KernelRelease,
): PagesetSize {
  const size = zoneBatchsize(managedPages, pageSize, release);
  const batch = Math.max(1, size);
  if (bootRules(release).pagesetHigh === "sixBatches") return { batch, high: 6 * size };
  return { batch, high: highOfCpu(lowWatermark, cpus, batch) };
}

/**
 * zone_set_pageset_high_and_batch() after a write to a sysctl. `fraction`: vm.percpu_pagelist_high_fraction, which turns the
 * tuning of 6.7 off; before 5.14 vm.percpu_pagelist_fraction, which is not divided among the CPUs and sets the batch; 0: none.
 * `highMax` is the upper end of the range that is tuned.
 */
export function writtenPagesetSize(
  zone: PagesetZone,
  fraction: number,
  release: KernelRelease,
): PagesetSize & { highMax: number } {
  const { managedPages, lowWatermark, cpus, pageSize } = zone;
  if (fraction === 0) {
    const size = zonePagesetSize(managedPages, lowWatermark, cpus, pageSize, release);
    const most = mostOfCpu(managedPages, cpus, size.batch);
    return { ...size, highMax: kernelSwitches(release).pcpAutoTune ? most : size.high };
  }
  const part = Math.floor(managedPages / fraction);
  if (bootRules(release).pagelistFraction === "wholeZone") {
    const quarter = Math.floor(part / 4);
    return { batch: Math.min(Math.max(1, quarter), log2(pageSize) * 8), high: part, highMax: part };
  }
  const batch = Math.max(1, zoneBatchsize(managedPages, pageSize, release));
  const high = highOfCpu(part, cpus, batch);
  return { batch, high, highMax: high };
}
