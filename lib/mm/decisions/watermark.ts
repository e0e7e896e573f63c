/** What a change decides about watermarks: whether a request may take pages from a zone. */
import type { AllocContext } from "../state/alloc-context";
import type { WatermarkGiven } from "../state/decisions";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

type Counted = Omit<WatermarkGiven, "zone" | "node" | "shortcut">;

/** __zone_watermark_ok(). */
export function markHolds(m: Memory, zone: Zone, counted: Counted): boolean {
  return m.change!.watermark!({ zone: zone.name, node: zone.nid, ...counted, shortcut: false });
}

/** The shortcut of zone_watermark_fast(), which held: single pages are above the mark without a closer look. */
export function shortcutHolds(m: Memory, zone: Zone, ac: AllocContext, mark: number): boolean {
  const ask = m.change!.watermark;
  if (ask === undefined) return true;
  return ask({
    zone: zone.name,
    node: zone.nid,
    order: 0,
    freePages: Math.max(0, zone.nrFreePages),
    unusablePages: 0,
    markPages: mark,
    reservePages: zone.lowmemReserve[ac.highest]!,
    pageFree: true,
    shortcut: true,
  });
}
