/** The fluent way to describe a machine and boot it. Every step returns a new description. */
import { omit, pickBy } from "lodash";
import { InputError, unknownName } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import { machineOf } from "../calibration/snapshot-state";
import type { ChangeCode } from "../change/code";
import type { BoardName } from "../hardware/boards";
import type { ModelledRelease } from "../hardware/kernel-release";
import { boot } from "../machine/boot";
import {
  type BootRequest,
  MACHINE,
  type MACHINE_FIELDS,
  MACHINE_FORMS,
  type OpenName,
  resolveBoot,
} from "../machine/boot-request";
import { CMA_AREA } from "../machine/cma-areas";
import { CMA } from "../machine/cma-request";
import { nodesOf } from "../machine/early-memory";
import { parseHugetlbCma } from "../machine/huge-pages";
import { parseCore } from "../machine/movable-request";
import { SYSCTL_FIELDS } from "../machine/sysctls";
import type { SYSTEM_FIELDS } from "../machine/system-options";
import type { PageAllocator } from "../mm/page-allocator";
import { type KernelSwitches, kernelProfile } from "../mm/state/profile";
import { check, isObject, spellings } from "../schema/check";
import { type In, type InOf, list, object, size, type Without } from "../schema/field";
import { fieldPath, shown } from "../schema/place";
import { readAnySnapshot } from "../trace/any-snapshot";
import type { MachineSnapshot } from "../trace/machine-snapshot";
import { BootedMachine } from "./booted-machine";
import { optionsOf } from "./given";
import { RunningMachine } from "./running-machine";

export type { BoardName } from "../hardware/boards";

/** The fields of a plan's `machine`, other than the board. */
export type MachineIn = Partial<Omit<InOf<typeof MACHINE_FIELDS>, "board">>;

/** One node of a machine, as people write it. */
export type NodeIn = Extract<NonNullable<MachineIn["nodes"]>, readonly unknown[]>[number];

/** The fields of a plan's `system`: mechanisms and swap. */
export type SystemIn = InOf<typeof SYSTEM_FIELDS>;

/** Sysctls, as a plan's `machine` has them. */
export type SysctlIn = InOf<typeof SYSCTL_FIELDS>;

/** `on` or `off`, or a boolean. */
export type Switch = "on" | "off" | boolean;

const SYSCTLS = object("sysctls", SYSCTL_FIELDS);
/** What a description may say before the release is known. */
const CHECKED_BY_BOOT = ["pageblockMaxOrder", ...Object.keys(SYSCTL_FIELDS)];

const HOTPLUGGABLE = list(
  "ranges of hot-pluggable memory",
  object("a range", { start: size("its first address"), bytes: size("its bytes") }),
  { most: 1024 },
);

/**
 * A machine to boot: board, page size, memory, CMA request, kernel. Immutable; `boot()` returns the machine after boot.
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const small = machine("raspberry-pi-4").memory("1GiB");
 * const large = small.memory("8GiB"); // a new description: `small` is unchanged
 * small.toJSON().memoryBytes === 2 ** 30; // => true
 * large.toJSON().memoryBytes === 2 ** 33; // => true
 * ```
 */
export class MachineDescription {
  private readonly request: BootRequest;

  /** Use {@link machine}. */
  constructor(request: BootRequest) {
    const read = check(MACHINE_FORMS, request, (path, key) => `machine: ${fieldPath(path, key)}`);
    kernelProfile(resolveBoot(omit(read, CHECKED_BY_BOOT) as BootRequest).release, read.switches);
    this.request = Object.freeze(read);
    Object.freeze(this);
  }

  /**
   * Base page size: `"4K"`, `"16K"`, `"64K"` or bytes. Default: the board's first.
   * @throws InputError if the board's processor does not support it; the message lists the supported ones.
   */
  pageSize(size: Size): MachineDescription {
    return this.changed({ pageSize: parseSize(size, "page size") });
  }

  /**
   * Installed memory: `"1GiB"`, `"512M"` or bytes. Default: the board's usual size.
   * @throws InputError if it is 0, outside the board's range, or no multiple of the page size.
   */
  memory(size: Size): MachineDescription {
    return this.changed({ memoryBytes: parseSize(size, "memory") });
  }

  /**
   * NUMA nodes: a number of equal parts, or each with its memory and processors (0: none, as memory on CXL has).
   * Default: the board's. `nodes([{ memory: "24GiB", cpus: 40 }, { memory: "8GiB", cpus: 0 }])`.
   * @throws InputError if the board has another number of nodes, or if the parts are not the whole; the message says so.
   */
  nodes(nodes: number | readonly NodeIn[]): MachineDescription {
    return this.fields({ nodes });
  }

