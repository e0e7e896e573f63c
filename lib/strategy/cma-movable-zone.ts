/** CMA tied to ZONE_MOVABLE: the design of the 4.17 cycle, or the part of it that administrators can use today. */
import { formatSize } from "../base/units";
import type { KernelRelease, ModelledRelease } from "../hardware/kernel-release";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { parseCore } from "../machine/movable-request";
import type { System } from "../machine/system";
import { CmaRange } from "../mm/contiguous/cma-area";
import { ZONE_MOVABLE } from "../mm/state/gfp";
import { MIGRATE_MOVABLE } from "../mm/state/migratetype";
import { filled, name, type OutOf } from "../schema/field";
import { areaAlignOrder, areaBytes, PreparedCma, withArea } from "./cma";
import { contigAttempt, refused } from "./contig-attempt";
import { freeFramesIn } from "./free-frames";
import { autoSize } from "./parameters";
import { Prepared } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  area: autoSize(
    "bytes of the area or zone; `auto`: twice the request. With movablecore= `auto` adds a 32nd of the memory, because memblock has put the memmap and other tables at the top of memory, where the zone is cut",
  ),
  design: filled(
    name(
      "`2018`: the series of the 4.17 cycle; `movablecore`: the option of today; `auto`: 2018 on kernel 4.17, else movablecore",
      ["auto", "2018", "movablecore"],
      { default: "auto" },
    ),
  ),
};
type Parameters = OutOf<typeof PARAMETERS>;

export const cmaMovableZone = defineStrategy({
  name: "cma-movable-zone",
  title: "CMA on ZONE_MOVABLE",
  summary:
    "The area is a zone of its own for movable memory. Watermarks, free counts and reclaim then take into account that unmovable requests cannot use it, so CMA's accounting problems disappear. The alignment remains, because isolation still works on page blocks. Merged during the 4.17 cycle and reverted before its end. With `design` 2018, the area is that of cma= and its frames belong to ZONE_MOVABLE, whose span overlaps the zone below. With `movablecore`, it is the option of today: a ZONE_MOVABLE of the area's size at the top of memory, beyond the reach of a device with a short mask, from which requests take ranges first fit, as cma_alloc() does.",
  configure:
    "2018: CONFIG_CMA and cma= on a kernel with the series; movablecore: movablecore= on the command line, and a driver that takes ranges of ZONE_MOVABLE",
  control: "whoever boots the machine decides on the zone; drivers take from it",
  since:
    "merged for 4.17-rc1 and reverted before 4.17 (commit d883c6cf3b39); ZONE_MOVABLE by movablecore= since 2.6.23",
  sources: [
    "Joonsoo Kim: manage the memory of the CMA area by using the ZONE_MOVABLE; ZONE_CMA of 2016 before it",
    "LWN, 1 May 2018: would solve accounting problems, would still be bound by the page block",
    "mm/cma.c cma_init_reserved_areas() and mm/page_alloc.c init_cma_reserved_pageblock() of commit bad8c6c0b114, in 4.17-rc1",
    "mm/page_alloc.c find_zone_movable_pfns_for_nodes()",
  ],
  parameters: PARAMETERS,
  machine: (base, parameters, request) =>
    designOf(parameters, resolveBoot(base).release) === "2018"
      ? withArea({ ...base, switches: { ...base.switches, cmaInMovableZone: true } }, parameters, request)
      : {
          ...base,
          cma: { kind: "off" },
          movable: { movablecore: parseCore(zoneBytes(base, parameters, request), "movablecore") },
        },
  prepare: (system, parameters, request) =>
    designOf(parameters, system.booted.kernel) === "2018"
      ? new PreparedDesign(system, parameters, request)
      : new PreparedMovableZone(system, parameters, request),
});

/** The release whose first candidate had the design of 2018. */
const MERGED_FOR: ModelledRelease = "4.17";

/** The parameter `design`, with `auto` by release. */
function designOf({ design }: Parameters, release: KernelRelease): "2018" | "movablecore" {
  if (design !== "auto") return design;
  return release === MERGED_FOR ? "2018" : "movablecore";
}

