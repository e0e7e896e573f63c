/**
 * The state of a machine from its snapshot, as a plan states it. What missing texts leave open is assumed by the kernel's own rules
 * and said in words, or left to be drawn by seed.
 */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { GiB } from "../base/units";
import { findBoard } from "../hardware/boards";
import { compareReleases, KERNEL_RELEASES, type KernelRelease, seriesOf } from "../hardware/kernel-release";
import { type BootRequest, MACHINE } from "../machine/boot-request";
import { STATE_TYPES, type StateType, type ZoneState } from "../machine/machine-state";
import { System } from "../machine/system";
import type { SystemOptions } from "../machine/system-options";
import type { FreeCounts } from "../mm/reports/buddyinfo";
import { check } from "../schema/check";
import { fieldPath } from "../schema/place";
import { parseBuddyinfo } from "../trace/buddyinfo-text";
import type { MachineSnapshot } from "../trace/machine-snapshot";
import { type PageTypeLists, parsePageTypeLists } from "./list-texts";
import { parseVmstat } from "./proc-texts";
import { guessedZones, type ZoneBones, zonesOf } from "./zone-bones";

/** A machine that runs already. */
export interface SnapshotMachine {
  /** The `machine` of a plan. */
  machine: BootRequest;
  /** What the texts did not say and was assumed, in words. */
  assumed: string[];
}

/**
 * The machine of a snapshot as a plan states it. Every number of the texts is checked.
 * @param file names the snapshot in errors
 * @throws InputError with the text, its line and the value
 * @example
 * ```ts
 * import { machineOf, snapshotFrom } from "pageblock";
 *
 * const { machine } = machineOf(snapshotFrom(["test/fixtures/real-machine/series/s000"]));
 * machine.state?.zones.map((zone) => zone.name); // => ["DMA", "DMA32", "Normal"]
 * ```
 */
export function machineOf(snapshot: MachineSnapshot, file = "snapshot"): SnapshotMachine {
  const assumed: string[] = [];
  const { texts, frames } = snapshot;
  const lists = listsOf(snapshot, file);
  const pageSize = snapshot.pageSize ?? pageSizeOf(lists.orders, assumed);
  const release = nearestRelease(snapshot.kernel, assumed);
  const bones =
    texts.zoneinfo === undefined
      ? guessedZones(lists.types, { file, pageSize, release, assumed })
      : zonesOf(texts.zoneinfo, `${file}: zoneinfo`, assumed);
  if (lists.types === undefined)
    assumed.push(
      "pagetypeinfo was not read: types of page blocks are drawn, and free blocks count as Movable",
    );
  const zones = bones.map((zone) => withLists(zone, lists, assumed));
  const { pageblockOrder, orders } = lists;
  addHuge(zones, snapshot, { pages: 2 ** pageblockOrder, bytes: pageSize * 2 ** pageblockOrder });
  const ram = ramOf(texts.iomem, pageSize);
  const state = {
    largestOrder: orders - 1,
    pageblockOrder,
    ...(ram.length > 0 && { ram }),
    zones,
    kernel: kernelPages(texts.vmstat, file, pageSize),
    ...(frames !== undefined && { frames }),
    ...boostFactor(snapshot.sysctls.watermark_boost_factor),
  };
  const machine = check(
    MACHINE,
    { ...boardOf(snapshot, zones, pageSize), kernel: release, pageSize, state },
    (path, key) => `${file}: ${fieldPath(path, key)}`,
  );
  return { machine, assumed };
}

/**
 * A running machine in the state of a snapshot. Where free blocks and pages lie is drawn by `seed`, unless the snapshot has the
 * class of every frame: answers over several seeds are a distribution.
 * @throws InputError for texts that contradict themselves
 * @example
 * ```ts
 * import { snapshotFrom, systemFromSnapshot } from "pageblock";
 *
 * const row = "test/fixtures/live-machine/2m-occ80-unm0-holes0-comp0";
 * const snapshot = snapshotFrom([`${row}/buddyinfo.s0`, `${row}/pagetypeinfo.s0`]);
 * const system = systemFromSnapshot(snapshot, 1);
 * system.freePages; // => 73754
 * ```
 */
export function systemFromSnapshot(
  snapshot: MachineSnapshot,
  seed: number,
  options: SystemOptions = {},
): System {
  return System.boot(machineOf(snapshot).machine, { ...options, placement: seed });
}

/** The lists of a snapshot, from pagetypeinfo, buddyinfo or both. */
interface Lists {
  types: PageTypeLists | undefined;
  buddy: readonly FreeCounts[] | undefined;
  orders: number;
  pageblockOrder: number;
}

