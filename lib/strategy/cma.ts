/** A CMA area: at the page size of the kernel, or with a page size of its own choosing. */
import { InputError } from "../base/errors";
import { parseSize } from "../base/units";
import { parseCma } from "../machine/cma-request";
import type { System } from "../machine/system";
import { contigAttempt, refused } from "./contig-attempt";
import type { Attempt, ContigRequest, PreparedStrategy, Strategy, StrategySpec } from "./strategy";

/** Sized as asked, or for the requests held at a time and half as much again. */
function areaBytes(spec: StrategySpec, request: ContigRequest): number {
  return spec.area === "auto" ? request.bytes * 2 : parseSize(spec.area as string, "cma: area");
}

export const cma: Strategy = {
  name: "cma",
  title: "CMA area",
  summary:
    "An area reserved at boot whose page blocks ordinary movable memory may use until a driver asks; then its contents are moved out of the way. Needs page blocks, reclaim and compaction's migration to work.",
  configure: "cma= on the kernel command line, or a reserved-memory node; CONFIG_CMA",
  defaults: { area: "auto", pageSize: "native" },
  machine(base, spec, request) {
    const pageSize =
      spec.pageSize === "native" ? base.pageSize : parseSize(spec.pageSize as string, "cma: page size");
    return {
      ...base,
      ...(pageSize !== undefined && { pageSize }),
      cma: parseCma(areaBytes(spec, request)),
    };
  },
  prepare: (system, _spec, request) => new PreparedCma(system, request),
};

/** Requests to the first CMA area of a system. */
export class PreparedCma implements PreparedStrategy {
  private readonly pages: number;
  private readonly align: number;

  constructor(
    private readonly system: System,
    request: ContigRequest,
  ) {
    this.pages = Math.ceil(request.bytes / system.pageSize);
    this.align = Math.max(0, Math.log2(request.alignBytes / system.pageSize));
    if (!Number.isInteger(this.align) && request.alignBytes > system.pageSize)
      throw new InputError(`request: alignment must be a power of two: got ${request.alignBytes} bytes`);
  }

  request(): Attempt {
    const { system } = this;
    if (system.contig.areas.length === 0)
      return refused(-12, `there is no CMA area: ${system.booted.cma.reason ?? "none was asked for"}`);
    return contigAttempt(system.contig.cmaAlloc(this.pages, this.align, 0, { world: system.world }));
  }

  release(attempt: Attempt): void {
    for (const { pfn, pages } of attempt.pieces) this.system.contig.cmaRelease(pfn, pages);
  }

  metrics(): Record<string, number> {
    const { cma: area } = this.system.booted;
    return {
      reservedBytes: area.reservedBytes,
      roundingBytes: Math.max(0, area.reservedBytes - area.requestedBytes),
    };
  }
}