  /** Processors; each has lists of free pages of its own. Default: the board's. */
  cpus(count: number): MachineDescription {
    return this.changed({ cpus: count });
  }

  /**
   * `kernelcore=`: memory that any request may use, spread over the nodes; the rest of each node becomes ZONE_MOVABLE.
   * `"2GiB"`, `"50%"`, bytes, or `"mirror"`. No modelled board has mirrored memory, so `"mirror"` gives what the
   * kernel does without it. If there is no ZONE_MOVABLE after boot, `boot().movable.reason` says why.
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
   * @param hotpluggable physical ranges that the firmware reports as hot-pluggable; default every node but the first
   */
  movableNode(hotpluggable?: readonly { start: Size; bytes: Size }[]): MachineDescription {
    const resolved = resolveBoot(this.request);
    const read =
      hotpluggable === undefined
        ? undefined
        : check(HOTPLUGGABLE, hotpluggable, (path) => fieldPath(["movableNode", ...path]));
    const ranges = read?.map(({ start, bytes }) => ({ start, end: start + bytes }));
    const others = () => nodesOf(resolved).slice(1);
    return this.changed({ movable: { ...this.request.movable, hotpluggable: ranges ?? others() } });
  }

  /**
   * The `cma=` of the kernel command line: `"64MiB"` anywhere, `"64M@0x60000000"` at exactly this address,
   * `"64M@0-0x80000000"` within this range, `"none"` for the size that the kernel or the device tree configures,
   * `"off"` for no area. `boot()` says if the area could be reserved; a failure is a result, not an error.
   * @throws InputError for a size of 0 and for text that is not a size.
   */
  cma(request: Size): MachineDescription {
    return this.changed({ cma: check(CMA, request, () => "cma") });
  }

  /**
   * One more CMA area, reserved at boot after those requested earlier: at `base` or anywhere below `limit`, on node
   * `nid`, declared by code or as a fixed region of the device tree. `boot().cmaAreas` holds the result; a refusal is
   * a result too, with the kernel's words in `boot().messages`.
   */
  cmaArea(
    name: string,
    size: Size,
    options: Without<In<typeof CMA_AREA>, "name" | "bytes" | "size"> = {},
  ): MachineDescription {
    const area = check(CMA_AREA, { ...options, name, size }, (path) =>
      fieldPath([`cmaArea ${name}`, ...path.slice(path[0] === "size" ? 1 : 0)]),
    );
    return this.changed({ cmaAreas: [...(this.request.cmaAreas ?? []), area] });
  }

  /**
   * `hugepagesz=` and `hugepages=`: `count` huge pages of `size` at boot; gigantic pages come from memblock. A second
   * call for the same size replaces the first. With `node`, `hugepages=NODE:COUNT` of 5.16: calls for other nodes add up.
   * @throws InputError if the machine has no huge pages of that size or no such node; the message lists what it has.
   */
  hugePages(size: Size, count: number, options: { readonly node?: number } = {}): MachineDescription {
    const bytes = parseSize(size, "huge pages");
    const { node } = optionsOf("hugePages", options);
    const { pools = [], ...rest } = this.request.hugePages ?? { cmaBytes: 0 };
    const stays = (of: number | undefined) => node !== undefined && of !== undefined && of !== node;
    const others = pools.filter((p) => p.bytes !== bytes || stays(p.node));
    const pool = { bytes, count, ...(node !== undefined && { node }) };
    return this.changed({ hugePages: { ...rest, pools: [...others, pool] } });
  }

  /**
   * `hugetlb_cma=`: CMA areas for gigantic pages, spread over the nodes (`"2GiB"`) or by node (`"0:1GiB,1:1GiB"`).
   * `boot().messages` says what was reserved.
   * @throws InputError for a kernel before 5.7, and for a machine without huge pages.
   */
  hugetlbCma(size: Size): MachineDescription {
    const pools = this.request.hugePages?.pools ?? [];
    return this.changed({ hugePages: { pools, ...parseHugetlbCma(size) } });
  }

  /**
   * Kernel release from 4.17 to the newest modelled one, or a version of such a series (`"6.6.30"`); default `"6.1"`.
   * A release between two modelled ones gets the rules that mainline had by then; `boot().kernelNotes` says which of
   * them are inferred and what is not modelled.
   * @throws InputError for a release outside this range; the message lists the modelled ones.
   */
  kernel(release: OpenName<ModelledRelease>): MachineDescription {
    return this.changed({ kernel: release });
  }

