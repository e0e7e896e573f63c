/** Sizes of the per-CPU page lists at boot: mm/page_alloc.c zone_batchsize(), zone_highsize(). */
import { roundDownToPowerOfTwo } from "../../base/alignment";
import { KiB, MiB } from "../../base/units";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";

/** `batch`: pages moved to and from the buddy lists at once; `high`: pages a list may hold before it is drained. */
export interface PagesetSize {
  batch: number;
  high: number;
}

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
  return { batch, high: Math.max(Math.floor(lowWatermark / cpus), 4 * batch) };
}
