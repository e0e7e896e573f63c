/** CMA with smaller page blocks, and a kernel that needs no page-block alignment at all. */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { findBoard } from "../hardware/boards";
import { bootRules, type ModelledRelease } from "../hardware/kernel-release";
import { pageGeometry } from "../hardware/page-geometry";
import { BOOT_DEFAULTS, type BootRequest } from "../machine/boot-request";
import { filled, size } from "../schema/field";
import { PreparedCma, withArea } from "./cma";
import { AREA_PARAMETERS } from "./parameters";
import { defineStrategy } from "./strategy";

/** CONFIG_PAGE_BLOCK_MAX_ORDER came with 6.16; 6.19 is the first modelled release that has it. */
const FIRST: ModelledRelease = "6.19";

/** The machine with page blocks of 2^order pages on a release that has the option; older ones are replaced by 6.19. */
function withPageBlocks(base: BootRequest, order: number): BootRequest {
  const kernel = base.kernel ?? BOOT_DEFAULTS.kernel;
  return {
    ...base,
    kernel: bootRules(kernel).pageblockMaxOrder ? kernel : FIRST,
    pageblockMaxOrder: order,
  };
}

function orderOf(base: BootRequest, bytes: number, what: string): number {
  const board = findBoard(base.board);
  const pageSize = base.pageSize ?? board.pageSizes[0]!;
  const order = log2(bytes / pageSize);
  if (!Number.isInteger(order))
    throw new InputError(
      `${what}: must be a power of two of pages of ${formatSize(pageSize)}: got ${formatSize(bytes)}`,
    );
  const huge = { thp: base.thp ?? BOOT_DEFAULTS.thp, hugetlb: base.hugetlb ?? BOOT_DEFAULTS.hugetlb };
  const largest = pageGeometry(board.architecture, pageSize, FIRST, huge)?.largestBuddyOrder ?? order;
  const [least, most] = [1, largest].map((n) => formatSize(pageSize * 2 ** n));
  if (order < 1 || order > largest)
    throw new InputError(
      `${what}: must be ${least} to ${most}, the largest piece that the page allocator keeps with pages of ${formatSize(pageSize)}: got ${formatSize(bytes)}`,
    );
  return order;
}

export const smallPageblocks = defineStrategy({
  name: "small-pageblocks",
  title: "smaller page blocks",
  summary:
    "CONFIG_PAGE_BLOCK_MAX_ORDER makes page blocks smaller than a huge page, and with them the alignment of CMA. The session considered it the cleanest short-term fix, at a price in huge pages: memory is grouped by mobility in smaller pieces, so fewer whole huge pages stay free of unmovable ones. The remaining huge pages, and a probe that requests some, measure that price.",
  configure: "a kernel since 6.16 built with CONFIG_PAGE_BLOCK_MAX_ORDER; cma= on its command line",
  control: "whoever builds the kernel",
  since: "6.16 (6.19 here; an older release in the plan is replaced by 6.19)",
  sources: [
    "LWN, 1 May 2018: reducing the page-block size",
    "mm/Kconfig PAGE_BLOCK_MAX_ORDER and its help text, 6.19",
    "posting of 21 May 2025: 4 MiB for a driver took 32 MiB with 16 KiB pages",
  ],
  parameters: {
    ...AREA_PARAMETERS,
    pageBlock: filled(
      size("bytes of a page block: 2 MiB is order 5 with pages of 64 KiB", { least: 1, default: "2M" }),
    ),
  },
  machine: (base, parameters, request) =>
    withArea(withPageBlocks(base, orderOf(base, parameters.pageBlock, "page block")), parameters, request),
  prepare: (system, parameters, request) => new PreparedSmallBlocks(system, parameters, request),
});

export const subBlock = defineStrategy({
  name: "sub-block",
  title: "isolation below the page block (hypothetical)",
  summary:
    "Takes Hocko's remark literally: the page block is a software construct, so a CMA area is aligned only to a small unit. Hypothetical: no kernel has it. That the area then fits is assumed, not found; what the runs measure is its price. Modelled on 6.19's engine by making the unit of typing, isolation and grouping as small as `unit`. A kernel that kept grouping at huge-page size and only isolated smaller units would lose fewer huge pages than shown here: the price is an upper bound.",
  configure: "a kernel that does not exist; cma= on its command line",
  control: "whoever writes that kernel",
  since:
    "no release; since 6.12 free pages are split at block edges and typed consistently, which is a part of it",
  sources: [
    'LWN, 1 May 2018: Hocko, "we\'ve done it to ourselves"',
    "mm/page_isolation.c isolate_single_pageblock(), 6.1: splits free pages that straddle the edge of a range",
    "unit of 4 MiB: modelling choice, the largest buddy page with 4 KiB pages",
  ],
  parameters: {
    ...AREA_PARAMETERS,
    unit: filled(
      size("bytes to which the area is aligned and in which it is isolated", {
        least: 1,
        default: "4M",
        source: "modelling choice",
      }),
    ),
  },
  machine: (base, parameters, request) =>
    withArea(withPageBlocks(base, orderOf(base, parameters.unit, "unit")), parameters, request),
  prepare: (system, parameters, request) => new PreparedSmallBlocks(system, parameters, request),
});

class PreparedSmallBlocks extends PreparedCma {
  override remarks(): string[] {
    const { kernel, pageblockBytes, pageSize } = this.system.booted;
    return [
      `kernel ${kernel} with page blocks of ${formatSize(pageblockBytes)} (order ${log2(pageblockBytes / pageSize)})`,
    ];
  }
}
