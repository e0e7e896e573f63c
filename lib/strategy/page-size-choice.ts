/** Strategies that choose the base page at boot or at build time; CMA itself is unchanged. */
import { InputError } from "../base/errors";
import { formatSize, parseSize } from "../base/units";
import { findBoard } from "../hardware/boards";
import { kernelRelease } from "../hardware/kernel-release";
import { pageGeometry } from "../hardware/page-geometry";
import { BOOT_DEFAULTS, type BootRequest } from "../machine/boot-request";
import { pageblockOrder } from "../mm/boot/pageblock-order";
import { filled, number, parsed, share, text } from "../schema/field";
import { areaBytes, PreparedCma, withArea } from "./cma";
import { bestBuild, type FleetBuild } from "./fleet";
import { AREA_PARAMETERS } from "./parameters";
import { defineStrategy } from "./strategy";

/** Bytes of a page block with that base page; undefined if the board has no such page. */
function pageblockBytes(base: BootRequest, pageSize: number): number | undefined {
  const board = findBoard(base.board);
  const release = kernelRelease(base.kernel ?? BOOT_DEFAULTS.kernel);
  const huge = { thp: base.thp ?? BOOT_DEFAULTS.thp, hugetlb: base.hugetlb ?? BOOT_DEFAULTS.hugetlb };
  if (!board.pageSizes.includes(pageSize)) return undefined;
  const geometry = pageGeometry(board.architecture, pageSize, release, huge);
  if (geometry === undefined) return undefined;
  return pageSize * 2 ** pageblockOrder(geometry, release, huge, base.pageblockMaxOrder);
}

/**
 * The rule: the largest base page of the board whose page block is at most 1/share of the memory. With share 64, pages of
 * 64 KiB (block 512 MiB) begin at 32 GiB of memory, pages of 16 KiB (32 MiB) at 2 GiB. A modelling choice: no rule was posted.
 */
export function pageSizeByMemory(base: BootRequest, share: number): number {
  const board = findBoard(base.board);
  const memory = base.memoryBytes ?? board.memory.default;
  const sizes = [...board.pageSizes].sort((a, b) => b - a);
  return sizes.find((size) => (pageblockBytes(base, size) ?? Infinity) <= memory / share) ?? sizes.at(-1)!;
}

export const pageSizeAtBoot = defineStrategy({
  name: "page-size-at-boot",
  title: "page size chosen at boot",
  summary:
    "A single kernel that chooses its page size by the memory it finds, as Wilcox suggested in the session. Modelled as booting the build whose page size a rule selects: the largest whose page block is at most 1/share of the memory. The cost of keeping the page size in a variable is not modelled.",
  configure: "nothing, in a kernel that could do it; cma= as usual",
  control: "the kernel itself, by its rule, at boot",
  since: "no release: arm64 patches for a page size chosen at boot were posted in 2024 and not merged",
  sources: ["LWN, 1 May 2018: Wilcox, who added that it is not simple", "the rule: modelling choice"],
  parameters: {
    ...AREA_PARAMETERS,
    share: filled(
      number("a page block may be 1/share of the memory", "ratio", {
        default: 64,
        least: 1,
        source: "modelling choice",
      }),
    ),
  },
  machine: (base, parameters, request) =>
    withArea({ ...base, pageSize: pageSizeByMemory(base, parameters.share) }, parameters, request),
  prepare: (system, parameters, request) => new PreparedPageSize(system, parameters, request),
});

/** `64K,4K`: builds by page size. */
function parseBuilds(given: string): FleetBuild[] {
  return String(given)
    .split(",")
    .map((text) => ({ name: text.trim(), pageSize: parseSize(text.trim(), "two-kernels: builds") }));
}

export const twoKernels = defineStrategy({
  name: "two-kernels",
  title: "two kernels, one per page size",
  summary:
    "A distribution ships two builds, and each board boots the one that serves it: the larger page if its CMA area is not wasteful, else the smaller. fleet() evaluates this for many boards, including what has to be built and shipped.",
  configure: "two kernel packages in the distribution, the right one on each board; cma= on its command line",
  control: "the distribution builds both; the installer chooses",
  since:
    "RHEL ships kernel-64k beside its 4K kernel for arm64; Raspberry Pi OS ships 16K and 4K kernels for the Pi 5",
  sources: [
    "LWN, 1 May 2018: a second kernel is what distributors avoid",
    "raspberrypi bookworm-feedback issue 107",
    "the share of memory that an area may waste: modelling choice",
  ],
  parameters: {
    ...AREA_PARAMETERS,
    builds: filled(
      parsed("page sizes of the builds, the preferred one first", parseBuilds, [text("sizes with commas")], {
        default: "64K,4K",
      }),
    ),
    wasteShare: filled(
      share("share of the memory that rounding up the area may cost", {
        default: 0.05,
        source: "modelling choice",
      }),
    ),
  },
  machine(base, parameters, request) {
    const { builds, wasteShare } = parameters;
    const chosen = bestBuild(base, builds, areaBytes(parameters, request), wasteShare);
    if (chosen === null)
      throw new InputError(
        `two-kernels: ${base.board} has pages of ${findBoard(base.board).pageSizes.map(formatSize).join(", ")}: no build of ${builds.map((b) => b.name).join(",")} boots on it`,
      );
    return withArea({ ...base, pageSize: chosen.pageSize }, parameters, request);
  },
  prepare: (system, parameters, request) => new PreparedPageSize(system, parameters, request),
});

class PreparedPageSize extends PreparedCma {
  override remarks(): string[] {
    const { pageSize, pageblockBytes, memoryBytes } = this.system.booted;
    return [
      `${formatSize(memoryBytes)} of memory: booted with pages of ${formatSize(pageSize)}, page blocks of ${formatSize(pageblockBytes)}`,
    ];
  }
}
