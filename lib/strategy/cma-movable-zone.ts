/** CMA tied to ZONE_MOVABLE: the design of the 4.17 cycle, with the options that an administrator has today. */
import { formatSize } from "../base/units";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { parseCore } from "../machine/movable-request";
import type { System } from "../machine/system";
import { CmaRange } from "../mm/cma-area";
import { ZONE_MOVABLE } from "../mm/gfp";
import { MIGRATE_MOVABLE } from "../mm/migratetype";
import { areaBytes } from "./cma";
import { contigAttempt, refused } from "./contig-attempt";
import { freeFramesIn } from "./free-frames";
import { Prepared } from "./prepared";
import type { Attempt, Constraint, ContigRequest, Strategy, StrategySpec } from "./strategy";

export const cmaMovableZone: Strategy = {
  name: "cma-movable-zone",
  title: "CMA on ZONE_MOVABLE",
  summary:
    "The area is a zone of its own for movable memory, so that watermarks, free counts and reclaim know by themselves that unmovable requests cannot use it: the accounting problems of CMA go away. The alignment does not: isolation stays by page block. Merged during the 4.17 cycle and reverted before its end. Modelled with movablecore= of today: a ZONE_MOVABLE of the area's size, from which requests take ranges first fit, as cma_alloc() does. Unlike the design, such a zone lies at the top of memory, where a device with a short mask does not reach it.",
  configure:
    "movablecore= on the command line, and a driver that takes ranges of ZONE_MOVABLE; the design itself needed only CONFIG_CMA and cma=",
  control: "whoever boots the machine decides on the zone, drivers take from it",
  since:
    "merged for 4.17-rc1 and reverted before 4.17 (commit d883c6cf3b39); ZONE_MOVABLE by movablecore= since 2.6.23",
  sources: [
    "Joonsoo Kim: manage the memory of the CMA area by using the ZONE_MOVABLE; ZONE_CMA of 2016 before it",
    "LWN, 1 May 2018: would solve accounting problems, would still be bound by the page block",
    "mm/page_alloc.c find_zone_movable_pfns_for_nodes()",
  ],
  defaults: { area: "auto" },
  meanings: {
    area: "bytes of the zone, or `auto`: twice the request and a 32nd of the memory, because memblock has put the memmap and other tables at the top of memory, where the zone is cut",
  },
  machine: (base, spec, request) => ({
    ...base,
    cma: { kind: "off" },
    movable: { movablecore: parseCore(zoneBytes(base, spec, request), "movablecore") },
  }),
  prepare: (system, spec, request) => new PreparedMovableZone(system, spec, request),
};

function zoneBytes(base: BootRequest, spec: StrategySpec, request: ContigRequest): number {
  const tables = spec.area === "auto" ? Math.ceil(resolveBoot(base).memoryBytes / 32) : 0;
  return areaBytes(spec, request) + tables;
}

class PreparedMovableZone extends Prepared {
  /** The zones' frames and what requests have of them. */
  private readonly areas: CmaRange[];
  private readonly wantedBytes: number;

  constructor(system: System, spec: StrategySpec, request: ContigRequest) {
    super(system, spec, request, { forDevice: false, wholePages: false });
    this.wantedBytes = areaBytes(spec, request);
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
    const align = Math.max(0, Math.log2(this.asked.alignBytes / system.pageSize));
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
        if (last.granted) {
          area.mark(pfn, pages, 1);
          return { ...last, busyRetries };
        }
        busyRetries++;
        if (last.errno !== -16) return { ...last, busyRetries };
        // Further ranges are looked for a page block further on: a modelling choice, cma_alloc() goes on by the alignment.
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

  /** The zone is rounded up to the largest buddy page, and has to hold what memblock put there. */
  protected override roundingBytes(): number {
    return Math.max(0, this.reservedBytes() - this.wantedBytes);
  }

  protected override rules(): Constraint[] {
    const { memory: m, pageSize } = this.system;
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
}
