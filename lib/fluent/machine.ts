/** The fluent way to describe a machine and boot it. Every step returns a new description; nothing is changed in place. */
import { InputError } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import type { KernelRelease } from "../hardware/kernel-release";
import type { Architecture } from "../hardware/page-geometry";
import {
  type BootedCma,
  type BootedHugePages,
  type BootedZone,
  type BootResult,
  boot,
  type Reservation,
} from "../machine/boot";
import { type BootJson, bootJson } from "../machine/boot-json";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import type { BootedCmaArea, CmaAreaRequest } from "../machine/cma-areas";
import { parseCma } from "../machine/cma-request";
import { parseHugetlbCma } from "../machine/huge-pages";
import { type BootedMovable, parseCore } from "../machine/movable-request";
import { nodeRanges } from "../machine/nodes";
import { startedCmaAreas, startKernel } from "../machine/start";
import type { SystemOptions } from "../machine/system-options";
import type { CmaArea } from "../mm/contiguous/cma-area";
import type { Kernel } from "../mm/kernel";
import { type KernelSwitches, kernelProfile } from "../mm/state/profile";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { machineBundle } from "../notebook/machine-bundle";
import { RunningMachine } from "./running-machine";

/** The boards that are described. Any other text throws and names them. */
export type BoardName =
  | "qemu-virt"
  | "raspberry-pi-3"
  | "raspberry-pi-4"
  | "raspberry-pi-cm4-8gb"
  | "raspberry-pi-5"
  | "pc-x86-64"
  | "server-x86-64"
  | "database-x86-64"
  | "server-arm64"
  | "power-64k";

/** A name with completion that accepts any text, which is checked at run time. */
type OpenName<T extends string> = T | (string & Record<never, never>);

/** `on` or `off`, or a boolean. */
export type Switch = "on" | "off" | boolean;

/**
 * A machine to boot: board, page size, memory, CMA request, kernel. Immutable; `boot()` gives the machine after boot.
 *
 * @example
 * machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB").kernel("4.17").boot().cma.reason
 */
export class MachineDescription {
  private readonly request: BootRequest;

  /** Use {@link machine}. */
  constructor(request: BootRequest) {
    const { pageBlockMaxOrder: _checkedByBoot, ...rest } = request;
    resolveBoot(rest);
    this.request = Object.freeze({ ...request });
    Object.freeze(this);
  }

  /**
   * Base page size: `"4K"`, `"16K"`, `"64K"` or bytes. Default: the board's first.
   * @throws InputError when the board's processor lacks it; the message names those it has.
   */
  pageSize(size: Size): MachineDescription {
    return this.changed({ pageSize: parseSize(size, "page size") });
  }

  /**
   * Memory fitted: `"1GiB"`, `"512M"` or bytes. Default: the board's usual size.
   * @throws InputError when it is 0, outside what the board can have, or no multiple of the page size.
   */
  memory(size: Size): MachineDescription {
    return this.changed({ memoryBytes: parseSize(size, "memory") });
  }

  /**
   * NUMA nodes; memory and CPUs are shared out equally. Default: the board's.
   * @throws InputError when the board has another number; the message names what it has.
   */
  nodes(count: number): MachineDescription {
    return this.changed({ nodes: count });
  }

  /**
   * `kernelcore=`: memory that any request may use, spread over the nodes; the rest of each becomes ZONE_MOVABLE.
   * `"2GiB"`, `"50%"` or bytes; `"mirror"` for kernelcore=mirror, which no described board has memory for: what the kernel does
   * then is modelled. Where there is none in the end, `boot().movable.reason` says why.
   */
  kernelcore(size: Size): MachineDescription {
    if (size === "mirror") return this.changed({ movable: { ...this.request.movable, mirror: true } });
    return this.changed({ movable: { ...this.request.movable, kernelcore: parseCore(size, "kernelcore") } });
  }

