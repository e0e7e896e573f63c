/** Whether pages are grouped by mobility: mm/page_alloc.c build_all_zonelists(), the same in every modelled release. */

/**
 * Grouping is off if the machine has fewer pages than one page block per migratetype. Then every request counts as
 * unmovable, and ordinary allocations never use CMA memory. `vmTotalPages` counts all zones before early reservations
 * but without the memmap; `migrateTypes` is MIGRATE_TYPES (6 with CMA and isolation).
 */
export function mobilityGroupingEnabled(
  vmTotalPages: number,
  pageblockOrder: number,
  migrateTypes: number,
): boolean {
  return vmTotalPages >= 2 ** pageblockOrder * migrateTypes;
}

/**
 * calc_memmap_size(): pages of a zone's memmap as free_area_init_core() subtracts them. The spanned size counts
 * unless holes exceed a sixteenth of the present pages.
 */
export function calcMemmapPages(
  spanned: number,
  present: number,
  pageSize: number,
  structPageBytes: number,
): number {
  const pages = spanned > present + Math.floor(present / 16) ? present : spanned;
  return Math.ceil((pages * structPageBytes) / pageSize);
}
