/** A range taken at boot and used by nothing else: the oldest way. It always works and always costs memory. */

import { GRANTED } from "../base/answer";
import { log2 } from "../base/elementary";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { isolateFreePage } from "../mm/allocation/isolate-free-page";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { buddyOrder } from "../mm/compaction/isolate-freepages-block";
import { CmaRange } from "../mm/contiguous/cma-area";
import { __GFP_NOWARN } from "../mm/state/gfp";
import { materialiseRange } from "../mm/state/materialise-range";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_MOVABLE } from "../mm/state/migratetype";
import { markTaken, OWNER_KINDS } from "../mm/state/owners";
import { OWNER_HOLE, OWNER_MASK, OWNER_RESERVED } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";
import type { OutOf } from "../schema/field";
import { refused } from "./contig-attempt";
import { takeForDevice } from "./device-zones";
import { autoSize } from "./parameters";
import { Prepared } from "./prepared";
import type { RequestCheck } from "./request-check";
import { type Attempt, defineStrategy, type MemoryRequest } from "./strategy";

export const CARVE_OUT_PARAMETERS = {
  area: autoSize("bytes taken at boot; `auto`: twice the request"),
};

export const carveOut = defineStrategy({
  name: "carve-out",
  title: "static carve-out",
  summary:
    "A range is reserved at boot and kept for the device. Every request up to its size is granted at once, whatever else the machine does, and the rest of the range is idle. CMA was invented to replace this. Modelled: the range is taken from the running allocator before anything else runs, top down as memblock does; the zones' managed pages and watermarks stay as they were.",
  configure: "a reserved-memory node with no-map or without `reusable`, memmap= or mem= on the command line",
  control: "whoever boots the machine",
  since: "every release",
  sources: [
    "Documentation/admin-guide/kernel-parameters.txt memmap=, mem=; reserved-memory device-tree binding",
    "LWN, 1 May 2018: allocating contiguous areas at boot is the alternative named last",
  ],
  parameters: CARVE_OUT_PARAMETERS,
  machine: (base) => ({ ...base, cma: { kind: "off" } }),
  takesAtBoot: true,
  prepare: (system, parameters, request) => new PreparedCarveOut(system, parameters, request, "carve-out"),
});

/** A range of the machine that was taken at boot: requests are served first fit from its own bitmap. */
export class PreparedCarveOut<
  P extends OutOf<typeof CARVE_OUT_PARAMETERS> = OutOf<typeof CARVE_OUT_PARAMETERS>,
> extends Prepared<P> {
  /** Null if there was no such range. */
  protected readonly area: CmaRange | null;
  private readonly alignPages: number;

  constructor(
    system: System,
    parameters: P,
    request: MemoryRequest,
    strategy: string,
    check: RequestCheck = {},
  ) {
    super(system, parameters, request, { wholePages: false, ...check });
    const { pageSize } = system;
    const bytes = parameters.area === "auto" ? request.bytes * 2 : parameters.area;
    const pages = Math.ceil(bytes / pageSize);
    this.alignPages = Math.max(1, request.alignBytes / pageSize, request.cpuMapBytes / pageSize);
    const pfn = takeAtBoot(system, pages, this.alignPages, 2 ** request.dmaBits / pageSize);
    this.area = pfn < 0 ? null : new CmaRange(strategy, pfn, pages, 0);
  }

  protected attempt(): Attempt {
    const { area, pages } = this;
    if (area === null)
      return refused(
        -12,
        `no range of that size could be taken at boot: asked ${typeof this.parameters.area === "number" ? formatSize(this.parameters.area) : "auto"}, the device reaches ${this.asked.dmaBits} address bits`,
      );
    const { mask, offset } = area.alignment(log2(this.alignPages));
    const bit = pages > area.count ? -1 : area.findZeroArea(0, pages, mask, offset);
    if (bit < 0)
      return refused(
        -12,
        `the range of ${formatSize(area.count * this.system.pageSize)} taken at boot has no free ${formatSize(pages * this.system.pageSize)}: ${area.used} of ${area.count} pages are in use`,
      );
    const pfn = area.basePfn + bit;
    area.mark(pfn, pages, 1);
    return { ...GRANTED, pieces: [{ pfn, pages }], busyRetries: 0, ready: true };
  }

  protected give({ pieces }: Attempt): void {
    for (const { pfn, pages } of pieces) this.area!.mark(pfn, pages, 0);
  }

  protected override reservedBytes(): number {
    return (this.area?.count ?? 0) * this.system.pageSize;
  }

  protected override idleBytes(): number {
    return this.area === null ? 0 : (this.area.count - this.area.used) * this.system.pageSize;
  }

  protected override roundingBytes(): number {
    return this.pages * this.system.pageSize - this.asked.bytes;
  }
}

