/**
 * Which frames belong to which zone. A zone has all frames of its span, unless zones overlap: then one has ranges that lie in
 * the spans of others, as ZONE_MOVABLE did where it managed the CMA areas (4.17-rc1), and whoever walks a span asks of
 * each block whose it is (page_zone()).
 */
import { assert } from "../../base/errors";

/** Frames [startPfn, endPfn). */
export interface FrameSpan {
  startPfn: number;
  endPfn: number;
}

/** A zone as far as its frames go; `pieces` where it has not all of its span, ascending, cut at multiples of the largest buddy. */
export interface ZoneFrames extends FrameSpan {
  pieces?: readonly FrameSpan[];
}

/** The frames that each zone has: its pieces, or its span without the pieces of other zones. */
export function zonePieces(zones: readonly ZoneFrames[], topPages: number): FrameSpan[][] {
  const taken = zones.flatMap((z) => z.pieces ?? []).sort((a, b) => a.startPfn - b.startPfn);
  for (const { startPfn } of taken)
    assert(
      startPfn % topPages === 0,
      `a zone's piece starts at a multiple of ${topPages} frames: got ${startPfn}`,
    );
  return zones.map((z) => {
    if (z.pieces !== undefined) return [...z.pieces];
    const left: FrameSpan[] = [];
    let at = z.startPfn;
    for (const t of taken) {
      if (t.endPfn <= at || t.startPfn >= z.endPfn) continue;
      if (t.startPfn > at) left.push({ startPfn: at, endPfn: t.startPfn });
      at = t.endPfn;
    }
    if (at < z.endPfn) left.push({ startPfn: at, endPfn: z.endPfn });
    return left;
  });
}

/** Number of the zone of each block of `topPages` frames; 255: none, several, or a number too large for a byte. */
export function zoneIndexOf(pieces: readonly FrameSpan[][], topPages: number, endPfn: number): Uint8Array {
  const index = new Uint8Array(endPfn / topPages).fill(255);
  pieces.forEach((ranges, i) => {
    if (i < 255)
      for (const { startPfn, endPfn: end } of ranges)
        index.fill(i, Math.ceil(startPfn / topPages), Math.floor(end / topPages));
  });
  return index;
}