function listsOf({ texts }: MachineSnapshot, file: string): Lists {
  const { pagetypeinfo, buddyinfo } = texts;
  const types =
    pagetypeinfo === undefined ? undefined : parsePageTypeLists(pagetypeinfo, `${file}: pagetypeinfo`);
  const buddy = buddyinfo === undefined ? undefined : parseBuddyinfo(buddyinfo, `${file}: buddyinfo`);
  const orders = types?.orders ?? buddy?.[0]?.nrFree.length;
  if (orders === undefined)
    throw new InputError(`${file}: holds neither buddyinfo nor pagetypeinfo, which tell what is free`);
  const counted = buddy?.[0]?.nrFree.length ?? orders;
  if (counted !== orders)
    throw new InputError(`${file}: buddyinfo has ${counted} orders, pagetypeinfo ${orders}`);
  // 11 orders go with blocks of 2^9 pages, on machines with huge pages; more orders end with that of the block.
  const pageblockOrder = types?.pageblockOrder ?? (orders === 11 ? 9 : orders - 1);
  return { types, buddy, orders, pageblockOrder };
}

/** The nearest release that is modelled, or lies between two that are. */
function nearestRelease(kernel: string | undefined, assumed: string[]): KernelRelease {
  const series = kernel === undefined ? undefined : seriesOf(/^\d{1,3}\.\d{1,3}/.exec(kernel)?.[0] ?? "");
  const oldest = KERNEL_RELEASES[0]!;
  const newest = KERNEL_RELEASES.at(-1)!;
  const instead = (release: string, why: string) => {
    assumed.push(`kernel ${release}: ${why}`);
    return release;
  };
  if (series === undefined) return instead("6.1", "the snapshot does not say which release runs");
  const near = `the nearest to ${series} that is modelled`;
  if (compareReleases(series, oldest) < 0) return instead(oldest, near);
  return compareReleases(series, newest) > 0 ? instead(newest, near) : series;
}

/** By the number of orders: arm64 has 14 with pages of 64 KiB, 12 with pages of 16 KiB. */
function pageSizeOf(orders: number, assumed: string[]): number {
  const bytes = orders === 14 ? 65_536 : orders === 12 ? 16_384 : 4096;
  assumed.push(`pages of ${bytes / 1024} KiB, by the number of orders`);
  return bytes;
}

/** Free memory beyond what is on the lists by this share of the zone is memory that was not initialised yet. */
const UNTOUCHED_LEAST = 0.02;

/** The zone with its free blocks and page blocks by type. */
function withLists(bones: ZoneBones, lists: Lists, assumed: string[]): ZoneState {
  const { types, buddy, orders } = lists;
  const { kernelName, freeCounter, ...zone } = bones;
  const mine = (other: { nid: number; zone: string }) => other.nid === zone.node && other.zone === kernelName;
  const free = freeByType(types, mine, orders);
  const sums = buddy?.find((b) => b.nid === zone.node && b.name === kernelName)?.nrFree;
  if (sums !== undefined) for (let order = 0; order < orders; order++) settleSum(free, order, sums[order]!);
  else if (types?.free.some((f) => mine(f) && f.capped.length > 0))
    assumed.push(`zone ${zone.name}: the kernel counted lists up to 100,000 blocks only`);
  addUntouched(zone, free, freeCounter, assumed);
  const counts = types?.blocks.find(mine)?.counts;
  return {
    ...zone,
    free,
    ...(counts !== undefined && { blocks: blocksOf(counts) }),
    hugePages: 0,
    hugetlb: 0,
    hugetlbFree: 0,
  };
}

type FreeByType = Record<string, number[]>;

function freeByType(
  types: PageTypeLists | undefined,
  mine: (other: { nid: number; zone: string }) => boolean,
  orders: number,
): FreeByType {
  const free: FreeByType = { Movable: new Array<number>(orders).fill(0) };
  for (const list of types?.free ?? []) {
    if (!mine(list)) continue;
    const type = stateType(list.type);
    const before = free[type] ?? [];
    free[type] = list.counts.map((n, order) => n + (before[order] ?? 0));
  }
  return free;
}

/** Texts are not read at one moment: what types and sums differ by is Movable memory. */
function settleSum(free: FreeByType, order: number, sum: number): void {
  const typed = Object.values(free).reduce((n, counts) => n + counts[order]!, 0);
  free.Movable![order] = Math.max(0, free.Movable![order]! + sum - typed);
}

function addUntouched(
  zone: Pick<ZoneBones, "name" | "managed">,
  free: FreeByType,
  counter: number | undefined,
  assumed: string[],
): void {
  const top = free.Movable!.length - 1;
  const onLists = Object.values(free)
    .flatMap((counts) => counts.map((n, order) => n * 2 ** order))
    .reduce((sum, n) => sum + n, 0);
  const extra = (counter ?? 0) - onLists;
  if (extra <= UNTOUCHED_LEAST * (zone.managed ?? 0)) return;
  const blocks = Math.floor(extra / 2 ** top);
  free.Movable![top]! += blocks;
  assumed.push(`zone ${zone.name}: ${blocks} blocks that the kernel has not initialised yet are free`);
}

