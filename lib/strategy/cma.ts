/** A CMA area, at the kernel's page size or at a given one. */
import { log2 } from "../base/elementary";
import type { BootRequest } from "../machine/boot-request";
import { parseCma } from "../machine/cma-request";
import type { System } from "../machine/system";
import { dmaAlignOrder } from "../mm/boot/dma-contiguous";
import { either, filled, literal, name, type OutOf, optional, size } from "../schema/field";
import { contigAttempt, refused } from "./contig-attempt";
import { freeFramesIn } from "./free-frames";
import { AREA_PARAMETERS, type AreaParameters } from "./parameters";
import { Prepared } from "./prepared";
import { type Attempt, defineStrategy, type MemoryRequest } from "./strategy";

/** The size of the area in bytes: as given, or room for two requests. */
export function areaBytes({ area }: AreaParameters, request: MemoryRequest): number {
  return area === "auto" ? request.bytes * 2 : area;
}

/** The machine with a default CMA area of the given size. */
export function withArea(base: BootRequest, parameters: AreaParameters, request: MemoryRequest): BootRequest {
  return { ...base, cma: parseCma(areaBytes(parameters, request)) };
}

const PARAMETERS = {
  ...AREA_PARAMETERS,
  align: optional(
    name<"request" | "driver">(
      "how requests are aligned: as the plan asks, else to one page (`request`), or at least as dma_alloc_contiguous() does for a driver, to the order of their size, at most CONFIG_CMA_ALIGNMENT (`driver`)",
      ["request", "driver"],
      {
        default: "`request` if the request names an alignment, else `driver`",
        source: "kernel/dma/contiguous.c dma_alloc_contiguous()",
      },
    ),
  ),
  pageSize: filled(
    either(
      "base page of the kernel; `native`: the machine's",
      'must be a size or "native"',
      [size(""), literal("native")],
      {
        default: "native",
      },
    ),
  ),
};

/** The machine with the page size and the area asked for; `native` leaves the page size to the machine's description. */
function machineOf(
  base: BootRequest,
  parameters: OutOf<typeof PARAMETERS>,
  request: MemoryRequest,
): BootRequest {
  const { pageSize } = parameters;
  return withArea(pageSize === "native" ? base : { ...base, pageSize }, parameters, request);
}

export const cma = defineStrategy({
  name: "cma",
  title: "CMA area",
  summary:
    "An area reserved at boot. Ordinary movable memory may use its page blocks until a driver requests some; then its contents are moved out of the way. It needs page blocks, reclaim and compaction's migration.",
  configure: "cma= on the kernel command line, or a reserved-memory node of the device tree; CONFIG_CMA",
  control: "whoever boots the machine decides on the area; drivers take from it",
  since: "3.5; aligned to page blocks instead of the largest buddy since 5.19",
  sources: [
    "LWN, 1 May 2018: first session",
    "mm/cma.c cma_alloc(), cma_declare_contiguous(): docs/fidelity.md",
    "raspberrypi/linux issue 6053: a region of 64 MiB on pages of 64 KiB, refused",
  ],
  parameters: PARAMETERS,
  machine: machineOf,
  prepare: (system, parameters, request) => new PreparedCma(system, parameters, request),
});

export const cma4k = defineStrategy({
  ...cma,
  name: "cma-4k",
  title: "CMA on a 4 KB kernel",
  summary:
    "The same area on a kernel with pages of 4 KiB, whose page block is 2 MiB, so alignment costs next to nothing. This is the article's second work-around; a distribution with 64 KB pages needs a second kernel for it.",
  configure: "a kernel built with 4 KiB pages; cma= on its command line; CONFIG_CMA",
  control: "the distribution builds it; whoever boots the machine decides on the area",
  parameters: {
    ...AREA_PARAMETERS,
    align: PARAMETERS.align,
    pageSize: filled({ ...PARAMETERS.pageSize, facts: { ...PARAMETERS.pageSize.facts, default: "4K" } }),
  },
});

/** What requests to an area need to know of the parameters. */
interface CmaParameters extends AreaParameters {
  align?: "request" | "driver";
}

/**
 * The order to which a request to an area is aligned. A request that names no alignment is a driver's:
 * kernel/dma/contiguous.c dma_alloc_contiguous() and drivers/dma-buf/heaps/cma_heap.c take the order of the size, at
 * most CONFIG_CMA_ALIGNMENT.
 */
export function areaAlignOrder(
  { pageSize, booted }: System,
  request: MemoryRequest,
  align?: "request" | "driver",
) {
  const { bytes, alignBytes, alignNamed } = request;
  const asked = Math.max(0, log2(alignBytes / pageSize));
  if ((align ?? (alignNamed ? "request" : "driver")) === "request") return asked;
  return Math.max(asked, dmaAlignOrder(bytes, pageSize, booted.cmaAlignment));
}

/** Requests to the first CMA area of a system. */
export class PreparedCma extends Prepared<CmaParameters> {
  private readonly align: number;

  constructor(system: System, parameters: CmaParameters, request: MemoryRequest) {
    super(system, parameters, request, { forDevice: false, wholePages: false });
    this.align = areaAlignOrder(system, request, parameters.align);
  }

  protected attempt(): Attempt {
    const { system } = this;
    if (system.booted.cma.reservedBytes === 0)
      return refused(-12, `there is no CMA area: ${system.booted.cma.reason ?? "none was asked for"}`);
    return contigAttempt(system.contig.cmaAlloc(this.pages, this.align, this.area, { world: system.world }));
  }

  protected give(attempt: Attempt): void {
    for (const { pfn, pages } of attempt.pieces) this.system.contig.cmaRelease(pfn, pages);
  }

  /** Its index among the areas of the machine, which may also have a hugetlb_cma area. */
  private get area(): number {
    const { cma, pageSize } = this.system.booted;
    const base = (cma.base ?? -1) / pageSize;
    return Math.max(
      0,
      this.system.contig.areas.findIndex((a) => a.holds(base)),
    );
  }

  protected override reservedBytes(): number {
    return this.system.booted.cma.reservedBytes;
  }

  protected override roundingBytes(): number {
    const { reservedBytes, requestedBytes } = this.system.booted.cma;
    return Math.max(0, reservedBytes - requestedBytes);
  }

  /** Free pages of the area, used neither by a driver nor by movable memory. */
  protected override idleBytes(): number {
    const { base, reservedBytes } = this.system.booted.cma;
    if (base === null) return 0;
    const { pageSize, memory } = this.system;
    return freeFramesIn(memory, base / pageSize, (base + reservedBytes) / pageSize) * pageSize;
  }
}
