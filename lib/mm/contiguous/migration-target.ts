/** Where a page migrates to: alloc_migration_target() of mm/migrate.c. */
import { allocPages } from "../allocation/page-alloc";
import {
  __GFP_COMP,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGHMEM,
  __GFP_MOVABLE,
  __GFP_NOMEMALLOC,
  __GFP_NOWARN,
  __GFP_RECLAIM,
  __GFP_RETRY_MAYFAIL,
  GFP_HIGHUSER_MOVABLE,
  GFP_USER,
  ZONE_MOVABLE,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";
import { hugetlbTarget, isHugetlb } from "./hugetlb-moves";

const GFP_TARGET = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_COMP;
const GFP_TARGET_LARGE =
  (GFP_TARGET & ~__GFP_RECLAIM) |
  ((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM) |
  __GFP_DIRECT_RECLAIM;

/** A new page of 2^order frames for the one at `pfn`: its first frame, or −1. */
export type MigrationTarget = (m: Memory, pfn: number, order: number) => number;

/** The gfp flags of a target for a page of `zone`: pages in ZONE_MOVABLE may move to any zone, others not into it. */
export function targetGfp(zone: Zone, order: number): number {
  const gfp = order === 0 ? GFP_TARGET : GFP_TARGET_LARGE;
  return zone.idx === ZONE_MOVABLE ? gfp | __GFP_HIGHMEM : gfp;
}

/** alloc_migration_target(): on the node of the source if there is room. */
export function migrationTarget(m: Memory, pfn: number, order: number): number {
  if (order > 0 && isHugetlb(m, pfn)) return hugetlbTarget(m, pfn, order);
  const zone = m.zoneOf(pfn)!;
  const gfp = targetGfp(zone, order);
  return allocPages(m, gfp, order, m.zonelistOf(zone.nid, gfp));
}
