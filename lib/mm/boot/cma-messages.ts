/**
 * The message that cma_alloc() prints on failure, by release (mm/cma.c): without the area's name in 4.17; with it
 * since 5.12; from __cma_alloc() since 6.12; from __cma_alloc_frozen() in the newest (7.3 here). The kernel prints
 * nothing for a count of 0. Before areas had ranges (6.15), it also prints nothing for a request with more bits than
 * the area's bitmap.
 */
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";

/** The line of the kernel log for a request that failed with `errno` (negative). */
export function cmaAllocFailed(release: KernelRelease, area: string, count: number, errno: number): string {
  const tail = `alloc failed, req-size: ${count} pages, ret: ${errno}`;
  const by = bootRules(release).cmaAllocMessage;
  return by === "unnamed" ? `cma: cma_alloc: ${tail}` : `cma: ${by}: ${area}: ${tail}`;
}