/**
 * Takes the highest available range of `pages` frames below frame `end`, aligned to `align` frames; −1 if there is none.
 * The search goes top down, as memblock's does. The frames belong to a driver afterwards.
 */
export function takeAtBoot(system: System, pages: number, align: number, end: number): number {
  const m = system.memory;
  const pieces = m.zones
    .flatMap((zone) => zone.pieces.map((p) => ({ zone, ...p })))
    .sort((a, b) => b.startPfn - a.startPfn);
  // A range larger than a page of the allocator starts at one, because whole pages are taken fastest.
  const step = pages < 2 ** m.maxOrder ? align : Math.max(align, 2 ** m.maxOrder);
  for (const { zone, startPfn, endPfn } of pieces) {
    const top = Math.min(endPfn, end) - pages;
    for (let pfn = Math.floor(top / step) * step; pfn >= startPfn; ) {
      if (takeFree(m, zone, pfn, pfn + pages)) return pfn;
      const bar = lastUnusable(m, pfn, pfn + pages);
      if (bar >= 0) {
        pfn = Math.floor((bar - pages) / step) * step;
        continue;
      }
      const options = { world: system.world, owner: "driver" as const };
      if (system.contig.allocContigRange(pfn, pfn + pages, MIGRATE_MOVABLE, options).ok) return pfn;
      pfn -= Math.max(step, m.pageblockPages);
    }
  }
  return partOfPage(system, pages, align, end);
}

/**
 * For page blocks so large that boot left something in each of them, so that none can be isolated: takes the first part of
 * one page of the allocator and gives the rest back.
 */
function partOfPage(system: System, pages: number, align: number, end: number): number {
  const m = system.memory;
  const order = Math.ceil(log2(Math.max(pages, align)));
  if (order > m.maxOrder) return -1;
  const { got } = takeForDevice(
    system,
    log2(end * system.pageSize),
    (gfp) => {
      const pfn = allocPages(m, gfp | __GFP_NOWARN, order);
      return pfn < 0 ? null : { pfn, pages: 2 ** order };
    },
    (taken) => freePages(m, taken.pfn, order),
  );
  if (got === null) return -1;
  const { pfn } = got;
  m.setOwner(pfn, OWNER_KINDS.driver);
  m.splitAllocated(pfn, 0);
  for (let p = pfn + pages; p < pfn + 2 ** order; p++) freePages(m, p, 0);
  return pfn;
}

/** Takes [start, end) if it consists of whole free pages of the largest order; else false. */
function takeFree(m: Memory, zone: Zone, start: number, end: number): boolean {
  const pages = 2 ** m.maxOrder;
  if (start % pages !== 0 || end % pages !== 0) return false;
  materialiseRange(m, start, end);
  for (let p = start; p < end; p += pages) if (buddyOrder(m, p) !== m.maxOrder) return false;
  for (let p = start; p < end; p += pages) isolateFreePage(m, zone, p, m.maxOrder);
  markTaken(m, start, end, "driver");
  return true;
}

/** The last frame of [start, end) that never belonged to the allocator, or −1. */
function lastUnusable(m: Memory, start: number, end: number): number {
  for (let p = end - 1; p >= start; p--) {
    if (m.blockIsHole(p)) return p;
    const kind = m.ownerOf(p) & OWNER_MASK;
    if (kind === OWNER_RESERVED || kind === OWNER_HOLE) return p;
  }
  return -1;
}
