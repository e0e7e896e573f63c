/**
 * Which frames belong to which zone. A zone has all frames in its span, unless zones overlap. Then one zone has
 * ranges inside the spans of others, as ZONE_MOVABLE did when it managed the CMA areas (4.17-rc1), and a walk over a
 * span must check the zone of each block (page_zone()).
 */
import { assert } from "../../base/errors";

/** Frames [startPfn, endPfn). */
export interface FrameSpan {
  startPfn: number;
  endPfn: number;
}

/**
 * The frames of a zone. `pieces`, if it does not have all of its span: ascending, cut at multiples of the largest
 * buddy.
 */
export interface ZoneFrames extends FrameSpan {
  pieces?: readonly FrameSpan[];
}

/** The frames of each zone: its pieces, or its span without the pieces of other zones. */
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