/** Memory that the zones below withhold from movable requests because of ZONE_MOVABLE. */
function accounting({ memory: m, pageSize }: System): Constraint[] {
  const reserve = m.zones.reduce(
    (n, z) => n + (z.idx < ZONE_MOVABLE ? z.lowmemReserve[ZONE_MOVABLE]! : 0),
    0,
  );
  return [
    {
      name: "accounting",
      ok: true,
      text: `the zone has watermarks of its own; the zones below keep ${formatSize(reserve * pageSize)} from movable requests on its account (lowmem_reserve)`,
    },
  ];
}

/** Requests to the area in ZONE_MOVABLE: CMA's own, with cma_alloc(). */
class PreparedDesign extends PreparedCma {
  protected override rules(): Constraint[] {
    return accounting(this.system);
  }
}

function zoneBytes(base: BootRequest, parameters: Parameters, request: MemoryRequest): number {
  const tables = parameters.area === "auto" ? Math.ceil(resolveBoot(base).memoryBytes / 32) : 0;
  return areaBytes(parameters, request) + tables;
}

class PreparedMovableZone extends Prepared<Parameters> {
  /** The zones' frames, and those that requests hold. */
  private readonly areas: CmaRange[];
  private readonly wantedBytes: number;

  constructor(system: System, parameters: Parameters, request: MemoryRequest) {
    super(system, parameters, request, { forDevice: false, wholePages: false });
    this.wantedBytes = areaBytes(parameters, request);
    this.areas = system.memory.zones
      .filter((z) => z.idx === ZONE_MOVABLE)
      .map((z) => new CmaRange(`ZONE_MOVABLE of node ${z.nid}`, z.startPfn, z.endPfn - z.startPfn, 0));
  }

  protected attempt(): Attempt {
    const { system, pages, areas } = this;
    if (areas.length === 0)
      return refused(
        -12,
        `there is no ZONE_MOVABLE: ${system.booted.movable.reason ?? "none was asked for"}`,
      );
    const align = areaAlignOrder(system, this.asked);
    let busyRetries = 0;
    let last: Attempt | null = null;
    for (const area of areas) {
      const { mask, offset } = area.alignment(align);
      for (let start = 0; pages <= area.count; ) {
        const bit = area.findZeroArea(start, pages, mask, offset);
        if (bit < 0) break;
        const pfn = area.basePfn + bit;
        const options = { world: system.world, owner: "cmaBuffer" as const };
        last = contigAttempt(system.contig.allocContigRange(pfn, pfn + pages, MIGRATE_MOVABLE, options));
        if (last.ok) {
          area.mark(pfn, pages, 1);
          return { ...last, busyRetries };
        }
        busyRetries++;
        if (last.errno !== -16) return { ...last, busyRetries };
        // The search continues one page block further on, a modelling choice: cma_alloc() continues by the alignment.
        start = bit + Math.max(mask + 1, system.memory.pageblockPages);
      }
    }
    return last === null
      ? refused(
          -12,
          `ZONE_MOVABLE has no free run of ${pages} pages: ${areas.map((a) => `${a.used} of ${a.count} pages are taken`).join(", ")}`,
        )
      : { ...last, busyRetries };
  }

  protected give({ pieces }: Attempt): void {
    for (const { pfn, pages } of pieces) {
      this.system.contig.freeContigRange(pfn, pages);
      this.areas.find((a) => a.holds(pfn))!.mark(pfn, pages, 0);
    }
  }

  protected override reservedBytes(): number {
    return this.areas.reduce((n, a) => n + a.count, 0) * this.system.pageSize;
  }

  protected override idleBytes(): number {
    const { memory, pageSize } = this.system;
    return (
      this.areas.reduce((n, a) => n + freeFramesIn(memory, a.basePfn, a.basePfn + a.count), 0) * pageSize
    );
  }

  /** The zone is rounded up to the largest buddy page and includes what memblock put there. */
  protected override roundingBytes(): number {
    return Math.max(0, this.reservedBytes() - this.wantedBytes);
  }

  protected override rules(): Constraint[] {
    return accounting(this.system);
  }
}