/** Isolated blocks are Movable ones that something is moved out of. */
function stateType(type: string): StateType {
  return STATE_TYPES.find((t) => t === type) ?? "Movable";
}

function blocksOf(counts: Readonly<Record<string, number>>): Record<string, number> {
  const blocks: Record<string, number> = {};
  for (const [type, n] of Object.entries(counts)) {
    const as = stateType(type);
    blocks[as] = (blocks[as] ?? 0) + n;
  }
  return blocks;
}

/** Huge pages of processes and of pools take whole blocks: in the highest zones first, as requests do. */
function addHuge(
  zones: readonly ZoneState[],
  { texts, hugepages }: MachineSnapshot,
  block: { pages: number; bytes: number },
): void {
  const anonHuge = /^AnonHugePages:\s{1,20}(\d{1,12}) kB/m.exec(texts.meminfo ?? "")?.[1] ?? 0;
  const pools = hugepages.filter((pool) => pool.node === undefined);
  const blocksIn = (of: (pool: (typeof pools)[number]) => number) =>
    pools.reduce((n, pool) => n + Math.floor((of(pool) * pool.bytes) / block.bytes), 0);
  let huge = Math.floor((Number(anonHuge) * 1024) / block.bytes);
  let hugetlb = blocksIn((pool) => pool.total);
  let hugetlbFree = blocksIn((pool) => pool.free);
  const order = log2(block.pages);
  for (const zone of [...zones].reverse()) {
    const free = (zone.free.Movable ?? []).reduce(
      (n, c, o) => n + (o >= order ? c * 2 ** (o - order) : 0),
      0,
    );
    const room = Math.max(0, (zone.blocks?.Movable ?? Math.floor(zone.present / block.pages)) - free);
    zone.hugetlb = Math.min(hugetlb, room);
    zone.hugetlbFree = Math.min(hugetlbFree, zone.hugetlb);
    zone.hugePages = Math.min(huge, room - zone.hugetlb, Math.floor((zone.anon ?? 0) / block.pages));
    hugetlb -= zone.hugetlb;
    hugetlbFree -= zone.hugetlbFree;
    huge -= zone.hugePages;
  }
}

/** Ranges of RAM without the reserved ones inside them: those are not the page allocator's. */
function ramOf(iomem: string | undefined, pageSize: number): { startPfn: number; pages: number }[] {
  return (iomem ?? "").split("\n").flatMap((line) => {
    const m = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM/.exec(line);
    if (m === null) return [];
    const from = Math.ceil(Number.parseInt(m[1]!, 16) / pageSize);
    const to = Math.floor((Number.parseInt(m[2]!, 16) + 1) / pageSize);
    return to > from && to <= 2 ** 28 ? [{ startPfn: from, pages: to - from }] : [];
  });
}

/** Pages of the kernel by kind, from vmstat. Stacks are counted in KiB there. */
function kernelPages(vmstat: string | undefined, file: string, pageSize: number): Record<string, number> {
  if (vmstat === undefined) return {};
  const values = parseVmstat(vmstat, `${file}: vmstat`);
  const pages = (name: string) => Math.max(0, values.get(name) ?? 0);
  return {
    slab: pages("nr_slab_unreclaimable"),
    slabReclaimable: pages("nr_slab_reclaimable"),
    pageTable: pages("nr_page_table_pages"),
    kernelStack: Math.round((pages("nr_kernel_stack") * 1024) / pageSize),
  };
}

function boostFactor(text: string | undefined): { boostFactor?: number } {
  return text !== undefined && /^\d{1,9}$/.test(text) ? { boostFactor: Number(text) } : {};
}

/** The board whose costs and sizes of huge pages the machine has. */
function boardOf(
  { arch, cpus = 1 }: MachineSnapshot,
  zones: readonly ZoneState[],
  pageSize: number,
): Pick<BootRequest, "board" | "memoryBytes" | "cpus"> {
  const dma32 = zones.some((z) => z.name === "DMA32");
  const x86 = arch === undefined ? dma32 && pageSize === 4096 : /^(?:x86_64|i.86|amd64)$/.test(arch);
  const name = x86 ? "pc-x86-64" : "qemu-virt";
  const { smallest, largest } = findBoard(name).memory;
  const bytes = zones.reduce((n, z) => n + z.present, 0) * pageSize;
  const whole = Math.ceil(bytes / GiB) * GiB;
  return {
    board: name,
    memoryBytes: Math.min(largest, Math.max(smallest, whole)),
    cpus: Math.min(1024, cpus),
  };
}
