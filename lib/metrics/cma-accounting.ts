/**
 * How CMA pages distort a machine's page accounting, the problem that the design of the 4.17 cycle was meant to
 * solve. NR_FREE_PAGES counts free CMA pages, which unmovable requests cannot use, so each watermark check must know
 * its caller. A request subtracts them depending on its type, kswapd always, compaction never. With the areas in
 * ZONE_MOVABLE (cmaInMovableZone), no caller needs to.
 */

import { wmarkPages, zoneWatermarkOk } from "../mm/allocation/zone-watermark";
import { ALLOC_CMA, ZONE_MOVABLE, ZONE_NORMAL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { isMovablePage } from "../mm/state/owners";
import { WMARK_HIGH, WMARK_LOW, WMARK_MIN, type Zone } from "../mm/state/zone";

/** The caller of a watermark check: a request for one page by its type, kswapd, or compaction before it starts. */
export type WatermarkCaller = "movable" | "unmovable" | "kswapd" | "compaction";

/** One zone's account. Pages. */
export interface ZoneCmaAccount {
  zone: string;
  nid: number;
  /** NR_FREE_PAGES and NR_FREE_CMA_PAGES, without per-CPU differences. */
  freePages: number;
  freeCmaPages: number;
  /** Free CMA pages in a zone that unmovable requests walk: these requests count them as free but cannot use them. */
  uselessPages: number;
  /**
   * Result of each caller's check: against the low watermark for requests, high for kswapd, min plus a gap of 2 pages
   * for compaction.
   */
  ok: Record<WatermarkCaller, boolean>;
  /**
   * An unmovable request for one page is refused at the min watermark, although the zone's free pages including CMA
   * pages exceed it.
   */
  starved: boolean;
  /** Callers whose check passes in a starved zone. */
  misled: WatermarkCaller[];
}

/** The accounts of all zones with CMA pages. */
export interface CmaAccounting {
  zones: ZoneCmaAccount[];
  /** Pages of all zones. */
  freePages: number;
  uselessPages: number;
}

/**
 * The current accounts of a machine; changes nothing.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").cma("64MiB").start();
 * const { uselessPages } = metrics.cmaAccounting(memory);
 * uselessPages > 0; // => true
 * ```
 */
export function cmaAccounting(m: Memory): CmaAccounting {
  const zones = m.zones.filter((z) => z.cmaPages > 0).map((z) => accountOf(m, z));
  return {
    zones,
    freePages: m.zones.reduce((n, z) => n + Math.max(0, z.nrFreePages), 0),
    uselessPages: zones.reduce((n, z) => n + z.uselessPages, 0),
  };
}

function accountOf(m: Memory, zone: Zone): ZoneCmaAccount {
  const free = Math.max(0, zone.nrFreePages);
  const check = (which: number, gap: number, highest: number, flags: number) =>
    zoneWatermarkOk(m, zone, 0, wmarkPages(zone, which) + gap, highest, flags, free);
  const walksHere = zone.idx !== ZONE_MOVABLE;
  const ok = {
    movable: check(WMARK_LOW, 0, ZONE_MOVABLE, ALLOC_CMA),
    unmovable: walksHere && check(WMARK_LOW, 0, ZONE_NORMAL, 0),
    kswapd: check(WMARK_HIGH, 0, walksHere ? ZONE_NORMAL : ZONE_MOVABLE, 0),
    compaction: check(WMARK_MIN, 2, walksHere ? ZONE_NORMAL : ZONE_MOVABLE, ALLOC_CMA),
  };
  const starved =
    walksHere && !check(WMARK_MIN, 0, ZONE_NORMAL, 0) && check(WMARK_MIN, 0, ZONE_NORMAL, ALLOC_CMA);
  const callers: WatermarkCaller[] = ["unmovable", "kswapd", "compaction"];
  return {
    zone: zone.name,
    nid: zone.nid,
    freePages: free,
    freeCmaPages: Math.max(0, zone.nrFreeCma),
    uselessPages: walksHere ? Math.max(0, zone.nrFreeCma) : 0,
    ok,
    starved,
    misled: starved ? callers.filter((c) => ok[c]) : [],
  };
}

/** The use of the frames of some areas, in pages; free + movable + fixed is their total. */
export interface CmaUse {
  /** In the buddy lists or on per-CPU lists. */
  free: number;
  /** In use by pages that can move out: the benefit of the area while no driver needs it. */
  movable: number;
  /** Drivers' buffers and other pages that do not move. */
  fixed: number;
}

/**
 * `areas`: ranges of frames, such as the areas of a Contiguous or their ranges.
 * @example
 * ```ts
 * import { Contiguous, machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").cma("64MiB").start();
 * metrics.cmaUse(memory, new Contiguous(memory).areas); // => { free: 16384, movable: 0, fixed: 0 }
 * ```
 */
export function cmaUse(m: Memory, areas: Iterable<{ basePfn: number; count: number }>): CmaUse {
  const use: CmaUse = { free: 0, movable: 0, fixed: 0 };
  for (const { basePfn, count } of areas)
    for (let p = basePfn; p < basePfn + count; ) {
      const place = m.freePlaceOf(p);
      const end = place === undefined ? p + 1 : Math.min(basePfn + count, place.head + 2 ** place.order);
      if (place !== undefined) use.free += end - p;
      else if (isMovablePage(m, m.headOf(p))) use.movable++;
      else use.fixed++;
      p = end;
    }
  return use;
}