  /** `movablecore=`: memory for ZONE_MOVABLE, rounded up to the largest buddy page. `"2GiB"`, `"50%"` or bytes. */
  movablecore(size: Size): MachineDescription {
    return this.changed({
      movable: { ...this.request.movable, movablecore: parseCore(size, "movablecore") },
    });
  }

  /**
   * `movable_node`: hot-pluggable memory becomes ZONE_MOVABLE and the other two options are ignored.
   * @param hotpluggable physical ranges that the firmware calls hot-pluggable; default every node but the first
   */
  movableNode(hotpluggable?: readonly { start: Size; bytes: Size }[]): MachineDescription {
    const resolved = resolveBoot(this.request);
    const ranges = hotpluggable?.map(({ start, bytes }) => {
      const from = parseSize(start, "movable_node: start");
      return { start: from, end: from + parseSize(bytes, "movable_node: size") };
    });
    const others = () => nodeRanges(resolved.board, resolved.memoryBytes, resolved.nodes).slice(1);
    return this.changed({ movable: { ...this.request.movable, hotpluggable: ranges ?? others() } });
  }

  /**
   * The `cma=` of the kernel command line: `"64MiB"` anywhere, `"64M@0x60000000"` exactly there, `"64M@0-0x80000000"` in
   * that range, `"none"` for what the kernel or the device tree is configured to, `"off"` for no area.
   * Whether the area can be reserved is known after `boot()`; it is a result, not an error.
   * @throws InputError `cma: size must be > 0` and for text that is no size.
   */
  cma(request: Size): MachineDescription {
    return this.changed({ cma: parseCma(request) });
  }

  /**
   * One more CMA area, reserved at boot after those asked for before: at `base` or anywhere below `limit`, on node `nid`,
   * declared by code or a fixed region of the device tree. `boot().cmaAreas` says what became of it; a refusal is a
   * result, its words are in `boot().messages`.
   */
  cmaArea(
    name: string,
    size: Size,
    options: Omit<CmaAreaRequest, "name" | "bytes" | "base" | "limit" | "alignment"> &
      Partial<Record<"base" | "limit" | "alignment", Size>> = {},
  ): MachineDescription {
    const { base, limit, alignment, ...rest } = options;
    const area: CmaAreaRequest = {
      ...rest,
      name,
      bytes: parseSize(size, `cmaArea ${name}`),
      ...(base !== undefined && { base: parseSize(base, `cmaArea ${name}: base`) }),
      ...(limit !== undefined && { limit: parseSize(limit, `cmaArea ${name}: limit`) }),
      ...(alignment !== undefined && { alignment: parseSize(alignment, `cmaArea ${name}: alignment`) }),
    };
    return this.changed({ cmaAreas: [...(this.request.cmaAreas ?? []), area] });
  }

  /**
   * `hugepagesz=` and `hugepages=`: `count` huge pages of `size` at boot, the gigantic ones from memblock. A second call for
   * the same size replaces the first.
   * @throws InputError when the machine has no huge pages of that size; the message names those it has.
   */
  hugePages(size: Size, count: number): MachineDescription {
    const bytes = parseSize(size, "huge pages");
    const { pools = [], ...rest } = this.request.hugePages ?? { cmaBytes: 0 };
    const others = pools.filter((p) => p.bytes !== bytes);
    return this.changed({ hugePages: { ...rest, pools: [...others, { bytes, count }] } });
  }

  /**
   * `hugetlb_cma=`: CMA areas for gigantic pages, spread over the nodes (`"2GiB"`) or by node (`"0:1GiB,1:1GiB"`). What was
   * reserved is in `boot().messages`.
   * @throws InputError for a kernel before 5.7 (here 4.17) and a machine without huge pages.
   */
  hugetlbCma(size: Size): MachineDescription {
    const pools = this.request.hugePages?.pools ?? [];
    return this.changed({ hugePages: { pools, ...parseHugetlbCma(size) } });
  }

