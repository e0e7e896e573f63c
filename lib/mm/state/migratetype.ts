/**
 * Migrate types of page blocks and free lists (include/linux/mmzone.h). The numbers here are those of a kernel
 * with CONFIG_CMA; a kernel without it prints ISOLATE as 4, which the readers and writers of snapshots translate.
 */
export const MIGRATE_UNMOVABLE = 0;
export const MIGRATE_MOVABLE = 1;
export const MIGRATE_RECLAIMABLE = 2;
/** Number of types kept on per-CPU lists; also the value of HIGHATOMIC. */
export const MIGRATE_PCPTYPES = 3;
export const MIGRATE_HIGHATOMIC = 3;
export const MIGRATE_CMA = 4;
export const MIGRATE_ISOLATE = 5;
export const MIGRATE_TYPES = 6;

/** Names as /proc/pagetypeinfo prints them. */
export const MIGRATE_NAMES: readonly string[] = [
  "Unmovable",
  "Movable",
  "Reclaimable",
  "HighAtomic",
  "CMA",
  "Isolate",
];

/** Blocks of these types may merge with one another (mm/internal.h: migratetype_is_mergeable). */
export function migratetypeIsMergeable(mt: number): boolean {
  return mt < MIGRATE_PCPTYPES;
}

/** mm/page_alloc.c: fallbacks[]: the types that a type may take pages from, best first. */
export const FALLBACKS: readonly (readonly number[])[] = [
  [MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE],
  [MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE],
  [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE],
];
