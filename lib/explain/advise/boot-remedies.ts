/** Memory that is set aside at boot, when it is whole: only what the machine has room for. */
import { roundUp } from "../../base/alignment";
import { formatSize, GiB } from "../../base/units";
import type { KernelRelease } from "../../hardware/kernel-release";
import type { BootRequest } from "../../machine/boot-request";
import { cmaMinAlignmentBytes } from "../../mm/boot/cma";
import type { Remedy } from "../answer";
import { releasesOf } from "../driver-remedies";
import { memparseSize } from "../quantities";
import { offers, type RemedyMachine } from "../remedy-conditions";
import type { Chance } from "./chance";
import type { Counted } from "./counts";
import type { Obstacles } from "./obstacles";
import { bytesOf, type Want } from "./want";

/** What remedies are made of. */
export interface Of {
  want: Want;
  chances: readonly Chance[];
  kernel: KernelRelease;
  pageSize: number;
  counted: Counted;
  obstacles: Obstacles;
  machine: BootRequest;
  /** Release and architecture, which decide what the machine offers. */
  on: RemedyMachine;
}

/** All bytes that are wanted. */
export function wantedBytes({ want, pageSize }: Of): number {
  return bytesOf(want, { pageSize }) * (want.kind === "huge" ? want.count : 1);
}

/** Memory that can be set aside: all but pages that do not move now, which the kernel needs after the next boot, too. */
export function roomAtBoot({ counted, obstacles, pageSize }: Of): number {
  const fixed = Object.values(obstacles.kinds).reduce((n, { pages }) => n + pages, 0);
  return counted.ramBytes - fixed * pageSize;
}

/** Best first: of one piece that is larger than a huge page, areas come before separate huge pages. */
export function reservations(of: Of): Remedy[] {
  if (wantedBytes(of) > roomAtBoot(of)) return [];
  const { want, chances, on } = of;
  const area = chances.some((c) => c.by === "cma" || c.by === "alloc-contig-pages");
  const areas = area && want.kind !== "huge" && offers("cma=", on) ? cmaAtBoot(of) : [];
  const size = offers("hugepages=", on) ? hugePageFor(of) : undefined;
  if (size === undefined) return areas;
  const pages = hugeAtBoot(of, size);
  return want.kind === "huge" || size >= bytesOf(want, of) ? [...pages, ...areas] : [...areas, ...pages];
}

/** The largest huge page of this machine that is no larger than what is wanted, and of which enough fit in. */
function hugePageFor({ want, chances, pageSize }: Of): number | undefined {
  const bytes = bytesOf(want, { pageSize });
  const ways = chances.filter((c) => c.situation === "now" && c.by === "hugetlb-runtime" && c.never === null);
  return ways.map((c) => c.bytes).filter((size) => size <= bytes)[0];
}

/**
 * The huge page that an area of hugetlb_cma= serves: 1 GiB on x86-64. On arm64 it is that of a PUD with pages of 4 KiB, otherwise one
 * of contiguous PMDs (arch/arm64/mm/hugetlbpage.c: arm64_hugetlb_cma_reserve()); a smaller area is refused.
 */
function hugetlbCmaPage(pageSize: number): number {
  return pageSize === 65_536 ? 16 * GiB : GiB;
}

function hugeAtBoot(of: Of, size: number): Remedy[] {
  const { want, on, pageSize } = of;
  const count = want.kind === "huge" ? want.count : Math.ceil(bytesOf(want, { pageSize }) / size);
  const apart = want.kind !== "huge" && count > 1;
  const found: Remedy[] = [
    {
      what: apart
        ? "If one piece is not needed: reserve huge pages at boot"
        : "Reserve the huge pages at boot",
      how: `hugepagesz=${memparseSize(size)} hugepages=${count} on the kernel command line`,
      effect: apart
        ? `${count} separate pages of ${formatSize(size)}, taken before anything else uses memory; nothing promises that they lie side by side`
        : "they are taken before anything else uses memory",
      cost: `${formatSize(count * size)} serve nothing else, used or not`,
      releases: releasesOf("hugepages="),
      basis: "rule",
    },
  ];
  if (size === hugetlbCmaPage(pageSize) && offers("hugetlb_cma=", on))
    found.push({
      what: `${apart ? "If one piece is not needed: reserve" : "Reserve"} a CMA area for huge pages at boot`,
      how: `hugetlb_cma=${memparseSize(count * size)} on the kernel command line; then set nr_hugepages when they are needed`,
      effect: "pages that may move use the area until then",
      cost: "the area serves no request of the kernel itself; pinned pages leave it first",
      releases: releasesOf("hugetlb_cma="),
      basis: "rule",
    });
  return found;
}

/** An area is a whole number of page blocks, before 5.19 also of the largest blocks of the page allocator. */
function areaBytes({ machine, pageSize, kernel }: Of, bytes: number): number {
  const { largestOrder = 0, pageblockOrder = 0 } = machine.state ?? {};
  return roundUp(bytes, cmaMinAlignmentBytes(kernel, pageSize, pageblockOrder, largestOrder));
}

function cmaAtBoot(of: Of): Remedy[] {
  const { want, on, pageSize } = of;
  const bytes = bytesOf(want, { pageSize });
  const area = areaBytes(of, bytes);
  if (area > roomAtBoot(of)) return [];
  const rounded = area === bytes ? "" : `; ${formatSize(bytes)} are rounded up to whole blocks`;
  const found: Remedy[] = [
    {
      what: "Reserve a CMA area",
      how: `cma=${memparseSize(area)} on the kernel command line, and more by what other drivers take from it; the driver takes it by dma_alloc_coherent() or cma_alloc()${rounded}`,
      effect: "only pages that may move use the area, so that it can be emptied",
      cost: "the area serves no request of the kernel itself; pages pinned in it can still be in the way",
      releases: releasesOf("cma="),
      basis: "rule",
    },
  ];
  if (offers("reusable region", on))
    found.push({
      what: "Reserve an area for one device",
      how: `in the device tree under reserved-memory: compatible = "shared-dma-pool"; reusable; size of ${formatSize(area)}; the device's memory-region points to it`,
      effect: "no other driver takes from the area",
      cost: "needs a device tree; as for cma=",
      releases: releasesOf("reusable region"),
      basis: "rule",
    });
  return found;
}