  /**
   * Kernel release: `"4.17"`, `"6.1"`, `"6.12"`, `"6.19"`, `"7.3"`, or a version of these series. Default `"6.1"`.
   * @throws InputError for an unknown release; the message names the known ones.
   */
  kernel(release: OpenName<KernelRelease>): MachineDescription {
    return this.changed({ kernel: release });
  }

  /** Huge pages of both kinds: `"off"` builds the kernel without THP and without hugetlb. Default on. */
  huge(state: Switch): MachineDescription {
    const on = isOn(state, "huge");
    return this.changed({ thp: on, hugetlb: on });
  }

  /**
   * Transparent huge pages only: `"off"` builds the kernel without THP, `"never"` builds it in and boots with
   * transparent_hugepage=never; hugetlb stays as it is. Default on.
   */
  thp(state: Switch | "never"): MachineDescription {
    if (state === "never") return this.changed({ thp: true, thpEnabled: false });
    return this.changed({ thp: isOn(state, "thp", "on, off or never"), thpEnabled: true });
  }

  /**
   * CONFIG_PAGE_BLOCK_MAX_ORDER of 6.16 and later (here 6.19, 7.3): the largest page-block order, which may be smaller
   * than a huge page. `boot()` throws InputError for an older kernel or an order above the largest buddy.
   */
  pageBlockMaxOrder(order: number): MachineDescription {
    return this.changed({ pageBlockMaxOrder: order });
  }

  /** Boots: zones, watermarks, page blocks, and the CMA area or why there is none. Pure: same description, same result. */
  boot(): BootedMachine {
    return new BootedMachine(this.request, boot(this.request));
  }

  /** The description as plain data. */
  toJSON(): BootRequest {
    return { ...this.request };
  }

  /**
   * Flips switches of the kernel profile alone, such as `{ freelistHygiene: true }`.
   * @throws InputError for an unknown switch; the message lists the known ones.
   */
  with(switches: Partial<KernelSwitches>): MachineDescription {
    const merged = { ...this.request.switches, ...switches };
    kernelProfile(resolveBoot(this.request).release, merged);
    return this.changed({ switches: merged });
  }

  /** Boots and starts the page allocator: `start().allocPages({ order: 9, gfp: "GFP_HIGHUSER_MOVABLE" })`. */
  start(): Kernel {
    return this.boot().start();
  }

  /**
   * Boots and lets the machine run, with owners of pages, LRU lists, reclaim, compaction and migration, each of which `options` may
   * switch off: `running({ compaction: false })`.
   */
  running(options: SystemOptions = {}): RunningMachine {
    return new RunningMachine(this.toJSON(), options);
  }

  private changed(change: Partial<BootRequest>): MachineDescription {
    return new MachineDescription({ ...this.request, ...change });
  }
}

/** A machine after boot. Sizes in bytes, counts in pages, orders in powers of two base pages. */
export class BootedMachine {
  /** Name of the board. */
  readonly board: string;
  /** Kernel release modelled. */
  readonly kernel: KernelRelease;
  readonly architecture: Architecture;
  /** Memory fitted. */
  readonly memoryBytes: number;
  /** NUMA nodes. */
  readonly nodes: number;
  /** Bytes of a base page. */
  readonly pageSize: number;
  /** Order of a page block, the unit of mobility grouping. */
  readonly pageblockOrder: number;
  readonly pageblockBytes: number;
  /** Largest order the buddy allocator keeps. */
  readonly largestBuddyOrder: number;
  /** hugetlb page sizes, ascending; empty without hugetlb. */
  readonly hugePageSizes: readonly number[];
  /** False when the machine has fewer than six page blocks: then every request counts as unmovable. */
  readonly mobilityGrouping: boolean;
  /** Pages of all zones less the memmap. */
  readonly vmTotalPages: number;
  /** vm.min_free_kbytes after boot. */
  readonly minFreeKbytes: number;
  /** Populated zones, lowest first. */
  readonly zones: readonly BootedZone[];
  /** ZONE_MOVABLE: where it starts on each node, or why there is none. */
  readonly movable: BootedMovable;
  /** The default CMA area: reserved, or the reason in words. */
  readonly cma: BootedCma;
  /** The CMA areas beside it. */
  readonly cmaAreas: readonly BootedCmaArea[];
  /** hugetlb_cma= areas, gigantic pages from memblock, and pools that the running allocator fills. */
  readonly hugePages: BootedHugePages;
  /** Who took memory before the buddy allocator started, ascending. */
  readonly reservations: readonly Reservation[];
  /** RAM the kernel sees, ascending. */
  readonly memory: readonly { start: number; bytes: number }[];
  /** What the kernel says about CMA, in its own words. */
  readonly messages: readonly string[];
  /** What was asked, with every default filled in: `new MachineDescription(plan).boot()` gives the same machine. */
  readonly plan: BootRequest;
  private readonly result: BootResult;
  private readonly switches: Partial<KernelSwitches>;