  /** Huge pages of both kinds: `"off"` builds the kernel without THP and without hugetlb. Default on. */
  huge(state: Switch): MachineDescription {
    const on = isOn(state, "huge");
    return this.changed({ thp: on, hugetlb: on });
  }

  /**
   * Transparent huge pages only: `"off"` builds the kernel without THP, `"never"` builds it in and boots with
   * transparent_hugepage=never. hugetlb is unaffected. Default on.
   */
  thp(state: Switch | "never"): MachineDescription {
    if (state === "never") return this.changed({ thp: true, thpEnabled: false });
    return this.changed({ thp: isOn(state, "thp", "on, off or never"), thpEnabled: true });
  }

  /**
   * CONFIG_PAGE_BLOCK_MAX_ORDER of 6.16 and later: the largest page-block order, which may be smaller than a huge page.
   * `boot()` throws InputError for an older kernel and for an order above the largest buddy order.
   */
  pageblockMaxOrder(order: number): MachineDescription {
    return this.changed({ pageblockMaxOrder: order });
  }

  /** @deprecated `pageblockMaxOrder(order)` */
  pageBlockMaxOrder(order: number): MachineDescription {
    return this.pageblockMaxOrder(order);
  }

  /**
   * Sysctls, written once the machine has booted, as systemd-sysctl does: `sysctl({ minFreeKbytes: 65536 })`. A later call
   * replaces those that it names. `boot().zones` holds the watermarks and reserves after it.
   * @throws InputError for an unknown one and for a value outside its limits; `boot()` throws it for one that the kernel
   * release does not have, with the release that brought it
   * @example
   * ```ts
   * import { machine } from "pageblock";
   *
   * const pc = machine("pc-x86-64").memory("4GiB").sysctl({ minFreeKbytes: 65536, watermarkScaleFactor: 100 });
   * pc.boot().minFreeKbytes; // => 65536
   * ```
   */
  sysctl(settings: SysctlIn): MachineDescription {
    return this.changed(check(SYSCTLS, settings, (path, key) => `sysctl: ${fieldPath(path, key)}`));
  }

  /**
   * Boots: zones, watermarks, page blocks, and the CMA area or why there is none. Equal descriptions give equal
   * results.
   */
  boot(): BootedMachine {
    return new BootedMachine(this.request, boot(this.request));
  }

  /** The description as plain data. */
  toJSON(): BootRequest {
    return { ...this.request };
  }

  /**
   * Overrides single switches of the kernel profile, such as `{ freelistHygiene: true }`.
   * @throws InputError for an unknown switch; the message lists the known ones.
   */
  with(switches: Partial<KernelSwitches>): MachineDescription {
    const merged = { ...this.request.switches, ...switches };
    kernelProfile(resolveBoot(this.request).release, merged);
    return this.changed({ switches: merged });
  }

  /**
   * A change of the kernel, made by `change()` or loaded by `loadChange()`, or its code out of a plan. Results of the machine
   * carry the change's name and SHA-256. Booting throws InputError if this process may not run the code.
   */
  change(change: ChangeCode): MachineDescription {
    const { name, sha256, source } = change;
    return this.fields({ change: { name, sha256, source } });
  }

  /** Boots and starts the page allocator: `start().allocPages({ order: 9, gfp: "GFP_HIGHUSER_MOVABLE" })`. */
  start(): PageAllocator {
    return this.boot().start();
  }

  /**
   * Boots and returns a machine to work on, with owners of pages, LRU lists, reclaim, compaction and migration.
   * `options` switches mechanisms off: `running({ compaction: false })`.
   */
  running(options: SystemIn = {}): RunningMachine {
    // Plans of format 2 had this sysctl among the options.
    const { proactiveness, ...rest } = (isObject(options) ? options : {}) as { proactiveness?: number };
    if (proactiveness !== undefined)
      return this.sysctl({ compactionProactiveness: proactiveness }).running(rest);
    return new RunningMachine(this.toJSON(), options);
  }

  /**
   * The same machine with other fields of a plan's `machine`, spelled as in the plan. Takes every field, including
   * those with a method of their own.
   * @throws InputError for an unknown field, with the nearest known one, and for a value outside its limits
   */
  fields(given: MachineIn): MachineDescription {
    if (!isObject(given)) throw new InputError(`machine: fields must be an object: got ${shown(given)}`);
    const names = spellings(MACHINE.fields);
    const stated = pickBy(given as Record<string, unknown>, (value) => value !== undefined);
    // A field replaces the one that this machine has, whichever of its spellings is given.
    const kept = omit(
      this.request,
      Object.keys(stated).map((key) => names.get(key) ?? key),
    );
    return new MachineDescription(
      check(MACHINE, { ...kept, ...stated }, (path, key) => `machine: ${fieldPath(path, key)}`),
    );
  }

