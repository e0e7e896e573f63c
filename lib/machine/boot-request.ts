/** What a boot needs to know, with every default resolved and every limit checked, in one place. */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { Board } from "../hardware/board";
import { findBoard } from "../hardware/boards";
import { bootRules, type KernelRelease, kernelRelease } from "../hardware/kernel-release";
import { type HugePageSupport, type PageGeometry, pageGeometry } from "../hardware/page-geometry";
import type { KernelSwitches } from "../mm/state/profile";
import { type CmaAreaRequest, checkCmaAreas } from "./cma-areas";
import type { CmaRequest } from "./cma-request";
import type { HugePageRequest } from "./huge-pages";
import type { MovableZoneRequest } from "./movable-request";
import { resolveNodes } from "./nodes";

/** A machine to boot. Sizes in bytes; what is left out takes the board's default. */
export interface BootRequest {
  board: string;
  pageSize?: number;
  memoryBytes?: number;
  /** NUMA nodes, in equal parts; default: the board's. */
  nodes?: number;
  /** kernelcore=, movablecore=, movable_node; default none of them. */
  movable?: MovableZoneRequest;
  /** Default: configured. */
  cma?: CmaRequest;
  /** CMA areas beside the default one, in the order of their declaration. */
  cmaAreas?: readonly CmaAreaRequest[];
  /** Default: 6.1. */
  kernel?: string;
  /** CONFIG_TRANSPARENT_HUGEPAGE; default true. */
  thp?: boolean;
  /** transparent_hugepage= is not `never`; default true. Counts only where THP is built in. */
  thpEnabled?: boolean;
  /** CONFIG_HUGETLBFS; default true. */
  hugetlb?: boolean;
  /** Huge pages asked for at boot (see parseHugePages()); default none. */
  hugePages?: HugePageRequest;
  /** CONFIG_PAGE_BLOCK_MAX_ORDER, since 6.16. */
  pageBlockMaxOrder?: number;
  /** Switches of the kernel profile to flip alone; they concern the allocator, not the boot. */
  switches?: Partial<KernelSwitches>;
}

/** The same with nothing left open. */
export interface ResolvedBoot {
  board: Board;
  geometry: PageGeometry;
  release: KernelRelease;
  huge: HugePageSupport;
  thpEnabled: boolean;
  memoryBytes: number;
  nodes: number;
  movable: MovableZoneRequest;
  cma: CmaRequest;
  cmaAreas: readonly CmaAreaRequest[];
  hugePages: HugePageRequest;
  pageBlockMaxOrder?: number;
}

/** CONFIG_* and size defaults of a boot. */
export const BOOT_DEFAULTS = { kernel: "6.1", thp: true, thpEnabled: true, hugetlb: true } as const;

/** `; its processor, a Cortex-A72, has no translation granule for 16 KiB`, or nothing. */
function whyNot({ withoutPages = {} }: Board, pageSize: number): string {
  return Object.hasOwn(withoutPages, pageSize) ? `; ${withoutPages[pageSize]} ${formatSize(pageSize)}` : "";
}

/** Fills in defaults; throws InputError naming the option, the limit and the value. */
export function resolveBoot(request: BootRequest): ResolvedBoot {
  const board = findBoard(request.board);
  const release = kernelRelease(request.kernel ?? BOOT_DEFAULTS.kernel);
  const huge = {
    thp: request.thp ?? BOOT_DEFAULTS.thp,
    hugetlb: request.hugetlb ?? BOOT_DEFAULTS.hugetlb,
  };
  const pageSize = request.pageSize ?? board.pageSizes[0]!;
  const geometry = board.pageSizes.includes(pageSize)
    ? pageGeometry(board.architecture, pageSize, release, huge)
    : undefined;
  if (geometry === undefined)
    throw new InputError(
      `page size: ${board.name} (${board.architecture}) has ${board.pageSizes.map(formatSize).join(", ")}${whyNot(board, pageSize)}: got ${formatSize(pageSize)}`,
    );
  const memoryBytes = request.memoryBytes ?? board.memory.default;
  checkMemory(board, memoryBytes, pageSize);
  const resolved: ResolvedBoot = {
    board,
    geometry,
    release,
    huge,
    thpEnabled: request.thpEnabled ?? BOOT_DEFAULTS.thpEnabled,
    memoryBytes,
    nodes: resolveNodes(board, request.nodes, memoryBytes, geometry.sectionBytes),
    movable: request.movable ?? {},
    cma: request.cma ?? { kind: "configured" },
    cmaAreas: request.cmaAreas ?? [],
    hugePages: request.hugePages ?? { pools: [], cmaBytes: 0 },
  };
  checkHugePages(resolved);
  checkCmaAreas(resolved.cmaAreas, release, resolved.nodes);
  if (request.pageBlockMaxOrder !== undefined) {
    checkPageBlockMaxOrder(request.pageBlockMaxOrder, geometry, release);
    resolved.pageBlockMaxOrder = request.pageBlockMaxOrder;
  }
  return resolved;
}

function checkMemory(board: Board, memoryBytes: number, pageSize: number): void {
  const { smallest, largest } = board.memory;
  if (memoryBytes <= 0) throw new InputError(`memory: size must be > 0: got ${formatSize(memoryBytes)}`);
  if (memoryBytes < smallest || memoryBytes > largest)
    throw new InputError(
      `memory: ${board.name} has ${smallest === largest ? formatSize(smallest) : `${formatSize(smallest)} to ${formatSize(largest)}`}: got ${formatSize(memoryBytes)}`,
    );
  if (memoryBytes % pageSize !== 0)
    throw new InputError(
      `memory: size must be a multiple of the page size ${formatSize(pageSize)}: got ${formatSize(memoryBytes)}`,
    );
}

function checkHugePages({ hugePages, geometry, release }: ResolvedBoot): void {
  const sizes = geometry.hugePageSizes;
  for (const { bytes, count } of hugePages.pools) {
    if (!sizes.includes(bytes))
      throw new InputError(
        `huge pages: a machine with pages of ${formatSize(geometry.pageSize)} has ${sizes.length === 0 ? "none" : sizes.map(formatSize).join(", ")}: got ${formatSize(bytes)}`,
      );
    if (!Number.isInteger(count) || count < 0)
      throw new InputError(`hugepages: must be a whole number, 0 or more: got ${count}`);
  }
  if (hugePages.cmaBytes > 0 && (sizes.length === 0 || !bootRules(release).hugetlbCma))
    throw new InputError(
      `hugetlb_cma: needs hugetlb and kernel 5.7 or newer: got kernel ${release} with ${sizes.length === 0 ? "no" : "some"} huge page sizes`,
    );
}

function checkPageBlockMaxOrder(order: number, geometry: PageGeometry, release: KernelRelease): void {
  if (!bootRules(release).pageblockMaxOrder)
    throw new InputError(
      `page block max order: CONFIG_PAGE_BLOCK_MAX_ORDER exists since 6.16: got kernel ${release}`,
    );
  if (!Number.isInteger(order) || order < 1 || order > geometry.largestBuddyOrder)
    throw new InputError(
      `page block max order: must be a whole number from 1 to ${geometry.largestBuddyOrder}: got ${order}`,
    );
}
