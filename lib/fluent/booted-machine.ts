/** A machine after boot, as scripts and cells see it. */
import type { KernelRelease } from "../hardware/kernel-release";
import type { Architecture } from "../hardware/page-geometry";
import type {
  BootedArea,
  BootedCma,
  BootedHugePages,
  BootedZone,
  BootResult,
  Reservation,
} from "../machine/boot";
import { type BootJson, bootJson } from "../machine/boot-json";
import type { BootRequest } from "../machine/boot-request";
import { changeWords } from "../machine/change-field";
import type { BootedCmaArea } from "../machine/cma-areas";
import type { BootedMovable } from "../machine/movable-request";
import { type PerCpuLists, perCpuLists } from "../machine/per-cpu-lists";
import { startAllocator, startedCmaAreas } from "../machine/start";
import { System } from "../machine/system";
import type { CmaArea } from "../mm/contiguous/cma-area";
import type { PageAllocator } from "../mm/page-allocator";
import type { KernelSwitches } from "../mm/state/profile";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { machineBundle } from "../notebook/machine-bundle";

/**
 * A machine after boot. Sizes are in bytes and counts in pages; order n is 2^n base pages.
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const pi = machine("raspberry-pi-3").pageSize("64K").memory("1GiB").boot();
 * pi.pageblockBytes === 512 * 2 ** 20; // => true
 * pi.mobilityGrouping; // => false
 * ```
 */
export class BootedMachine {
  /** Name of the board. */
  readonly board: string;
  /** Kernel release, by its series. */
  readonly kernel: KernelRelease;
  /** What is inferred or not modelled, for a release between two modelled ones; empty for a modelled one. */
  readonly kernelNotes: readonly string[];
  /** The change of the kernel, by name and SHA-256, in words; null for a kernel as it was released. */
  readonly change: string | null;
  readonly architecture: Architecture;
  /** Installed memory. */
  readonly memoryBytes: number;
  /** NUMA nodes. */
  readonly nodes: number;
  /** Processors. */
  readonly cpus: number;
  /** Bytes of a base page. */
  readonly pageSize: number;
  /** Order of a page block, the unit of mobility grouping. */
  readonly pageblockOrder: number;
  readonly pageblockBytes: number;
  /** Largest order the buddy allocator keeps. */
  readonly largestBuddyOrder: number;
  /** hugetlb page sizes, ascending; empty without hugetlb. */
  readonly hugePageSizes: readonly number[];
  /** False if the machine has fewer than six page blocks: every request then counts as unmovable. */
  readonly mobilityGrouping: boolean;
  /** Pages of all zones, without the memmap. */
  readonly vmTotalPages: number;
  /** vm.min_free_kbytes after boot. */
  readonly minFreeKbytes: number;
  /** Populated zones, lowest first. */
  readonly zones: readonly BootedZone[];
  /** ZONE_MOVABLE: where it starts on each node, or why there is none. */
  readonly movable: BootedMovable;
  /** The default CMA area: reserved, or the reason in words. */
  readonly cma: BootedCma;
  /** The other CMA areas. */
  readonly cmaAreas: readonly BootedCmaArea[];
  /** hugetlb_cma= areas, gigantic pages from memblock, and pools that the page allocator fills. */
  readonly hugePages: BootedHugePages;
  /** Memory taken before the buddy allocator started, and by whom; ascending. */
  readonly reservations: readonly Reservation[];
  /** RAM that the kernel sees, ascending. */
  readonly memory: readonly { start: number; bytes: number }[];
  /** Every CMA area that was asked for, by the kernel's name, also those that it could not reserve, with the reasons. */
  readonly areas: readonly BootedArea[];
  /** What a driver may stumble over, in words. */
  readonly warnings: readonly string[];
  /** The kernel's log messages about reserved memory, CMA and huge pages, in its order. */
  readonly messages: readonly string[];
  /** The request with every default filled in: `new MachineDescription(plan).boot()` gives the same machine. */
  readonly plan: BootRequest;
  private readonly result: BootResult;
  private readonly switches: Partial<KernelSwitches>;

  constructor(request: BootRequest, result: BootResult) {
    this.result = result;
    this.plan = planOf(request, result);
    this.switches = request.switches ?? {};
    this.board = result.board;
    this.kernel = result.kernel;
    this.kernelNotes = result.kernelNotes ?? [];
    this.change = result.change === undefined ? null : changeWords(result.change);
    this.architecture = result.architecture;
    this.memoryBytes = result.memoryBytes;
    this.nodes = result.nodes;
    this.cpus = result.cpus;
    this.pageSize = result.pageSize;
    this.pageblockOrder = result.pageblockOrder;
    this.pageblockBytes = result.pageblockBytes;
    this.largestBuddyOrder = result.largestBuddyOrder;
    this.hugePageSizes = result.hugePageSizes;
    this.mobilityGrouping = result.mobilityGrouping;
    this.vmTotalPages = result.vmTotalPages;
    this.minFreeKbytes = result.minFreeKbytes;
    this.zones = result.zones;
    this.movable = result.movable;
    this.cma = result.cma;
    this.cmaAreas = result.cmaAreas;
    this.hugePages = result.hugePages;
    this.reservations = result.reservations;
    this.memory = result.memory;
    this.areas = result.areas;
    this.warnings = result.warnings;
    this.messages = result.messages;
    Object.freeze(this);
  }

  /**
   * Starts the page allocator on this machine, with the memory that memblock hands over. Every call returns a new one.
   */
  start(): PageAllocator {
    // A machine that runs already: what is free and in use is drawn first.
    if (this.result.state !== undefined) return new System(this.result, {}, this.switches).allocator;
    return startAllocator(this.result, this.switches);
  }

  /**
   * The usable CMA areas, the default one first, for `new Contiguous(kernel.memory, areas)`. Every call returns a new
   * set.
   */
  contiguousAreas(): CmaArea[] {
    return startedCmaAreas(this.result);
  }

  /** The keys of `pageblock boot --json`. */
  toJSON(): BootJson {
    return bootJson(this.result, this.switches);
  }

  /** The lists that each CPU has of a zone, by zone, as /proc/zoneinfo shows them. */
  get perCpuLists(): readonly PerCpuLists[] {
    return perCpuLists(this.result, this.switches);
  }

  /** The table that a notebook shows. */
  [DISPLAY](): MimeBundle {
    return machineBundle(this);
  }
}

function planOf(request: BootRequest, result: BootResult): BootRequest {
  const { board, kernel, memoryBytes, nodes, pageSize, thp, hugetlb } = result;
  return Object.freeze({
    ...{ cma: { kind: "configured" as const }, ...request },
    ...{ board, kernel, memoryBytes, pageSize, thp, hugetlb },
    ...(nodes === 1 || request.nodes !== undefined ? {} : { nodes }),
  });
}
