/** Strategies that choose the base page when the machine boots, or when it is built: CMA itself is as always. */
import { InputError } from "../base/errors";
import { formatSize, parseSize } from "../base/units";
import { findBoard } from "../hardware/boards";
import { kernelRelease } from "../hardware/kernel-release";
import { pageGeometry } from "../hardware/page-geometry";
import { BOOT_DEFAULTS, type BootRequest } from "../machine/boot-request";
import { pageblockOrder } from "../mm/boot/pageblock-order";
import { AREA_MEANING, areaBytes, PreparedCma, withArea } from "./cma";
import { bestBuild, type FleetBuild } from "./fleet";
import type { Strategy } from "./strategy";

/** Bytes of a page block with that base page; undefined where the board has no such page. */
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
 * 64 KiB (block 512 MiB) begin at 32 GiB of memory, pages of 16 KiB (32 MiB) at 2 GiB. A modelling choice: nobody has posted one.
 */
export function pageSizeByMemory(base: BootRequest, share: number): number {
  const board = findBoard(base.board);
  const memory = base.memoryBytes ?? board.memory.default;
  const sizes = [...board.pageSizes].sort((a, b) => b - a);
  return sizes.find((size) => (pageblockBytes(base, size) ?? Infinity) <= memory / share) ?? sizes.at(-1)!;
}

export const pageSizeAtBoot: Strategy = {
  name: "page-size-at-boot",
  title: "page size chosen at boot",
  summary:
    "One kernel that chooses its page size from the memory it finds, Wilcox's suggestion in the session. Modelled as booting the build with the page size that a rule gives: the largest whose page block is at most 1/share of the memory. What a kernel pays for keeping the page size in a variable is not modelled.",
  configure: "nothing, in a kernel that could do it; cma= as usual",
  control: "the kernel itself, by its rule, at boot",
  since: "no release: arm64 patches for a page size chosen at boot were posted in 2024 and not merged",
  sources: ["LWN, 1 May 2018: Wilcox, who added that it is not simple", "the rule: modelling choice"],
  defaults: { area: "auto", share: 64 },
  meanings: { area: AREA_MEANING, share: "a page block may be 1/share of the memory" },
  machine(base, spec, request) {
    const share = spec.share as number;
    if (!(share >= 1)) throw new InputError(`page-size-at-boot: share must be 1 or more: got ${share}`);
    return withArea({ ...base, pageSize: pageSizeByMemory(base, share) }, spec, request);
  },
  prepare: (system, spec, request) => new PreparedPageSize(system, spec, request),
};

export const twoKernels: Strategy = {
  name: "two-kernels",
  title: "two kernels, one a page size",
  summary:
    "A distribution ships two builds and each board boots the one that serves it: the larger page where the CMA area it makes is not wasteful, else the smaller. fleet() evaluates this for many boards, with what has to be built and shipped.",
  configure: "two kernel packages in the distribution, the right one on each board; cma= on its command line",
  control: "the distribution builds both, the installer chooses",
  since:
    "RHEL ships kernel-64k beside its 4K kernel for arm64; Raspberry Pi OS ships 16K and 4K kernels for the Pi 5",
  sources: [
    "LWN, 1 May 2018: a second kernel is what distributors avoid",
    "raspberrypi bookworm-feedback issue 107",
    "the share of memory that an area may waste: modelling choice",
  ],
  defaults: { area: "auto", builds: "64K,4K", wasteShare: 0.05 },
  meanings: {
    area: AREA_MEANING,
    builds: "page sizes of the builds, the preferred one first",
    wasteShare: "share of the memory that rounding the area up may cost",
  },
  machine(base, spec, request) {
    const area = areaBytes(spec, request);
    const builds: FleetBuild[] = (spec.builds as string)
      .split(",")
      .map((text) => ({ name: text.trim(), pageSize: parseSize(text.trim(), "two-kernels: builds") }));
    const chosen = bestBuild(base, builds, area, spec.wasteShare as number);
    if (chosen === null)
      throw new InputError(
        `two-kernels: ${base.board} has pages of ${findBoard(base.board).pageSizes.map(formatSize).join(", ")}: no build of ${spec.builds} boots on it`,
      );
    return withArea({ ...base, pageSize: chosen.pageSize }, spec, request);
  },
  prepare: (system, spec, request) => new PreparedPageSize(system, spec, request),
};

class PreparedPageSize extends PreparedCma {
  override remarks(): string[] {
    const { pageSize, pageblockBytes, memoryBytes } = this.system.booted;
    return [
      `${formatSize(memoryBytes)} of memory: booted with pages of ${formatSize(pageSize)}, page blocks of ${formatSize(pageblockBytes)}`,
    ];
  }
}
