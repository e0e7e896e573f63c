/** Boot-time hash tables: mm/page_alloc.c alloc_large_system_hash() as fs/dcache.c and fs/inode.c call it early. */
import { roundDownToPowerOfTwo, roundUp, roundUpToPowerOfTwo } from "../../base/alignment";
import { MiB } from "../../base/units";

/** Above this many pages (64 GiB in 4 KiB pages), a table grows more slowly than memory, one step per factor of 4. */
const ADAPT_SCALE_BASE_BYTES = 64 * 1024 * MiB;

/**
 * Bytes of a table with one bucket of `bucketBytes` per 2^scale bytes of memory. `kernelPages`: pages of all zones
 * without the memmap; `allPages`: the same for all memory. They are equal on 64-bit machines.
 */
export function largeSystemHashBytes(
  kernelPages: number,
  pageSize: number,
  scale: number,
  bucketBytes: number,
): number {
  const rounded = pageSize < MiB ? roundUp(kernelPages, MiB / pageSize) : kernelPages;
  let effectiveScale = scale;
  for (let adapt = ADAPT_SCALE_BASE_BYTES / pageSize; adapt < rounded; adapt *= 4) effectiveScale++;
  let entries = Math.floor((rounded * pageSize) / 2 ** effectiveScale);
  if (entries * bucketBytes < pageSize) entries = pageSize / bucketBytes;
  entries = roundUpToPowerOfTwo(entries);
  const most = Math.floor((kernelPages * pageSize) / 16 / bucketBytes);
  return bucketBytes * roundDownToPowerOfTwo(Math.max(1, Math.min(entries, most)));
}