  constructor(request: BootRequest, result: BootResult) {
    this.result = result;
    this.plan = planOf(request, result);
    this.switches = request.switches ?? {};
    this.board = result.board;
    this.kernel = result.kernel;
    this.architecture = result.architecture;
    this.memoryBytes = result.memoryBytes;
    this.nodes = result.nodes;
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
    this.messages = result.messages;
    Object.freeze(this);
  }

  /** Starts the page allocator on this machine, as memblock hands memory over. A new one at every call. */
  start(): Kernel {
    return startKernel(this.result, this.switches);
  }

  /** Its usable CMA areas, for `new Contiguous(kernel.memory, areas)`: the default one first. A new set at every call. */
  contiguousAreas(): CmaArea[] {
    return startedCmaAreas(this.result);
  }

  /** The keys of `pageblock boot --json`. */
  toJSON(): BootJson {
    return bootJson(this.result);
  }

  /** How a notebook shows it: a table. */
  [DISPLAY](): MimeBundle {
    return machineBundle(this);
  }
}

function planOf(request: BootRequest, result: BootResult): BootRequest {
  const { board, kernel, memoryBytes, nodes, pageSize, thp, hugetlb } = result;
  const {
    cma = { kind: "configured" },
    thpEnabled,
    hugePages,
    movable,
    cmaAreas,
    pageBlockMaxOrder,
    switches,
  } = request;
  return Object.freeze({
    ...{ board, kernel, memoryBytes, pageSize, thp, hugetlb, cma },
    ...(nodes === 1 ? {} : { nodes }),
    ...(thpEnabled === undefined ? {} : { thpEnabled }),
    ...(hugePages === undefined ? {} : { hugePages }),
    ...(movable === undefined ? {} : { movable }),
    ...(cmaAreas === undefined ? {} : { cmaAreas }),
    ...(pageBlockMaxOrder === undefined ? {} : { pageBlockMaxOrder }),
    ...(switches === undefined ? {} : { switches }),
  });
}

function isOn(state: Switch, what: string, choices = "on or off"): boolean {
  if (state === "on" || state === true) return true;
  if (state === "off" || state === false) return false;
  throw new InputError(`${what}: must be ${choices}: got ${JSON.stringify(state)}`);
}

/**
 * Starts the description of a machine.
 * @param board name of a board, such as `"raspberry-pi-3"` or `"qemu-virt"`
 * @throws InputError for an unknown board: the message lists the known ones and suggests the nearest
 * @example
 * const pi = machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB").kernel("4.17").boot();
 * pi.cma.ok // false
 */
export function machine(board: OpenName<BoardName>): MachineDescription {
  if (typeof board !== "string")
    throw new InputError(`board: must be a name such as "raspberry-pi-4": got ${String(board)}`);
  return new MachineDescription({ board });
}