  private changed(change: Partial<BootRequest>): MachineDescription {
    return new MachineDescription({ ...this.request, ...change });
  }
}

function isOn(state: Switch, what: string, choices = "on or off"): boolean {
  if (state === "on" || state === true) return true;
  if (state === "off" || state === false) return false;
  throw new InputError(`${what}: must be ${choices}: got ${JSON.stringify(state)}`);
}

/** The fields of a plan's `machine`; without a board, `ram` must say where its memory lies. */
export type MachineWithBoard = MachineIn & { readonly board?: OpenName<BoardName> };

/**
 * Starts the description of a machine: a board that is described, or a machine of one's own.
 * @param board name of a board, such as `"raspberry-pi-3"` or `"qemu-virt"`; or all fields at once, with ranges of
 * memory (`ram`) if no board is named
 * @param fields other fields of a plan's `machine`: `{ memory: "2GiB", cma: "64MiB" }`
 * @throws InputError for an unknown board; the message lists the known ones and suggests the nearest
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const pi = machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB").kernel("4.17").boot();
 * pi.cma.ok; // => false
 * typeof pi.cma.reason; // => "string"
 *
 * const own = machine({
 *   ram: ["0x40000000-0x7fffffff"],
 *   initrd: { base: 0x60000000, size: "24MiB" },
 *   deviceTree: [{ name: "linux,cma", size: "256MiB", allocRanges: ["0x40000000-0x6fffffff"] }],
 * }).boot();
 * own.areas[0]!.name; // => "linux,cma"
 * ```
 *
 * `machine.fromSnapshot(snapshot, { seed })` is a machine in the state of a snapshot, a file or its content: the same zones, free blocks,
 * page blocks, watermarks and kinds of pages. Where in its zone a free block lies is drawn by the seed, or by that of the plan.
 * @example
 * ```ts
 * import { machine, snapshotFrom } from "pageblock";
 *
 * const snapshot = snapshotFrom(["test/fixtures/real-machine/series/s000"]);
 * const running = machine.fromSnapshot(snapshot, { seed: 3 }).running();
 * running.hugePages("1GiB", 1); // => 1
 * ```
 */
export function machine(board: OpenName<BoardName>, fields?: MachineIn): MachineDescription;
export function machine(fields: MachineWithBoard): MachineDescription;
export function machine(
  board: OpenName<BoardName> | MachineWithBoard,
  fields?: MachineIn,
): MachineDescription {
  if (isObject(board) && fields === undefined)
    return new MachineDescription(
      check(MACHINE, board, (path, key) => `machine: ${fieldPath(path, key)}`) as BootRequest,
    );
  if (typeof board !== "string")
    throw new InputError(
      `board: must be a name such as "raspberry-pi-4", or an object with the machine's fields: got ${shown(board)}`,
    );
  const named = { board, ...fields };
  return new MachineDescription(
    check(MACHINE, named, (path, key) => `machine: ${fieldPath(path, key)}`) as BootRequest,
  );
}

/**
 * A machine in the state of a snapshot: the same zones, free blocks, page blocks, watermarks and kinds of pages. What a snapshot does not
 * tell, such as where in its zone a free block lies, is drawn: by `seed`, or by the seed of the plan that the machine is part of.
 * @param snapshot a file that `pageblock snapshot` wrote, a folder with copies of a machine's files, a tar of one, or the content
 * @throws InputError with the text, line and value that cannot be
 * @example
 * ```ts
 * import { machine, snapshotFrom } from "pageblock";
 *
 * const snapshot = snapshotFrom(["test/fixtures/real-machine/series/s000"]);
 * const running = machine.fromSnapshot(snapshot, { seed: 3 }).running();
 * running.hugePages("1GiB", 1); // => 1
 * ```
 */
machine.fromSnapshot = function fromSnapshot(
  snapshot: string | MachineSnapshot,
  options: { seed?: number } = {},
): MachineDescription {
  const unknown = Object.keys(options).find((key) => key !== "seed");
  if (unknown !== undefined) throw unknownName("fromSnapshot: option", unknown, ["seed"]);
  const { seed } = options;
  const file = typeof snapshot === "string" ? snapshot : "snapshot";
  const read = typeof snapshot === "string" ? readAnySnapshot(snapshot) : snapshot;
  const { machine: request } = machineOf(read, file);
  const { state } = request;
  return new MachineDescription({
    ...request,
    ...(state !== undefined && { state: { ...state, ...(seed !== undefined && { seed }) } }),
  });
};
