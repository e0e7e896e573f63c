/**
 * CMA areas in ZONE_MOVABLE: the design that was merged for 4.17-rc1 and reverted before 4.17 (mm/cma.c
 * cma_init_reserved_areas(), mm/page_alloc.c init_cma_reserved_pageblock() of commit bad8c6c0b114): each area's
 * frames move from the zone that spans them to ZONE_MOVABLE of their node. That zone spans from the first area to the
 * last and overlaps the zone below; if there is already a ZONE_MOVABLE, it spans the node. The zones below keep their
 * span and lose present pages.
 */
import { leastOf } from "../base/extremes";
import type { PageRange, ZoneSpan } from "./zones";

const MOVABLE = "Movable";

/** The frames of a zone. */
export function framesOf(z: ZoneSpan): PageRange[] {
  return z.pieces ?? [{ startPfn: z.startPfn, pages: z.spanned }];
}

/** The part of [startPfn, startPfn + pages) that is in the zone's span. */
function within(z: ZoneSpan, { startPfn, pages }: PageRange): PageRange[] {
  const from = Math.max(startPfn, z.startPfn);
  const to = Math.min(startPfn + pages, z.startPfn + z.spanned);
  return to > from ? [{ startPfn: from, pages: to - from }] : [];
}

const count = (ranges: readonly PageRange[]) => ranges.reduce((n, r) => n + r.pages, 0);

/** The zones once the areas (in frames) are activated. Here, an area may cross a zone boundary. */
export function zonesWithAreas(spans: readonly ZoneSpan[], areas: readonly PageRange[]): ZoneSpan[] {
  const nodes = [...new Set(spans.map((z) => z.nid))];
  return nodes.flatMap((nid) => {
    const zones = spans.filter((z) => z.nid === nid);
    const lower = zones.filter((z) => z.name !== MOVABLE);
    const old = zones.find((z) => z.name === MOVABLE);
    const taken = lower.flatMap((z) => areas.flatMap((a) => within(z, a)));
    if (taken.length === 0) return zones;
    const pieces = [...taken, ...(old === undefined ? [] : framesOf(old))].sort(
      (a, b) => a.startPfn - b.startPfn,
    );
    const first = pieces[0]!.startPfn;
    const last = pieces.at(-1)!;
    const startPfn = old === undefined ? first : leastOf(zones.map((z) => z.startPfn));
    return [
      ...lower.map((z) => ({ ...z, present: z.present - count(areas.flatMap((a) => within(z, a))) })),
      {
        name: MOVABLE,
        nid,
        startPfn,
        spanned: last.startPfn + last.pages - startPfn,
        present: count(taken) + (old?.present ?? 0),
        pieces: joined(pieces),
      },
    ];
  });
}

/** Merges adjacent ranges. */
function joined(ranges: readonly PageRange[]): PageRange[] {
  const out: PageRange[] = [];
  for (const r of ranges) {
    const before = out.at(-1);
    if (before !== undefined && before.startPfn + before.pages === r.startPfn) before.pages += r.pages;
    else out.push({ ...r });
  }
  return out;
}
