/** Requests that no allocator of this machine can serve, refused with the reason that the kernel or the device would have. */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { __GFP_DMA, __GFP_DMA32, GFP_KERNEL, gfpZone, ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE } from "../mm/gfp";
import { refused } from "./contig-attempt";
import type { Attempt, ContigRequest } from "./strategy";

const EINVAL = -22;
const ENOMEM = -12;
const EIO = -5;

/**
 * Flags with which a driver asks for memory that its device reaches: the highest zone that lies wholly below 2^dmaBits, as
 * dma_direct_optimal_gfp_mask() chooses; null where no zone does.
 */
export function deviceGfp({ memory: m, pageSize }: System, dmaBits: number): number | null {
  const reach = 2 ** dmaBits;
  const endOf = (idx: number) =>
    m.zones.reduce((end, z) => (z.idx === idx ? Math.max(end, z.endPfn * pageSize) : end), 0);
  const end = m.zones.reduce((e, z) => (z.idx === ZONE_MOVABLE ? e : Math.max(e, z.endPfn * pageSize)), 0);
  if (end <= reach) return GFP_KERNEL;
  for (const [idx, flag] of [
    [ZONE_DMA32, __GFP_DMA32],
    [ZONE_DMA, __GFP_DMA],
  ] as const) {
    const zoneEnd = endOf(idx);
    if (zoneEnd > 0 && zoneEnd <= reach) return GFP_KERNEL | flag;
  }
  return null;
}

/** How a request is checked. */
export interface RequestCheck {
  /** The memory is chosen for the device, zone by zone; default true. User memory is not: its place is checked afterwards. */
  forDevice?: boolean;
  /** Sizes are multiples of the page; default true. dma_alloc_coherent() rounds up instead. */
  wholePages?: boolean;
  /** All of it must lie in one node and zone; default true. */
  contiguous?: boolean;
}

/** Null, or why the request cannot be served by this machine at all. Throws InputError for an alignment that is none. */
export function refusal(system: System, request: ContigRequest, check: RequestCheck = {}): Attempt | null {
  const { forDevice = true, wholePages = true, contiguous = true } = check;
  const { memory: m, pageSize } = system;
  const { bytes, alignBytes, dmaBits } = request;
  if (!Number.isInteger(Math.log2(alignBytes)))
    throw new InputError(`request: alignment must be a power of two: got ${alignBytes} bytes`);
  if (wholePages && bytes % pageSize !== 0)
    return refused(
      EINVAL,
      `${bytes} bytes are no whole number of pages of ${formatSize(pageSize)}: memory is given out in pages`,
    );
  const nodes = new Map<number, number>();
  for (const z of m.zones) nodes.set(z.nid, (nodes.get(z.nid) ?? 0) + z.present * pageSize);
  const largest = Math.max(...nodes.values());
  if (contiguous && bytes > largest)
    return refused(
      ENOMEM,
      `${formatSize(bytes)} are more than the largest node has, ${formatSize(largest)}; a contiguous range ends at the edge of a node`,
    );
  if (!forDevice) return null;
  const gfp = deviceGfp(system, dmaBits);
  if (gfp === null) {
    const lowest = m.zones.reduce((a, b) => (b.startPfn < a.startPfn ? b : a));
    return refused(
      EIO,
      `the device reaches ${dmaBits} address bits (${formatSize(2 ** dmaBits)}); the lowest zone, ${lowest.name}, ends at ${formatSize(lowest.endPfn * pageSize)}: no zone promises memory below the mask`,
    );
  }
  const highest = gfpZone(gfp);
  const room = m.zones.reduce((n, z) => (z.idx <= highest ? Math.max(n, z.present * pageSize) : n), 0);
  if (contiguous && bytes > room)
    return refused(
      ENOMEM,
      `${formatSize(bytes)} do not fit in a zone the device reaches with ${dmaBits} address bits: the largest has ${formatSize(room)}`,
    );
  return null;
}
