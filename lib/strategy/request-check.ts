/** Refuses requests that no allocator of this machine can serve, with the reason of the kernel or the device. */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { gfpZone } from "../mm/state/gfp";
import { refused } from "./contig-attempt";
import { deviceGfps } from "./device-zones";
import type { Attempt, MemoryRequest } from "./strategy";

const EINVAL = -22;
const ENOMEM = -12;
const EIO = -5;

/** How a request is checked. */
export interface RequestCheck {
  /** The memory is chosen for the device, zone by zone; default true. The place of user memory is checked afterwards instead. */
  forDevice?: boolean;
  /** Sizes are multiples of the page; default true. dma_alloc_coherent() rounds up instead; a process always maps whole pages. */
  wholePages?: boolean;
  /** All of it must be in one node and zone; default true. */
  contiguous?: boolean;
  /** An IOMMU translates, so only the space of bus addresses below the mask counts; default false. */
  translated?: boolean;
}

/** A refusal as data: the field of the request, its value, and the limit of the machine. */
export interface RefusedField {
  field: "bytes" | "dmaBits";
  asked: number;
  limit: number;
}

/** The field in a failure's data if the request itself was refused; undefined for other failures. */
export function refusedField(data: unknown): RefusedField | undefined {
  return (data as { refused?: RefusedField } | null)?.refused;
}

/** Null, or why the request cannot be served by this machine at all. Throws InputError for an invalid alignment. */
export function refusal(system: System, request: MemoryRequest, check: RequestCheck = {}): Attempt | null {
  const { alignBytes, dmaBits } = request;
  if (!Number.isInteger(log2(alignBytes)))
    throw new InputError(`request: alignment must be a power of two: got ${alignBytes} bytes`);
  if (!(Number.isInteger(dmaBits) && dmaBits >= 1 && dmaBits <= 64))
    throw new InputError(`request: dmaBits must be a whole number from 1 to 64: got ${dmaBits}`);
  return (
    sizeRefusal(system, request, check) ??
    (check.translated === true ? busRefusal(request) : maskRefusal(system, request, check))
  );
}

function sizeRefusal(system: System, { bytes, who }: MemoryRequest, check: RequestCheck): Attempt | null {
  const { wholePages = true, contiguous = true } = check;
  const { memory: m, pageSize } = system;
  if ((wholePages || who === "user") && bytes % pageSize !== 0)
    return barred(
      EINVAL,
      "bytes",
      bytes,
      pageSize,
    )(`${bytes} bytes are no whole number of pages of ${formatSize(pageSize)}: memory is given out in pages`);
  const nodes = new Map<number, number>();
  for (const z of m.zones) nodes.set(z.nid, (nodes.get(z.nid) ?? 0) + z.present * pageSize);
  const largest = largestOf(nodes.values());
  if (contiguous && bytes > largest)
    return barred(
      ENOMEM,
      "bytes",
      bytes,
      largest,
    )(
      `${formatSize(bytes)} are more than the largest node has, ${formatSize(largest)}; a contiguous range ends at the edge of a node`,
    );
  const all = [...nodes.values()].reduce((n, node) => n + node, 0);
  if (bytes > all)
    return barred(
      ENOMEM,
      "bytes",
      bytes,
      all,
    )(`${formatSize(bytes)} are more than all memory of the machine, ${formatSize(all)}`);
  return null;
}

/** iommu_dma_alloc_iova(): bus addresses end at the device's mask. */
function busRefusal({ bytes, dmaBits }: MemoryRequest): Attempt | null {
  const room = 2 ** dmaBits;
  if (bytes <= room) return null;
  return barred(
    ENOMEM,
    "dmaBits",
    dmaBits,
    Math.ceil(log2(bytes)),
  )(
    `the device reaches ${dmaBits} address bits: ${formatSize(room)} of bus addresses have no room for ${formatSize(bytes)}`,
  );
}

function maskRefusal(
  system: System,
  { bytes, dmaBits }: MemoryRequest,
  { forDevice = true, contiguous = true }: RequestCheck,
): Attempt | null {
  const { memory: m, pageSize } = system;
  const reach = 2 ** dmaBits;
  const gfps = deviceGfps(system, dmaBits);
  if (gfps.length === 0) {
    const lowest = m.zones.reduce((a, b) => (b.startPfn < a.startPfn ? b : a));
    const end = lowest.endPfn * pageSize;
    return barred(
      EIO,
      "dmaBits",
      dmaBits,
      Math.ceil(log2(end)),
    )(
      `the device reaches ${dmaBits} address bits (${formatSize(reach)}); the lowest zone, ${lowest.name}, ends at ${formatSize(end)}: no zone promises memory below the mask, dma_set_mask() returns −5 (EIO)`,
    );
  }
  if (!forDevice || !contiguous) return null;
  const highest = gfpZone(gfps[0]!);
  const room = m.zones.reduce((most, z) => {
    const below = Math.min(z.present, Math.floor(reach / pageSize) - z.startPfn);
    return z.idx <= highest ? Math.max(most, below * pageSize) : most;
  }, 0);
  if (bytes <= room) return null;
  return barred(
    ENOMEM,
    "bytes",
    bytes,
    room,
  )(
    `${formatSize(bytes)} do not fit in a zone the device reaches with ${dmaBits} address bits: the most that one has below the mask is ${formatSize(room)}`,
  );
}

function barred(errno: number, field: RefusedField["field"], asked: number, limit: number) {
  const data: RefusedField = { field, asked, limit };
  return (text: string): Attempt => refused(errno, text, { refused: data });
}
