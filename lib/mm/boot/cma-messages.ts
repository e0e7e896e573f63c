/**
 * What cma_alloc() prints when it fails, release by release (mm/cma.c): without the area's name in 4.17; with it since 5.12; from __cma_alloc() since 6.12; from __cma_alloc_frozen() in the newest (7.3 here). Nothing is printed for a count of
 * 0, nor, before areas had ranges (6.15), for a request that has more bits than the area's bitmap.
 */
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";

/** The line of the kernel log for a request that failed with `errno` (negative). */
export function cmaAllocFailed(release: KernelRelease, area: string, count: number, errno: number): string {
  const tail = `alloc failed, req-size: ${count} pages, ret: ${errno}`;
  const by = bootRules(release).cmaAllocMessage;
  return by === "unnamed" ? `cma: cma_alloc: ${tail}` : `cma: ${by}: ${area}: ${tail}`;
}
