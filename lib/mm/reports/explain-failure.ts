/** Why a request for pages failed, zone by zone, in words: watermark, no page large enough, or only CMA pages left. */

import { gfpMigratetype } from "../allocation/alloc-flags";
import { wmarkPages, zoneWatermarkOk } from "../allocation/zone-watermark";
import { freeAreaEmpty } from "../state/free-area";
import { __GFP_DIRECT_RECLAIM, ALLOC_CMA, ALLOC_WMARK_MIN, gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_NAMES } from "../state/migratetype";
import type { Zone } from "../state/zone";

/** The reason in one line; call it right after the failure. */
export function explainFailure(
  m: Memory,
  gfp: number,
  order: number,
  zonelist: readonly Zone[] = m.zonelist,
): string {
  if (order > m.maxOrder) return `order ${order} is above the largest buddy order, ${m.maxOrder}`;
  const highest = gfpZone(gfp);
  const mt = gfpMigratetype(m, gfp);
  const zones = zonelist.filter((z) => z.idx <= highest);
  if (zones.length === 0) return "no zone is low enough for this request";
  const where = (z: Zone) => (m.nrNodes > 1 ? `node ${z.nid}, zone ${z.name}` : `zone ${z.name}`);
  const parts = zones.map((z) => `${where(z)}: ${zoneReason(m, z, order, highest, mt)}`);
  const waits = gfp & __GFP_DIRECT_RECLAIM ? "" : " (the request may not wait for reclaim or compaction)";
  return `order ${order}, ${MIGRATE_NAMES[mt]!.toLowerCase()}${waits}: ${parts.join("; ")}`;
}

function zoneReason(m: Memory, zone: Zone, order: number, highest: number, mt: number): string {
  const cmaAllowed = m.cma && mt === MIGRATE_MOVABLE;
  const free = Math.max(0, zone.nrFreePages);
  const min = wmarkPages(zone, ALLOC_WMARK_MIN);
  const reserve = zone.lowmemReserve[highest]!;
  const flags = cmaAllowed ? ALLOC_CMA : 0;
  if (!zoneWatermarkOk(m, zone, 0, min, highest, flags, free - ((1 << order) - 1))) {
    const cma =
      m.cma && !cmaAllowed && zone.nrFreeCma > 0
        ? `, of them ${zone.nrFreeCma} CMA pages that it may not use`
        : "";
    const kept = reserve > 0 ? ` and the ${reserve} kept for lower requests` : "";
    const beyond = order > 0 ? ` less the ${(1 << order) - 1} of the request` : "";
    return `${free} pages free${cma}${beyond}, not above the min watermark ${min}${kept}`;
  }
  let largest = -1;
  for (let o = 0; o <= m.maxOrder; o++)
    for (let t = 0; t < MIGRATE_CMA + 1; t++)
      if (t !== MIGRATE_CMA || cmaAllowed) if (!freeAreaEmpty(m, zone, o, t)) largest = o;
  return largest < order
    ? `${free} pages free, the largest free page is of order ${largest}`
    : `${free} pages free, none that this request may take`;
}
