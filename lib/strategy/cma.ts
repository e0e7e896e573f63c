/** A CMA area: at the page size of the kernel, or with a page size of its own choosing. */
import { parseSize } from "../base/units";
import type { BootRequest } from "../machine/boot-request";
import { parseCma } from "../machine/cma-request";
import type { System } from "../machine/system";
import { contigAttempt, refused } from "./contig-attempt";
import { freeFramesIn } from "./free-frames";
import { Prepared } from "./prepared";
import type { Attempt, MemoryRequest, Strategy, StrategySpec } from "./strategy";

/** Sized as asked, or for two requests held at a time. */
export function areaBytes(spec: StrategySpec, request: MemoryRequest): number {
  return spec.area === "auto" ? request.bytes * 2 : parseSize(spec.area as string, `${spec.name}: area`);
}

/** The machine with a default CMA area of the spec's size. */
export function withArea(base: BootRequest, spec: StrategySpec, request: MemoryRequest): BootRequest {
  return { ...base, cma: parseCma(areaBytes(spec, request)) };
}

/** `native` is what the machine has: undefined where its description leaves it to the board. */
function pageSizeOf(base: BootRequest, spec: StrategySpec): number | undefined {
  return spec.pageSize === "native"
    ? base.pageSize
    : parseSize(spec.pageSize as string, `${spec.name}: page size`);
}

export const AREA_MEANING = "bytes of the area, or `auto`: twice the request";

export const cma: Strategy = {
  name: "cma",
  title: "CMA area",
  summary:
    "An area reserved at boot whose page blocks ordinary movable memory may use until a driver asks; then its contents are moved out of the way. Needs page blocks, reclaim and compaction's migration to work.",
  configure: "cma= on the kernel command line, or a reserved-memory node of the device tree; CONFIG_CMA",
  control: "whoever boots the machine decides on the area, drivers take from it",
  since: "3.5; aligned to page blocks instead of the largest buddy since 5.19",
  sources: [
    "LWN, 1 May 2018: first session",
    "mm/cma.c cma_alloc(), cma_declare_contiguous(): docs/fidelity.md",
    "raspberrypi/linux issue 6053: a region of 64 MiB on pages of 64 KiB, refused",
  ],
  defaults: { area: "auto", pageSize: "native" },
  meanings: { area: AREA_MEANING, pageSize: "base page in bytes, or `native`: the machine's" },
  machine(base, spec, request) {
    const pageSize = pageSizeOf(base, spec);
    return withArea({ ...base, ...(pageSize !== undefined && { pageSize }) }, spec, request);
  },
  prepare: (system, spec, request) => new PreparedCma(system, spec, request),
};

export const cma4k: Strategy = {
  ...cma,
  name: "cma-4k",
  title: "CMA on a 4 KB kernel",
  summary:
    "The same area on a kernel with pages of 4 KiB, whose page block is 2 MiB: alignment costs next to nothing. The article's second work-around; for a distribution with 64 KB pages it means a second kernel.",
  configure: "a kernel built with 4 KiB pages; cma= on its command line; CONFIG_CMA",
  control: "the distribution builds it, whoever boots the machine decides on the area",
  defaults: { area: "auto", pageSize: "4K" },
};

/** Requests to the first CMA area of a system. */
export class PreparedCma extends Prepared {
  private readonly align: number;

  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, { forDevice: false, wholePages: false });
    this.align = Math.max(0, Math.log2(request.alignBytes / system.pageSize));
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

  /** Its number among the areas of the machine: a hugetlb_cma area may lie beside it. */
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

  /** Free pages of the area: neither a driver nor movable memory has them. */
  protected override idleBytes(): number {
    const { base, reservedBytes } = this.system.booted.cma;
    if (base === null) return 0;
    const { pageSize, memory } = this.system;
    return freeFramesIn(memory, base / pageSize, (base + reservedBytes) / pageSize) * pageSize;
  }
}
