/**
 * What cma_alloc() prints when it fails, release by release (mm/cma.c): without the area's name in 4.17; with it since 5.15 (6.1
 * here); from __cma_alloc() since 6.12; from __cma_alloc_frozen() in the newest (7.3 here). Nothing is printed for a count of
 * 0, nor, before areas had ranges (6.15), for a request that has more bits than the area's bitmap.
 */
import { type KernelRelease, since } from "../../hardware/kernel-release";

/** The line of the kernel log for a request that failed with `errno` (negative). */
export function cmaAllocFailed(release: KernelRelease, area: string, count: number, errno: number): string {
  const tail = `alloc failed, req-size: ${count} pages, ret: ${errno}`;
  if (!since(release, "6.1")) return `cma: cma_alloc: ${tail}`;
  const by = since(release, "7.3")
    ? "__cma_alloc_frozen"
    : since(release, "6.12")
      ? "__cma_alloc"
      : "cma_alloc";
  return `cma: ${by}: ${area}: ${tail}`;
}
