/** Derives a request's migrate type and ALLOC_ flags from its gfp flags. */
import type { AllocContext } from "../state/alloc-context";
import {
  __GFP_ATOMIC,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_NOMEMALLOC,
  ALLOC_CMA,
  ALLOC_CPUSET,
  ALLOC_HIGHATOMIC,
  ALLOC_MIN_RESERVE,
  ALLOC_NOFRAGMENT,
  ALLOC_NON_BLOCK,
  ALLOC_WMARK_LOW,
  ALLOC_WMARK_MIN,
  ZONE_DMA32,
  ZONE_NORMAL,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE } from "../state/migratetype";
import type { Zone } from "../state/zone";

/** gfp_migratetype(). */
export function gfpMigratetype(m: Memory, gfp: number): number {
  return m.mobilityDisabled ? 0 : (gfp >> 3) & 3;
}

/** gfp_to_alloc_flags_cma(). */
export function cmaFlag(m: Pick<Memory, "cma">, mt: number): number {
  return m.cma && mt === MIGRATE_MOVABLE ? ALLOC_CMA : 0;
}

/** alloc_flags_nofragment(): only if the preferred zone is NORMAL and its node also has DMA32. */
function nofragmentFlags(m: Memory, preferred: Zone, gfp: number): number {
  const flags = gfp & __GFP_KSWAPD_RECLAIM;
  if (m.sw.defragMode) return flags | ALLOC_NOFRAGMENT;
  if (preferred.idx !== ZONE_NORMAL || !m.sw.nofragment || !m.dma32) return flags;
  if (m.nrNodes > 1 && !hasDma32(m, preferred.nid)) return flags;
  return flags | ALLOC_NOFRAGMENT;
}

function hasDma32(m: Memory, nid: number): boolean {
  return m.zones.some((z) => z.nid === nid && z.idx === ZONE_DMA32);
}

function isAtomic(gfp: number): boolean {
  return (gfp & (__GFP_HIGH | __GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC)) === __GFP_HIGH;
}

/** The flags of a request's first attempt: low watermark, and no fragmenting fallback if avoidable. */
export function fastFlags(m: Memory, ac: AllocContext): number {
  let flags = ALLOC_WMARK_LOW | nofragmentFlags(m, ac.zonelist[0]!, ac.gfp);
  if (ac.mt === MIGRATE_MOVABLE && m.cma) flags |= ALLOC_CMA;
  if (ac.order > 0 && m.sw.highatomicFastPath && isAtomic(ac.gfp)) flags |= ALLOC_HIGHATOMIC;
  return flags;
}

/** gfp_to_alloc_flags(). */
export function slowFlags(
  m: Pick<Memory, "hardAtomic" | "cma" | "sw">,
  ac: Pick<AllocContext, "gfp" | "order" | "mt">,
): number {
  const { gfp, order, mt } = ac;
  let flags = ALLOC_WMARK_MIN | ALLOC_CPUSET | (gfp & (__GFP_HIGH | __GFP_KSWAPD_RECLAIM));
  const mayDig = !m.hardAtomic || isAtomic(gfp) || (gfp & __GFP_ATOMIC) !== 0;
  if (!(gfp & __GFP_DIRECT_RECLAIM) && mayDig) {
    if (!(gfp & __GFP_NOMEMALLOC)) {
      flags |= ALLOC_NON_BLOCK;
      if (order > 0 && flags & ALLOC_MIN_RESERVE) flags |= ALLOC_HIGHATOMIC;
    }
    if (flags & ALLOC_MIN_RESERVE) flags &= ~ALLOC_CPUSET;
  }
  if (m.sw.defragMode) flags |= ALLOC_NOFRAGMENT;
  return flags | cmaFlag(m, mt);
}
