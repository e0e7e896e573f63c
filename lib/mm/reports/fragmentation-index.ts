/**
 * How fragmented a zone is for one order (mm/vmstat.c, 4.17..7.3 alike): how much of its free memory is unusable, and
 * whether a failed request is due to lack of memory or to fragmentation. Indices are in thousandths. `nrFree` holds a
 * zone's free blocks by order, like Zone.nrFree and /proc/buddyinfo.
 */

/** struct contig_page_info. */
export interface ContigPageInfo {
  /** Free pages on the buddy lists, of every type. */
  freePages: number;
  /** Free blocks of any order. */
  freeBlocksTotal: number;
  /** Requests of the order that the free blocks could serve. */
  freeBlocksSuitable: number;
}

/** fill_contig_page_info(). */
export function fillContigPageInfo(nrFree: ArrayLike<number>, order: number): ContigPageInfo {
  const info = { freePages: 0, freeBlocksTotal: 0, freeBlocksSuitable: 0 };
  for (let o = 0; o < nrFree.length; o++) {
    const blocks = nrFree[o]!;
    info.freeBlocksTotal += blocks;
    info.freePages += blocks * (1 << o);
    if (o >= order) info.freeBlocksSuitable += blocks * (1 << (o - order));
  }
  return info;
}

/**
 * fragmentation_index(): −1000 if a request of the order would succeed. Otherwise values near 0 mean lack of memory
 * and values near 1000 mean fragmentation. 0 also if nothing is free.
 */
export function fragmentationIndex(nrFree: ArrayLike<number>, order: number): number {
  const { freePages, freeBlocksTotal, freeBlocksSuitable } = fillContigPageInfo(nrFree, order);
  if (freeBlocksTotal === 0) return 0;
  if (freeBlocksSuitable > 0) return -1000;
  return 1000 - Math.floor((1000 + Math.floor((freePages * 1000) / (1 << order))) / freeBlocksTotal);
}

/** unusable_free_index(): the share of free memory in blocks too small for the order; 1000 if nothing is free. */
export function unusableFreeIndex(nrFree: ArrayLike<number>, order: number): number {
  const { freePages, freeBlocksSuitable } = fillContigPageInfo(nrFree, order);
  if (freePages === 0) return 1000;
  return Math.floor(((freePages - freeBlocksSuitable * (1 << order)) * 1000) / freePages);
}
